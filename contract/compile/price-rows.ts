/** How rows of the price book are written: the rules by which vendors price many models alike. Pico-dollars per token. */
import type { PriceRow, PriceTier, Rates } from './price-book-schema.ts';

type Others = Omit<PriceRow, 'input' | 'cachedInput' | 'output'>;
type Basic = readonly [input: number, cachedInput: number, output: number];

export const rates = (input: number, cachedInput: number, output: number, others: Others = {}): PriceRow => ({
  input,
  cachedInput,
  output,
  ...others,
});

/** Of a model whose answers are vectors: it reads from no cache and writes no tokens. */
export const embedding = (input: number): PriceRow => rates(input, input, 0);

/** A multiple of every rate per token. */
const times = (factor: number, { tiers: _, image: _image, character: _character, ...base }: PriceRow): Partial<Rates> =>
  Object.fromEntries(Object.entries(base).map(([kind, rate]) => [kind, rate * factor]));

const inTier = (serviceTier: string, tier: Partial<Rates>): PriceTier => ({ serviceTier, ...tier });
const above = (aboveInputTokens: number, tier: Partial<Rates>): PriceTier => ({ aboveInputTokens, ...tier });
const withTiers = (row: PriceRow, ...tiers: readonly PriceTier[]): PriceRow => ({ ...row, tiers: [...tiers] });

const tiersOf = (row: PriceRow, priority: PriceRow | undefined): PriceTier[] => [
  inTier('flex', times(0.5, row)),
  ...(priority === undefined ? [] : [inTier('priority', priority)]),
];

/** OpenAI: flex is half of everything, priority is listed by model. */
export const gpt = (basic: Basic, priority?: Basic): PriceRow => {
  const row = rates(...basic);
  return withTiers(row, ...tiersOf(row, priority && rates(...priority)));
};

/** One that is served with priority, but not in flex. */
export const gptPriority = (basic: Basic, priority: Basic): PriceRow =>
  withTiers(rates(...basic), inTier('priority', rates(...priority)));

/** Above 272,000 tokens of input the whole request costs twice the input and one and a half times the output, in flex half of that. */
export const longGpt = (basic: Basic, priority: Basic): PriceRow => longWithTiers(rates(...basic), rates(...priority));

/** The same; what is written to the prompt cache costs 1.25 times the input, and priority is twice of everything. */
export function gpt56(...[input, cachedInput, output]: Basic): PriceRow {
  const row = rates(input, cachedInput, output, { cacheWrite: (input * 5) / 4 });
  return longWithTiers(row, { ...row, ...times(2, row) });
}

function longWithTiers(row: PriceRow, priority: PriceRow): PriceRow {
  const long = { ...row, ...times(2, row), output: row.output * 1.5 };
  const longPriority = { ...times(2, priority), output: priority.output * 1.5 };
  return withTiers(
    row,
    above(272_000, long),
    ...tiersOf(row, priority),
    { ...above(272_000, times(0.5, long)), serviceTier: 'flex' },
    { ...above(272_000, longPriority), serviceTier: 'priority' },
  );
}

/** Groq asks the same for its tiers. */
export const groq = (...row: Parameters<typeof rates>): PriceRow => withTiers(rates(...row), inTier('flex', {}));

type Rows = Readonly<Record<string, PriceRow>>;
type ToolRates = Pick<PriceRow, 'webSearch' | 'webSearchPreview' | 'fileSearch'>;

const withTools = (rows: Rows, toolsOf: (model: string) => ToolRates): Record<string, PriceRow> =>
  Object.fromEntries(Object.entries(rows).map(([model, row]) => [model, { ...row, ...toolsOf(model) }]));

/** Ten dollars for a thousand calls. */
const PER_SEARCH = 10_000_000_000;

/**
 * OpenAI's tools, by the call: file search 2.50 dollars a thousand; web search 10, and its preview 25 with models that do not reason. The small
 * ones of those bill a block of tokens with each search, of which nobody says whether the answer counts it: left out.
 */
export const openaiTools = (rows: Rows): Record<string, PriceRow> =>
  withTools(rows, (model) => {
    if (
      !/^(?:gpt-4o|gpt-4[.]1|gpt-5|o[134])/.test(model) ||
      /audio|transcribe|chat-latest|gpt-4[.]1-nano|2024-05-13/.test(model)
    )
      return {};
    const isReasoning = /^(?:gpt-5|o)/.test(model);
    return {
      fileSearch: 2_500_000_000,
      ...((isReasoning || !model.endsWith('-mini')) && { webSearch: PER_SEARCH }),
      webSearchPreview: isReasoning ? PER_SEARCH : 25_000_000_000,
    };
  });

/** Anthropic's web search, by the call. */
export const anthropicTools = (rows: Rows): Record<string, PriceRow> =>
  withTools(rows, (model) => (model === 'claude-3-haiku' ? {} : { webSearch: PER_SEARCH }));

/** Google Search: 35 dollars for a thousand prompts up to Gemini 2.5, 14 for a thousand queries from Gemini 3 on. */
export const geminiTools = (rows: Rows): Record<string, PriceRow> =>
  withTools(rows, (model) =>
    model.includes('embedding') ? {} : { webSearch: model.startsWith('gemini-2') ? 35_000_000_000 : 14_000_000_000 },
  );

const claudeRates = (...[input, cachedInput, output]: Basic): PriceRow =>
  rates(input, cachedInput, output, { cacheWrite: (input * 5) / 4, cacheWrite1h: input * 2 });

/** Anthropic's tier Priority is paid for ahead; what it serves counts at the list price. */
const AHEAD = inTier('priority', {});

/** A cache write costs 1.25 times the input for five minutes, twice the input for an hour. */
export const claude = (...basic: Basic): PriceRow => withTiers(claudeRates(...basic), AHEAD);

/** `speed: fast` costs `factor` times everything. */
export function fastClaude(factor: number, ...basic: Basic): PriceRow {
  const base = claudeRates(...basic);
  return withTiers(base, AHEAD, inTier('fast', times(factor, base)));
}

/** Whose prompts above 200,000 tokens cost twice the input and one and a half times the output. */
export const longClaude = (...[input, cachedInput, output]: Basic): PriceRow =>
  withTiers(
    claudeRates(input, cachedInput, output),
    AHEAD,
    above(200_000, claudeRates(input * 2, cachedInput * 2, output * 1.5)),
  );

/** Bedrock serves Claude without Anthropic's tiers. */
export const bedrockClaude = (...basic: Basic): PriceRow => claudeRates(...basic);

/**
 * Google: flex is half of everything. Priority is left out: it is said to be 75 to 100 percent dearer, and answers of generateContent
 * are not sure to tell in their body which tier served.
 */
export function gemini(...row: Parameters<typeof rates>): PriceRow {
  const base = rates(...row);
  return withTiers(base, inTier('flex', times(0.5, base)));
}

/** The same with other rates above 200,000 tokens of input. */
export function longGemini(basic: Basic, long: Basic): PriceRow {
  const [{ tiers = [], ...base }, { tiers: ofLong = [], ...longBase }] = [gemini(...basic), gemini(...long)];
  const inBoth = ofLong.map((tier) => ({ ...tier, aboveInputTokens: 200_000 }));
  return withTiers(base, above(200_000, longBase), ...tiers, ...inBoth);
}

/** xAI: twice of everything above 200,000 tokens of input. */
export const longGrok = (...row: Parameters<typeof rates>): PriceRow =>
  withTiers(rates(...row), above(200_000, times(2, rates(...row))));
