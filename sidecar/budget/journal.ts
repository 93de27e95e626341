/** The journal of one sidecar: what it was granted, what it sent, what that cost. A restart proves from it what is unspent. */
import { decodeJournal, encodeLine, type JournalEntry } from './journal-entry.ts';
import { DiskJournalFile, type JournalFile } from './journal-file.ts';
import { applyEntry, emptyState, type JournalState, recoveryEntries, snapshotEntries } from './journal-state.ts';
import type { UsageRecord } from './usage-record.ts';
import type { ClosedGrant } from './wallet.ts';

const COMPACT_AT_CHARS = 1_000_000;
const MAX_CHARS = 16_000_000;

/** The journal cannot be read or written now; nothing may be spent that it would have to prove. */
export class JournalUnavailable extends Error {
  constructor(cause: unknown) {
    super('the journal cannot be written', { cause });
    this.name = 'JournalUnavailable';
  }
}

export class Journal {
  readonly #file: JournalFile;
  #state = emptyState();
  #loaded = false;
  #closed = false;
  #damaged = false;
  /** The file lags behind the state, since a write failed. */
  #stale = false;
  #chars = 0;
  #compactAt = COMPACT_AT_CHARS;

  constructor(file: JournalFile) {
    this.#file = file;
  }

  get state(): Readonly<JournalState> {
    return this.#state;
  }

  /** True when a part of what was once written is lost. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** Reads what is there, once. Throws JournalUnavailable; may be called again until it succeeds. */
  load(): void {
    if (this.#loaded) return;
    if (this.#closed) throw new JournalUnavailable('it is closed');
    try {
      const text = this.#file.load();
      const { entries, damaged } = decodeJournal(text);
      for (const entry of entries) applyEntry(this.#state, entry);
      this.#chars = text.length;
      this.#damaged = damaged;
      this.#stale = damaged;
      this.#loaded = true;
    } catch (error) {
      this.#state = emptyState();
      throw new JournalUnavailable(error);
    }
  }

  /** Durable against a kill when it returns; all entries or, with JournalUnavailable, none. */
  append(...entries: readonly JournalEntry[]): void {
    this.load();
    try {
      if (this.#closed) throw new Error('it is closed');
      this.#write(entries.map(encodeLine).join(''));
    } catch (error) {
      throw new JournalUnavailable(error);
    }
    for (const entry of entries) applyEntry(this.#state, entry);
    this.#compactWhenLong();
  }

  /**
   * For what has happened already: kept in memory when the disk refuses, and written with the next write that succeeds. Until
   * then a crash books the reservation in full. False when it is not on the disk yet.
   */
  appendSoon(...entries: readonly JournalEntry[]): boolean {
    try {
      this.append(...entries);
      return true;
    } catch {
      for (const entry of entries) applyEntry(this.#state, entry);
      this.#stale = true;
      return false;
    }
  }

  /** Writes what could not be written before. Throws JournalUnavailable. */
  flush(): void {
    if (this.#loaded && this.#stale) this.append();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  #write(text: string): void {
    if (this.#stale || this.#chars + text.length > MAX_CHARS) {
      this.#rewrite(text);
    } else if (text !== '') {
      this.#file.append(text);
      this.#chars += text.length;
    }
  }

  /** In one piece with what is new: a damaged journal must not look whole before its grants are closed. */
  #rewrite(added: string): void {
    const text = snapshotEntries(this.#state).map(encodeLine).join('') + added;
    this.#file.replace(text);
    this.#chars = text.length;
    this.#compactAt = Math.max(COMPACT_AT_CHARS, 2 * text.length);
    this.#stale = false;
  }

  /** A compaction that fails leaves the long file as it is; it is tried again later. */
  #compactWhenLong(): void {
    if (this.#chars < this.#compactAt) return;
    try {
      this.#rewrite('');
    } catch {
      this.#compactAt = this.#chars + COMPACT_AT_CHARS;
    }
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
}

/** Closes what a former process left open, durably. Throws JournalUnavailable; then nothing may be spent. */
export function recover(journal: Journal, instance: string, nowMs: number): Recovered {
  journal.load();
  const { damaged } = journal;
  journal.append(...recoveryEntries(journal.state, { instance, nowMs, damaged }));
  return { returns: [...journal.state.returns.values()], records: [...journal.state.records] };
}
