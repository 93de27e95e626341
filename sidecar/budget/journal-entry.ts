/** One line of the journal: a checksum, then the entry as JSON. A line that is torn or flipped is noticed, never believed. */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { usageRecord } from './usage-record.ts';

const amount = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt);
const share = z.object({ grantId: z.string(), amount });

const journalEntry = z.discriminatedUnion('type', [
  /** A grant arrived; nothing is spent from it before. `used` is above 0 only in a compacted journal. */
  z.object({
    type: z.literal('grant'),
    grant: z.object({ id: z.string(), budgetId: z.string(), window: z.string(), amount }),
    used: amount,
  }),
  /** An attempt is about to be sent. Should it never settle, `ifLost` is booked. */
  z.object({
    type: z.literal('dispatch'),
    number: z.number().int(),
    shares: z.array(share),
    ifLost: usageRecord.omit({ instance: true, seq: true }),
  }),
  z.object({ type: z.literal('settle'), number: z.number().int(), paid: z.array(share), record: usageRecord }),
  /** Nothing is spent from the grant any more. */
  z.object({ type: z.literal('close'), grantId: z.string(), final: amount }),
  /** The return is durable at the treasury. */
  z.object({ type: z.literal('returned'), grantId: z.string() }),
  /** Of a compacted journal: a record that is not acknowledged. */
  z.object({ type: z.literal('record'), record: usageRecord }),
  /** History has the instance's records up to this number. */
  z.object({ type: z.literal('acknowledged'), instance: z.string(), seq: z.number().int() }),
]);
export type JournalEntry = z.output<typeof journalEntry>;

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0');

export function encodeLine(entry: JournalEntry): string {
  const json = JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return `${checksum(json)} ${json}\n`;
}

/** Undefined when the line is damaged. */
function decodeLine(line: string): JournalEntry | undefined {
  const json = line.slice(9);
  if (line !== `${checksum(json)} ${json}`) return undefined;
  try {
    return journalEntry.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

export interface DecodedJournal {
  /** All before the first damage. */
  readonly entries: readonly JournalEntry[];
  /** A whole line is wrong, so that what followed is lost. A torn last line is no damage: its write never returned. */
  readonly damaged: boolean;
}

export function decodeJournal(text: string): DecodedJournal {
  const lines = text.split('\n');
  // What follows the last line feed is empty, or torn.
  lines.pop();
  const entries: JournalEntry[] = [];
  for (const line of lines) {
    const entry = decodeLine(line);
    if (entry === undefined) return { entries, damaged: true };
    entries.push(entry);
  }
  return { entries, damaged: false };
}
