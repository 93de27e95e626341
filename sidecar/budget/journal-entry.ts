/** What the journal of money holds, entry by entry. */
import { z } from 'zod';
import type { UnnumberedRecord, UsageRecord } from './usage-record.ts';

const amount = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt);
const share = z.object({ grantId: z.string(), amount });

/** Lines are checked as such; here rows are only told from records of another form, which are left out: what they moved is in `paid`. */
const unnumbered = z.looseObject({ timeMs: z.number(), outcome: z.string(), costNanoUsd: amount.nullable() });
const numbered = unnumbered.extend({ instance: z.string(), seq: z.number().int() });
const ifLost = unnumbered.transform((row) => row as unknown as UnnumberedRecord);
const record = numbered.transform((row) => row as unknown as UsageRecord);

const journalEntry = z.discriminatedUnion('type', [
  /** A grant arrived; nothing is spent from it before. `used` is above 0 only in a compacted journal. */
  z.object({
    type: z.literal('grant'),
    grant: z.object({ id: z.string(), budgetId: z.string(), window: z.string(), amount }),
    used: amount,
  }),
  /** An attempt is about to be sent, whether a budget pays for it or not. Should it never settle, `ifLost` is booked. */
  z.object({
    type: z.literal('dispatch'),
    number: z.number().int(),
    shares: z.array(share),
    ifLost: ifLost.optional().catch(undefined),
  }),
  z.object({
    type: z.literal('settle'),
    number: z.number().int(),
    paid: z.array(share),
    record: record.optional().catch(undefined),
  }),
  /** No more than `amount` of the grant is spent from now on; the rest may be another's. */
  z.object({ type: z.literal('shrink'), grantId: z.string(), amount }),
  /** Nothing is spent from the grant any more. */
  z.object({ type: z.literal('close'), grantId: z.string(), final: amount }),
  /** The return is durable at the treasury. */
  z.object({ type: z.literal('returned'), grantId: z.string() }),
  /** Of a compacted journal: what was spent of grants of one book whose return is durable. */
  z.object({ type: z.literal('closed'), budgetId: z.string(), window: z.string(), used: amount }),
  /** The window is over: what was spent in it is of no weight any more. */
  z.object({ type: z.literal('over'), window: z.string() }),
  /** A part of the journal was lost, and with it grants that may have been spent from. */
  z.object({ type: z.literal('lost') }),
  /** A record that is not acknowledged: of a request that no attempt was made for, or of a compacted journal. */
  z.object({ type: z.literal('record'), record: record.optional().catch(undefined) }),
  /** Of a compacted journal: how many records went for want of room. */
  z.object({ type: z.literal('dropped'), count: z.number().int() }),
  /** History has the instance's records up to this number. */
  z.object({ type: z.literal('acknowledged'), instance: z.string(), seq: z.number().int() }),
]);
export type JournalEntry = z.output<typeof journalEntry>;

/** undefined: the value is no entry. */
export const parseEntry = (value: unknown): JournalEntry | undefined => journalEntry.safeParse(value).data;
