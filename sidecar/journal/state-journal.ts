/** A journal of entries that reduce to a state: written before what it proves is done, read again after a crash, compacted when long. */
import { decodeLines, encodeLine, type ParseEntry } from './checked-line.ts';
import type { JournalFile } from './journal-file.ts';

const COMPACT_AT_CHARS = 2_000_000;
/** Of what a compaction left, before the next one. */
const GROWTH = 3;
const MAX_CHARS = 16_000_000;

/** The journal cannot be read or written now; nothing may be done that it would have to prove. */
export class JournalUnavailable extends Error {
  constructor(cause: unknown) {
    super('the journal cannot be written', { cause });
    this.name = 'JournalUnavailable';
  }
}

/** What a journal is about. */
export interface JournalForm<State, Entry> {
  empty(): State;
  /** As JSON. */
  readonly encode: (entry: Entry) => string;
  readonly parse: ParseEntry<Entry>;
  /** The same reduction while it is written and when it is read again. */
  apply(state: State, entry: Entry): void;
  /** The entries that lead to the same state; what a compacted journal holds. */
  snapshot(state: State): Entry[];
}

export class StateJournal<State, Entry> {
  readonly #form: JournalForm<State, Entry>;
  readonly #file: JournalFile;
  #state: State;
  #loaded = false;
  #closed = false;
  #damaged = false;
  /** The file lags behind the state, since a write failed. */
  #stale = false;
  #chars = 0;
  #compactAt = COMPACT_AT_CHARS;

  constructor(file: JournalFile, form: JournalForm<State, Entry>) {
    this.#file = file;
    this.#form = form;
    this.#state = form.empty();
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** True when a part of what was once written is lost. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** True while what is on the disk is less than what happened. Until it is not, nobody may hear of the rest: after a crash it never was. */
  get isBehind(): boolean {
    return this.#stale;
  }

  /** Characters of what is on the disk. */
  get length(): number {
    return this.#chars;
  }

  /** Reads what is there, once; what happened before it could be read comes on top. Throws JournalUnavailable; may be called again until it succeeds. */
  load(): void {
    if (this.#loaded) return;
    if (this.#closed) throw new JournalUnavailable('it is closed');
    try {
      const text = this.#file.load();
      const { entries, damaged } = decodeLines(text, this.#form.parse);
      const state = this.#form.empty();
      for (const entry of [...entries, ...this.#form.snapshot(this.#state)]) this.#form.apply(state, entry);
      this.#state = state;
      this.#chars = text.length;
      this.#damaged = damaged;
      this.#stale ||= damaged;
      this.#loaded = true;
    } catch (error) {
      throw new JournalUnavailable(error);
    }
  }

  /** Durable against a kill when it returns; all entries or, with JournalUnavailable, none. */
  append(...entries: readonly Entry[]): void {
    this.load();
    try {
      if (this.#closed) throw new Error('it is closed');
      this.#write(this.#lines(entries));
    } catch (error) {
      throw new JournalUnavailable(error);
    }
    for (const entry of entries) this.#form.apply(this.#state, entry);
    this.#compactWhenLong();
  }

  /**
   * For what has happened already: kept in memory when the disk refuses, and written with the next write that succeeds. Until
   * then a crash finds it undone. False when it is not on the disk yet.
   */
  appendSoon(...entries: readonly Entry[]): boolean {
    try {
      this.append(...entries);
      return true;
    } catch {
      this.owe(...entries);
      return false;
    }
  }

  /** Kept in memory without a try: all that is owed is written in one piece, which is too much to try for each of many entries. */
  owe(...entries: readonly Entry[]): void {
    for (const entry of entries) this.#form.apply(this.#state, entry);
    this.#stale = true;
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

  #lines(entries: readonly Entry[]): string {
    let lines = '';
    for (const entry of entries) lines += encodeLine(this.#form.encode(entry));
    return lines;
  }

  #write(text: string): void {
    if (this.#stale || this.#chars + text.length > MAX_CHARS) {
      this.#rewrite(text);
    } else if (text !== '') {
      this.#file.append(text);
      this.#chars += text.length;
    }
  }

  /** In one piece with what is new: a damaged journal must not look whole before what it lost is dealt with. */
  #rewrite(added: string): void {
    const text = this.#lines(this.#form.snapshot(this.#state)) + added;
    this.#file.replace(text);
    this.#chars = text.length;
    this.#compactAt = Math.max(COMPACT_AT_CHARS, GROWTH * text.length);
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
