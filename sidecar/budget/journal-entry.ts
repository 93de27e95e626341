/** What the journal of money holds, entry by entry. */
import { z } from 'zod';
import { type KeptRow, type RowText, rowJson, rowText } from './row-text.ts';
import type { RowBeginning, RowEnd, UnnumberedRecord } from './usage-record.ts';

const amountText = z.string().regex(/^[0-9]{1,40}$/);
const amount = amountText.transform(BigInt);
const share = z.object({ grantId: z.string(), amount });

/** Lines are checked as such; here rows are only told from records of another form, which are left out: what they moved is in `paid`. */
const ended = z.looseObject({ outcome: z.string(), costNanoUsd: amountText.nullable() });
const numbered = ended.extend({ instance: z.string(), seq: z.number().int() });
const begun = z.looseObject({ timeMs: z.number() }).transform((row): RowText => rowText(row as RowBeginning));
const ifLost = ended.transform((row): RowText => rowText(row as unknown as RowEnd));
const keptRow = ({ instance, seq, ...row }: z.output<typeof numbered>): KeptRow => ({
  ...{ instance, seq },
  text: rowText(row as unknown as UnnumberedRecord),
});
const rest = numbered.transform(keptRow);
const record = numbered.extend({ timeMs: z.number() }).transform(keptRow);

const journalEntry = z.discriminatedUnion('type', [
  /** A grant arrived; nothing is spent from it before. `used` is above 0 only in a compacted journal. */
  z.object({
    type: z.literal('grant'),
    grant: z.object({ id: z.string(), budgetId: z.string(), window: z.string(), amount }),
    used: amount,
  }),
  /**
   * An attempt is about to be sent, whether a budget pays for it or not, or may use more. Should it never settle, `ifLost` is booked.
   * `begun` is in the first one of a number.
   */
  z.object({
    type: z.literal('dispatch'),
    number: z.number().int(),
    shares: z.array(share),
    begun: begun.optional().catch(undefined),
    ifLost: ifLost.optional().catch(undefined),
  }),
  z.object({
    type: z.literal('settle'),
    number: z.number().int(),
    paid: z.array(share),
    /** What its row says beside what was said when it began. */
    record: rest.optional().catch(undefined),
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
  /** The start of the node that wrote what follows. */
  z.object({ type: z.literal('boot'), id: z.string() }),
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

type Share = z.output<typeof share>;

const shareJson = ({ grantId, amount: of }: Share) => ({ grantId, amount: String(of) });
const sharesJson = (shares: readonly Share[]): string =>
  shares.length === 0 ? '[]' : JSON.stringify(shares.map(shareJson));
const member = (name: string, json: string | undefined): string => (json === undefined ? '' : `,"${name}":${json}`);
const ofText = (text: RowText | undefined): string | undefined => (text === undefined ? undefined : `{${text}}`);

/** As JSON has it: of what is not written with every request. */
function jsonOf(entry: JournalEntry): object {
  switch (entry.type) {
    case 'grant':
      return { ...entry, grant: { ...entry.grant, amount: String(entry.grant.amount) }, used: String(entry.used) };
    case 'shrink':
      return { ...entry, amount: String(entry.amount) };
    case 'close':
      return { ...entry, final: String(entry.final) };
    case 'closed':
      return { ...entry, used: String(entry.used) };
    default:
      return entry;
  }
}

export function encodeEntry(entry: JournalEntry): string {
  switch (entry.type) {
    case 'dispatch': {
      const { number, shares, begun: beginning, ifLost: end } = entry;
      return `{"type":"dispatch","number":${number},"shares":${sharesJson(shares)}${member('begun', ofText(beginning))}${member('ifLost', ofText(end))}}`;
    }
    case 'settle':
      return `{"type":"settle","number":${entry.number},"paid":${sharesJson(entry.paid)}${member('record', entry.record && rowJson(entry.record))}}`;
    case 'record':
      return `{"type":"record"${member('record', entry.record && rowJson(entry.record))}}`;
    default:
      return JSON.stringify(jsonOf(entry));
  }
}

/** undefined: the value is no entry. */
export const parseEntry = (value: unknown): JournalEntry | undefined => journalEntry.safeParse(value).data;
