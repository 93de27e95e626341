/** One attempt that a budget paid for, kept in the journal until history has it. Neither content nor credentials. */
import { z } from 'zod';

const integer = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt);

export const usageRecord = z.object({
  /** With `seq` its identity: history stores each pair once. */
  instance: z.string(),
  /** Increasing per instance in the order in which attempts settled. */
  seq: z.number().int(),
  requestId: z.string(),
  route: z.string(),
  target: z.string(),
  outcome: z.enum(['nothing', 'reported', 'unknown']),
  inputTokens: z.number(),
  cachedInputTokens: z.number(),
  outputTokens: z.number(),
  /** null when the price is unknown. */
  costNanoUsd: integer.nullable(),
  startedUnixMs: z.number(),
  durationMs: z.number(),
  /** What was booked is our bound and not the provider's count, or counted at a ceiling and not at a price. */
  estimated: z.boolean(),
});
export type UsageRecord = z.output<typeof usageRecord>;
