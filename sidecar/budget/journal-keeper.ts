/** The rows of this sidecar, on their way from the attempt to the operator: numbered, journalled before they are needed, kept until history has them. */
import type { ClosedUse, Grant } from '#treasury/grant-authority';
import { closedUses, windowsOf } from './closed-use.ts';
import { type Journal, recover } from './journal.ts';
import type { JournalEntry } from './journal-entry.ts';
import { type KeptRow, type RowText, rowText } from './row-text.ts';
import type { UnnumberedRecord } from './usage-record.ts';
import type { ClosedGrant, Share } from './wallet.ts';

export interface JournalKeeperOptions {
  readonly journal: Journal;
  /** This start of this sidecar; never the same twice. */
  readonly instance: string;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly hooks: JournalHooks;
}

/** None may throw. */
export interface JournalHooks {
  journalFailed?(): void;
  /** The journal of a former process was damaged, or the node was started anew since; its open grants were counted as spent in full. */
  journalDamaged?(): void;
}

/** How much there is to keep and to tell. */
export interface Backlog {
  /** Characters of the journal on the disk. */
  readonly journalChars: number;
  /** Rows that history has not acknowledged. */
  readonly waiting: number;
  /** Rows that went for want of room, since the journal began. */
  readonly dropped: number;
}

/** An attempt that has begun; undefined: the journal of a former process has not been read yet, and this one has no place in it. */
export type AttemptNumber = number | undefined;

interface Dispatched {
  readonly shares: Share[];
  /** undefined: it was told before. */
  readonly begun: RowText | undefined;
  readonly ifLost: RowText;
  readonly mustBeProven: boolean;
}

interface Settled {
  readonly paid: Share[];
  readonly begun: RowText;
  readonly end: RowText;
}

export class JournalKeeper {
  readonly #journal: Journal;
  readonly #instance: string;
  readonly #now: () => number;
  readonly #hooks: JournalHooks;
  #isOpen = false;
  #number = 0;
  #seq = 0;

  constructor({ journal, instance, now, hooks }: JournalKeeperOptions) {
    this.#journal = journal;
    this.#instance = instance;
    this.#now = now;
    this.#hooks = hooks;
  }

  /** It is known what a former process spent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What is written now would be there after a crash. */
  get proves(): boolean {
    return this.#isOpen && !this.#journal.isBehind;
  }

  get backlog(): Backlog {
    const { length, state } = this.#journal;
    return { journalChars: length, waiting: state.records.length, dropped: state.droppedRecords };
  }

  /** Grants to be given back; undefined while the journal of a former process cannot be read or closed. */
  open(): readonly ClosedGrant[] | undefined {
    try {
      const { returns, seq, damaged } = recover(this.#journal, this.#instance, this.#now(), this.#seq);
      this.#isOpen = true;
      this.#seq = seq;
      if (damaged) this.#hooks.journalDamaged?.();
      return returns;
    } catch {
      this.#hooks.journalFailed?.();
      return undefined;
    }
  }

  begin(): AttemptNumber {
    if (!this.#isOpen) return undefined;
    this.#number += 1;
    return this.#number;
  }

  /**
   * Before anything is sent, and before more of it is: should it never settle, `ifLost` is the end of its row. The last one of a number
   * counts. `mustBeProven`: throws JournalUnavailable where it would not be there after a crash.
   */
  dispatch(number: AttemptNumber, { mustBeProven, shares, begun, ifLost }: Dispatched): void {
    if (number !== undefined) this.#write({ type: 'dispatch', number, shares, begun, ifLost }, mustBeProven);
  }

  settle(number: AttemptNumber, { paid, begun, end }: Settled): void {
    if (number === undefined) this.#keep(`${begun},${end}`);
    else this.#write({ type: 'settle', number, paid, record: this.#numbered(end) }, false);
  }

  /** Of a request that no attempt was made for. */
  keep(row: UnnumberedRecord): void {
    this.#keep(rowText(row));
  }

  #keep(row: RowText): void {
    this.#write({ type: 'record', record: this.#numbered(row) }, false);
  }

  /** Before anything is spent from it. Throws as `dispatch`. */
  take(grant: Grant, mustBeProven: boolean): void {
    this.#write({ type: 'grant', grant, used: 0n }, mustBeProven);
  }

  /** What was spent of grants from which nothing is spent any more. */
  closed(): readonly ClosedUse[] {
    const { closed, returns } = this.#journal.state;
    return closedUses(closed, returns.values());
  }

  /** Of windows that are over nobody asks what was spent. */
  forget(isOver: (window: string) => boolean): void {
    for (const window of windowsOf(this.#journal.state.closed))
      if (isOver(window)) this.#write({ type: 'over', window }, false);
  }

  /** Rows that history has not acknowledged, oldest first, also those of earlier instances. None that a crash would write anew. */
  rows(limit: number): readonly KeptRow[] {
    return this.#journal.isBehind ? [] : this.#journal.state.records.slice(0, limit);
  }

  acknowledge(instance: string, seq: number): void {
    this.#write({ type: 'acknowledged', instance, seq }, false);
  }

  #numbered(text: RowText): KeptRow {
    this.#seq += 1;
    return { instance: this.#instance, seq: this.#seq, text };
  }

  /** While the disk refuses, all that is owed is tried once a second, and not with each row. */
  #write(entry: JournalEntry, mustBeProven: boolean): void {
    if (mustBeProven) this.#prove(entry);
    else if (!this.proves) this.#journal.owe(entry);
    else if (!this.#journal.appendSoon(entry)) this.#hooks.journalFailed?.();
  }

  #prove(entry: JournalEntry): void {
    try {
      this.#journal.append(entry);
    } catch (error) {
      this.#hooks.journalFailed?.();
      throw error;
    }
  }
}
