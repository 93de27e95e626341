/** The journal of one sidecar's money: what it was granted, what it sent, what that cost. A restart proves from it what is unspent. */
import { readFileSync } from 'node:fs';
import { DiskJournalFile, type JournalFile } from '#sidecar/journal/journal-file';
import { type JournalForm, StateJournal } from '#sidecar/journal/state-journal';
import { encodeEntry, type JournalEntry, parseEntry } from './journal-entry.ts';
import { applyEntry, emptyState, type JournalState, recoveryEntries, snapshotEntries } from './journal-state.ts';
import type { ClosedGrant } from './wallet.ts';

const FORM: JournalForm<JournalState, JournalEntry> = {
  empty: emptyState,
  encode: encodeEntry,
  parse: parseEntry,
  apply: applyEntry,
  snapshot: snapshotEntries,
};

export class Journal extends StateJournal<JournalState, JournalEntry> {
  /** The present start of the node; undefined: it cannot be told from others. */
  readonly boot: string | undefined;

  constructor(file: JournalFile, boot?: string) {
    super(file, FORM);
    this.boot = boot;
  }

  /** A write that returned outlives a kill of the process, but not of the node: the end may be missing, and nothing shows that it is. */
  get isOfAnotherBoot(): boolean {
    const { boot } = this.state;
    return boot !== undefined && this.boot !== undefined && boot !== this.boot;
  }
}

/** See random(4). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

function presentBoot(): string | undefined {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * Opens the journal of this path and reads it if that is possible now. Never throws: a disk that refuses makes only money
 * budgets unavailable, and is tried again with each use.
 */
export function openJournal(path: string): Journal {
  const journal = new Journal(new DiskJournalFile(path), presentBoot());
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
  /** The number of the last record of this instance. */
  readonly seq: number;
  /** A part of it is lost, or may be: what was open counts as spent in full. */
  readonly damaged: boolean;
}

/** Closes what a former process left open, durably. `seq`: the number of the last record that this instance wrote already. Throws JournalUnavailable; then nothing may be spent. */
export function recover(journal: Journal, instance: string, nowMs: number, seq = 0): Recovered {
  journal.load();
  const { boot, state } = journal;
  const damaged = journal.damaged || journal.isOfAnotherBoot;
  const lost = state.dispatches.size;
  const booted = boot === undefined || boot === state.boot ? [] : [{ type: 'boot', id: boot } as const];
  journal.append(...booted, ...recoveryEntries(state, { instance, seq, nowMs, damaged }));
  return { returns: [...state.returns.values()], seq: seq + lost, damaged };
}
