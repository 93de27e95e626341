/** What a journal says: the same reduction while it is written and when it is read again after a crash. */
import type { Grant } from '#treasury/grant-authority';
import { addClosed, type ClosedUses, forgetWindow } from './closed-use.ts';
import type { JournalEntry } from './journal-entry.ts';
import { type KeptRow, recordOf, rowText } from './row-text.ts';
import { millisOf, type RowEnd } from './usage-record.ts';
import type { ClosedGrant, Share } from './wallet.ts';

/** Beyond it the oldest are dropped; they are counted. The longest rows have 3,000 characters, so that a journal of so many can be written. */
export const MAX_RECORDS = 5_000;

type Dispatch = Extract<JournalEntry, { type: 'dispatch' }>;

export interface JournalState {
  readonly grants: Map<string, { grant: Grant; used: bigint }>;
  /** Sent and not settled, by number. */
  readonly dispatches: Map<number, Dispatch>;
  /** Closed, and the return is not known to be durable. */
  readonly returns: Map<string, ClosedGrant>;
  /** By book. */
  readonly closed: ClosedUses;
  /** A part of what was written is lost: what is not here may have been held and spent from all the same. */
  lossy: boolean;
  /** The start of the node that wrote it last; undefined: nobody said. */
  boot: string | undefined;
  /** Not acknowledged, oldest first. */
  records: KeptRow[];
  droppedRecords: number;
}

export const emptyState = (): JournalState => ({
  grants: new Map(),
  dispatches: new Map(),
  returns: new Map(),
  closed: new Map(),
  lossy: false,
  boot: undefined,
  records: [],
  droppedRecords: 0,
});

export function applyEntry(state: JournalState, entry: JournalEntry): void {
  switch (entry.type) {
    case 'grant':
      state.grants.set(entry.grant.id, { grant: entry.grant, used: entry.used });
      return;
    case 'dispatch':
      addDispatch(state, entry);
      return;
    case 'settle':
      settle(state, entry);
      return;
    case 'shrink':
      shrinkGrant(state, entry.grantId, entry.amount);
      return;
    case 'close':
      closeGrant(state, entry.grantId, entry.final);
      return;
    case 'returned':
      endReturn(state, entry.grantId);
      return;
    case 'closed':
      addClosed(state.closed, entry);
      return;
    case 'over':
      forgetWindow(state.closed, entry.window);
      return;
    case 'boot':
      state.boot = entry.id;
      return;
    case 'lost':
      state.lossy = true;
      return;
    case 'record':
      addRecord(state, entry.record);
      return;
    case 'dropped':
      state.droppedRecords += entry.count;
      return;
    case 'acknowledged':
      state.records = state.records.filter(({ instance, seq }) => instance !== entry.instance || seq > entry.seq);
  }
}

/** What is said of its beginning once holds for all that follow. */
function addDispatch({ dispatches }: JournalState, entry: Dispatch): void {
  const begun = entry.begun ?? dispatches.get(entry.number)?.begun;
  dispatches.set(entry.number, begun === entry.begun ? entry : { ...entry, begun });
}

function settle(state: JournalState, { number, paid, record }: Extract<JournalEntry, { type: 'settle' }>): void {
  const begun = state.dispatches.get(number)?.begun;
  state.dispatches.delete(number);
  addUse(state, paid);
  if (begun !== undefined && record !== undefined)
    addRecord(state, { instance: record.instance, seq: record.seq, text: `${begun},${record.text}` });
}

function addUse(state: JournalState, paid: readonly Share[]): void {
  for (const { grantId, amount } of paid) {
    const held = state.grants.get(grantId);
    if (held !== undefined) held.used += amount;
  }
}

function addRecord(state: JournalState, record: KeptRow | undefined): void {
  if (record === undefined) return;
  state.records.push(record);
  if (state.records.length <= MAX_RECORDS) return;
  state.records.shift();
  state.droppedRecords += 1;
}

/** Only ever down. */
function shrinkGrant(state: JournalState, grantId: string, amount: bigint): void {
  const held = state.grants.get(grantId);
  if (held !== undefined && amount < held.grant.amount) held.grant = { ...held.grant, amount };
}

function closeGrant(state: JournalState, grantId: string, final: bigint): void {
  const held = state.grants.get(grantId);
  if (held === undefined) return;
  state.grants.delete(grantId);
  state.returns.set(grantId, { grant: held.grant, final });
}

function endReturn(state: JournalState, grantId: string): void {
  const done = state.returns.get(grantId);
  if (done === undefined) return;
  state.returns.delete(grantId);
  const { budgetId, window } = done.grant;
  addClosed(state.closed, { budgetId, window, used: done.final });
}

/** The entries that lead to the same state; what a compacted journal holds. */
export function snapshotEntries(state: JournalState): JournalEntry[] {
  const closed = [...state.returns.values()];
  return [
    ...(state.boot === undefined ? [] : [{ type: 'boot', id: state.boot } as const]),
    ...[...state.closed.values()].map((use): JournalEntry => ({ type: 'closed', ...use })),
    ...(state.lossy ? [{ type: 'lost' } as const] : []),
    ...[...state.grants.values()].map(({ grant, used }): JournalEntry => ({ type: 'grant', grant, used })),
    ...closed.map(({ grant }): JournalEntry => ({ type: 'grant', grant, used: 0n })),
    ...closed.map(({ grant, final }): JournalEntry => ({ type: 'close', grantId: grant.id, final })),
    ...state.dispatches.values(),
    ...(state.droppedRecords > 0 ? [{ type: 'dropped', count: state.droppedRecords } as const] : []),
    ...state.records.map((record): JournalEntry => ({ type: 'record', record })),
  ];
}

export interface RecoveryOptions {
  /** The new instance: it writes the records of attempts that never settled. */
  readonly instance: string;
  /** The number of its last record. */
  readonly seq: number;
  readonly nowMs: number;
  /** What followed the damage is lost, so that every open grant counts as spent in full. */
  readonly damaged: boolean;
}

/** Ends what a former process left open: an unfinished attempt is booked in full, and no grant is ever resumed. */
export function recoveryEntries(state: JournalState, options: RecoveryOptions): JournalEntry[] {
  const finals = new Map([...state.grants].map(([id, { used }]) => [id, used]));
  const settles = [...state.dispatches.values()].map(({ number, shares, ...row }, index): JournalEntry => {
    for (const { grantId, amount } of shares) finals.set(grantId, (finals.get(grantId) ?? 0n) + amount);
    return { type: 'settle', number, paid: shares, record: lostRow(row, options, index + 1) };
  });
  const closes = [...state.grants.values()].map(({ grant }): JournalEntry => {
    const final = finals.get(grant.id) ?? 0n;
    return { type: 'close', grantId: grant.id, final: options.damaged && final < grant.amount ? grant.amount : final };
  });
  return [...(options.damaged ? [{ type: 'lost' } as const] : []), ...settles, ...closes];
}

function lostRow(
  { begun, ifLost }: Pick<Dispatch, 'begun' | 'ifLost'>,
  { instance, seq, nowMs }: RecoveryOptions,
  index: number,
): KeptRow | undefined {
  if (begun === undefined || ifLost === undefined) return undefined;
  const numbered = { instance, seq: seq + index };
  const { timeMs } = recordOf({ ...numbered, text: begun });
  const end = JSON.parse(`{${ifLost}}`) as RowEnd;
  return { ...numbered, text: rowText({ ...end, totalMs: millisOf(nowMs - timeMs) }) };
}
