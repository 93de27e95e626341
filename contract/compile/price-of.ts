/** What a token costs at a provider: what the AIProvider states, else the price book, else unknown; never a guess. */
import { nanoUsd, picoPerCall, picoPerToken } from '#contract/policy/money';
import type { PolicyPrice, PolicyPriceTier, PolicyRates } from '#contract/policy/policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import { PROVIDER_TYPE } from '#contract/resources/provider-type';
import type { PriceBook, PriceRow, Rates } from './price-book-schema.ts';
import { rowOf, statedOf } from './vendor-table.ts';

type Stated = AIProvider['spec']['models'][number];
type StatedRates = Omit<Stated['tiers'][number], 'aboveInputTokens' | 'serviceTier'>;

/** Per rate of the policy: how the AIProvider states it, and how the book has it. */
const RATES: readonly (readonly [field: keyof PolicyRates, stated: keyof StatedRates, listed: keyof Rates])[] = [
  ['inputPico', 'inputUsdPerMillion', 'input'],
  ['cachedInputPico', 'cachedInputUsdPerMillion', 'cachedInput'],
  ['cacheWritePico', 'cacheWriteUsdPerMillion', 'cacheWrite'],
  ['cacheWrite1hPico', 'cacheWrite1hUsdPerMillion', 'cacheWrite1h'],
  ['inputAudioPico', 'inputAudioUsdPerMillion', 'inputAudio'],
  ['inputImagePico', 'inputImageUsdPerMillion', 'inputImage'],
  ['outputPico', 'outputUsdPerMillion', 'output'],
  ['outputAudioPico', 'outputAudioUsdPerMillion', 'outputAudio'],
  ['outputImagePico', 'outputImageUsdPerMillion', 'outputImage'],
];

/** The same per call of one of the provider's own tools: what is stated of web search holds for each version of it. */
const TOOLS = [
  ['webSearchPico', 'webSearchUsdPerThousand', 'webSearch'],
  ['webSearchPreviewPico', 'webSearchUsdPerThousand', 'webSearchPreview'],
  ['fileSearchPico', 'fileSearchUsdPerThousand', 'fileSearch'],
  ['codeExecutionPico', 'codeExecutionUsdPerThousand', 'codeExecution'],
] as const;

type ToolPrices = Pick<PolicyPrice, (typeof TOOLS)[number][0]>;

const toolPrices = (pico: (row: (typeof TOOLS)[number]) => bigint | number | undefined): ToolPrices =>
  Object.fromEntries(
    TOOLS.flatMap((row) => {
      const each = pico(row);
      return each === undefined ? [] : [[row[0], String(each)]];
    }),
  );

type Known = { readonly [Field in keyof PolicyRates]?: string };

const perToken = (usdPerMillion: number | string | undefined): string | undefined =>
  usdPerMillion === undefined ? undefined : String(picoPerToken(usdPerMillion));

const ratesBy = (rate: (row: (typeof RATES)[number]) => string | undefined): Known =>
  Object.fromEntries(
    RATES.flatMap((row) => {
      const pico = rate(row);
      return pico === undefined ? [] : [[row[0], pico]];
    }),
  );

const listedRates = (listed: Partial<Rates>): Known =>
  ratesBy(([, , kind]) => (listed[kind] === undefined ? undefined : String(listed[kind])));

const statedRates = (stated: StatedRates): Known => ratesBy(([, field]) => perToken(stated[field]));

interface When {
  readonly aboveInputTokens?: number | undefined;
  readonly serviceTier?: string | undefined;
}

/** All rates of a tier: its own, else the base ones. */
const tierOf = (base: PolicyRates, own: Known, { aboveInputTokens, serviceTier }: When): PolicyPriceTier => ({
  ...(aboveInputTokens !== undefined && { aboveInputTokens }),
  ...(serviceTier !== undefined && { serviceTier }),
  ...base,
  ...own,
});

const tiersOf = (tiers: readonly PolicyPriceTier[]): Pick<PolicyPrice, 'tiers'> =>
  tiers.length === 0 ? {} : { tiers: [...tiers] };

function priceOfRow(row: PriceRow): PolicyPrice {
  const { image, character, tiers = [] } = row;
  // The schema of the book requires the three that a policy requires.
  const base = listedRates(row) as PolicyRates;
  return {
    ...base,
    ...(image !== undefined && { imagePico: String(image) }),
    ...(character !== undefined && { characterPico: String(character) }),
    ...tiersOf(tiers.map((tier) => tierOf(base, listedRates(tier), tier))),
  };
}

function priceOfStated(stated: Stated): PolicyPrice {
  const { imageUsd, speechUsdPerMillionCharacters: speech, inputUsdPerMillion } = stated;
  // The schema of the AIProvider requires input and output.
  const base = statedRates({ cachedInputUsdPerMillion: inputUsdPerMillion, ...stated }) as PolicyRates;
  return {
    ...base,
    ...(imageUsd !== undefined && { imagePico: String(nanoUsd(imageUsd) * 1000n) }),
    ...(speech !== undefined && { characterPico: String(picoPerToken(speech)) }),
    ...toolPrices(([, field]) => {
      const usd = stated[field];
      return usd === undefined ? undefined : picoPerCall(usd);
    }),
    ...tiersOf(stated.tiers.map((tier) => tierOf(base, statedRates(tier), tier))),
  };
}

const FREE: PolicyPrice = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };

/** What the vendor lists for its tools, where it is the vendor that runs them. */
function listedTools(spec: AIProvider['spec'], row: PriceRow | undefined): ToolPrices {
  const { prices } = PROVIDER_TYPE[spec.type];
  const runsTools = typeof prices === 'object' && prices.runsTools === true;
  return runsTools && row !== undefined ? toolPrices(([, , kind]) => row[kind]) : {};
}

/** null: unknown. `*` is always unknown, since the asked name decides. */
export function priceOf(spec: AIProvider['spec'], asked: string, book: PriceBook): PolicyPrice | null {
  const stated = statedOf(spec, asked);
  const row = rowOf(book.prices, spec, asked);
  const tools = listedTools(spec, row);
  if (stated) return { ...tools, ...priceOfStated(stated) };
  if (PROVIDER_TYPE[spec.type].prices === 'Free') return FREE;
  // What a vendor lists holds for the service tiers that the list names, what an AIProvider states for all.
  return row ? { ...priceOfRow(row), ...tools, otherServiceTiers: 'Unknown' } : null;
}
