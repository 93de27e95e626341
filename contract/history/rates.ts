/** What counts of an attempt cost at given prices, for rows whose price was wrong. The same sum as the sidecar's. */
import { z } from 'zod';
import { nanoOfPico } from '#contract/policy/money';
import { COUNTS, type Count, type UsageRow } from './usage-row.ts';

/** Pico-dollars per token or piece. */
const pico = z
  .bigint()
  .min(0n)
  .max(10n ** 16n);

const others = z.partialRecord(z.enum(COUNTS), pico);

/** Kinds that have no rate of their own are billed as `FALLBACK` says. */
export const rates = z.intersection(others, z.object({ inputTokens: pico, outputTokens: pico }));
export type Rates = z.infer<typeof rates>;

/** undefined: pieces without a price are part of what the tokens cost. */
const FALLBACK: Readonly<Record<Count, Count | undefined>> = {
  inputTokens: undefined,
  inputAudioTokens: 'inputTokens',
  inputImageTokens: 'inputTokens',
  cacheReadTokens: 'inputTokens',
  cacheWriteTokens: 'inputTokens',
  cacheWrite1hTokens: 'cacheWriteTokens',
  outputTokens: undefined,
  reasoningTokens: 'outputTokens',
  outputAudioTokens: 'outputTokens',
  outputImageTokens: 'outputTokens',
  toolUnits: undefined,
  images: undefined,
  characters: undefined,
};

const rateOf = (of: Rates, kind: Count): bigint => {
  const fallback = FALLBACK[kind];
  return of[kind] ?? (fallback === undefined ? 0n : rateOf(of, fallback));
};

/** Nano-dollars, rounded up once. */
export const costAt = (of: Rates, row: Pick<UsageRow, Count>): bigint =>
  nanoOfPico(COUNTS.reduce((sum, kind) => (row[kind] > 0 ? sum + BigInt(row[kind]) * rateOf(of, kind) : sum), 0n));
