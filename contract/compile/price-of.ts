/** What a token costs at a provider: what the AIProvider states, else the price book, else unknown; never a guess. */
import { nanoUsd, picoPerToken } from '#contract/policy/money';
import type { PolicyPrice } from '#contract/policy/policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import { PROVIDER_TYPE } from '#contract/resources/provider-type';
import type { OtherRates, PriceBook, PriceRow } from './price-book.ts';
import { rowOf, statedOf } from './vendor-table.ts';

type Stated = AIProvider['spec']['models'][number];

/** Per row of the policy's price: how the AIProvider states it, and how the book has it. */
const OTHER_RATES: readonly (readonly [
  field: Exclude<keyof PolicyPrice, 'inputPico' | 'cachedInputPico' | 'outputPico'>,
  stated: (model: Stated) => bigint | undefined,
  listed: keyof OtherRates,
])[] = [
  ['cacheWritePico', (model) => perToken(model.cacheWriteUsdPerMillion), 'cacheWrite'],
  ['cacheWrite1hPico', (model) => perToken(model.cacheWrite1hUsdPerMillion), 'cacheWrite1h'],
  ['inputAudioPico', (model) => perToken(model.inputAudioUsdPerMillion), 'inputAudio'],
  ['inputImagePico', (model) => perToken(model.inputImageUsdPerMillion), 'inputImage'],
  ['outputAudioPico', (model) => perToken(model.outputAudioUsdPerMillion), 'outputAudio'],
  ['outputImagePico', (model) => perToken(model.outputImageUsdPerMillion), 'outputImage'],
  ['imagePico', ({ imageUsd }) => (imageUsd === undefined ? undefined : nanoUsd(imageUsd) * 1000n), 'image'],
  ['characterPico', (model) => perToken(model.speechUsdPerMillionCharacters), 'character'],
];

const perToken = (usdPerMillion: number | string | undefined): bigint | undefined =>
  usdPerMillion === undefined ? undefined : picoPerToken(usdPerMillion);

const otherRates = (rate: (row: (typeof OTHER_RATES)[number]) => bigint | number | undefined): Partial<PolicyPrice> =>
  Object.fromEntries(
    OTHER_RATES.flatMap((row) => {
      const pico = rate(row);
      return pico === undefined ? [] : [[row[0], String(pico)]];
    }),
  );

const priceOfRow = ([input, cached, output, others = {}]: PriceRow): PolicyPrice => ({
  inputPico: String(input),
  cachedInputPico: String(cached),
  outputPico: String(output),
  ...otherRates(([, , listed]) => others[listed]),
});

const priceOfStated = (stated: Stated): PolicyPrice => ({
  inputPico: picoPerToken(stated.inputUsdPerMillion).toString(),
  cachedInputPico: picoPerToken(stated.cachedInputUsdPerMillion ?? stated.inputUsdPerMillion).toString(),
  outputPico: picoPerToken(stated.outputUsdPerMillion).toString(),
  ...otherRates(([, of]) => of(stated)),
});

/** null: unknown. `*` is always unknown, since the asked name decides. */
export function priceOf(spec: AIProvider['spec'], asked: string, book: PriceBook): PolicyPrice | null {
  const stated = statedOf(spec, asked);
  if (stated) return priceOfStated(stated);
  if (PROVIDER_TYPE[spec.type].prices === 'Free') return priceOfRow([0, 0, 0]);
  const row = rowOf(book, spec, asked);
  return row ? priceOfRow(row) : null;
}
