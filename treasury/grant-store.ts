/** Where books are kept: above all an atomic read-modify-write of one book, durable before it resolves. */
import { isPartition } from '#contract/policy/book-id';
import type { Book } from './book.ts';
import { keptUntilMs } from './window.ts';

export interface BookKey {
  /** As `contract/policy/book-id` writes it. */
  readonly budgetId: string;
  readonly window: string;
}

/** One pure step of a book. What it returns is written unless it is the very object that came in, or undefined. */
export type BookStep<T> = (book: Book | undefined) => { readonly book: Book | undefined; readonly result: T };

export interface GrantStore {
  /** Whether its changes show as AIBudgetLedger objects, which the operator watches. Those of any other store it has to look for. */
  readonly watched: boolean;
  /**
   * `take` hears of books that other processes changed, soon after: of all changes, or of those alone that say that somebody needs what
   * others hold (`wantedAtMs`). What cannot be heard just then is not told later. Until close(). Absent: nobody tells.
   */
  onChange?(take: (book: Book) => void): void;
  /**
   * Calls `step` with the present book, or undefined; stores what it returns under a condition that fails when another writer
   * was faster, and then calls it again. Rejects with StoreUnavailable after a bounded number of conflicts or when the store
   * does not answer, and with BookUnreadable when what is stored is no book. After a rejection the change may still be there.
   */
  update<T>(key: BookKey, step: BookStep<T>): Promise<T>;
  read(key: BookKey): Promise<Book | undefined>;
  /** Every book that is kept; or those of one limit, all partitions and windows, for figures: they may be a moment old. */
  books(limitId?: string): Promise<readonly Book[]>;
  /**
   * Deletes the books that `isDisposable` at `nowMs`, of which no grant can be asked any more; resolves to how many. Leaves alone
   * what is no book.
   */
  sweep(nowMs: number): Promise<number>;
  /** Waits for changes under way and frees what was opened; a sweep ends early. `update` and `sweep` then reject with StoreUnavailable. Safe to call twice. */
  close(): Promise<void>;
}

/** The store cannot take the change now. The message says why and, where a person can help, what to do. */
export class StoreUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreUnavailable';
  }
}

type Kept = BookKey & Pick<Book, 'keptUntilMs'>;

/** Until when it is kept: as it says itself, else 48 hours after its window; less where windows are short, and where there is one for each user and window. */
export const disposableAtMs = ({ budgetId, window, keptUntilMs: stated }: Kept): number =>
  stated ?? keptUntilMs(window, isPartition(budgetId));

export const isDisposable = (book: Kept, nowMs: number): boolean => disposableAtMs(book) < nowMs;
