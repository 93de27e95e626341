/** The journal of one sidecar's money: what it was granted, what it sent, what that cost. A restart proves from it what is unspent. */
import { DiskJournalFile, type JournalFile } from '#sidecar/journal/journal-file';
import { type JournalForm, StateJournal } from '#sidecar/journal/state-journal';
import { encodeEntry, type JournalEntry, parseEntry } from './journal-entry.ts';
import { applyEntry, emptyState, type JournalState, recoveryEntries, snapshotEntries } from './journal-state.ts';
import type { UsageRecord } from './usage-record.ts';
import type { ClosedGrant } from './wallet.ts';

const FORM: JournalForm<JournalState, JournalEntry> = {
  empty: emptyState,
  encode: encodeEntry,
  parse: parseEntry,
  apply: applyEntry,
  snapshot: snapshotEntries,
};

export class Journal extends StateJournal<JournalState, JournalEntry> {
  constructor(file: JournalFile) {
    super(file, FORM);
  }
}

/**
 * Opens the journal of this path and reads it if that is possible now. Never throws: a disk that refuses makes only money
 * budgets unavailable, and is tried again with each use.
 */
export function openJournal(path: string): Journal {
  const journal = new Journal(new DiskJournalFile(path));
  try {
    journal.load();
  } catch {
    // Reported by the first use.
  }
  return journal;
}

export interface Recovered {
  /** To be given back; `final` is what was settled and every reservation that never ended. */
  readonly returns: readonly ClosedGrant[];
  /** Not acknowledged by history, those of lost attempts included. */
  readonly records: readonly UsageRecord[];
  /** The number of the last record of this instance. */
  readonly seq: number;
}

/** Closes what a former process left open, durably. `seq`: the number of the last record that this instance wrote already. Throws JournalUnavailable; then nothing may be spent. */
export function recover(journal: Journal, instance: string, nowMs: number, seq = 0): Recovered {
  journal.load();
  const { damaged, state } = journal;
  const lost = state.dispatches.size;
  journal.append(...recoveryEntries(state, { instance, seq, nowMs, damaged }));
  return { returns: [...state.returns.values()], records: [...state.records], seq: seq + lost };
}
