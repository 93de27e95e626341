/** Grants budget to sidecars out of the books of a store. Any number of treasuries may work on one store at the same time. */
import { isPartition, partitionDigest } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { type Book, type BookTotals, bookTotals, newBook, withLimit } from './book.ts';
import type { GrantAnswer, GrantAuthority, GrantUsage } from './grant-authority.ts';
import { type BookKey, type GrantStore, StoreUnavailable } from './grant-store.ts';
import { type After, OpenBook } from './open-book.ts';
import { windowAt } from './window.ts';

/** A request keeps the window in which it was admitted, so that for this long its ask may come after the window's end. */
const LATE_ASK_MS = 10 * 60_000;
const TIDY_AT_BOOKS = 256;
const SWEEP_EVERY_MS = 10 * 60_000;

export interface TreasuryOptions {
  readonly store: GrantStore;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Never the same twice, also over restarts; at most 128 characters. */
  readonly newId: () => string;
  /** Default: a timer that does not keep the process alive. */
  readonly after?: After;
}

/** Amounts are in the unit of the budget: nano-dollars or tokens. */
export interface BudgetStatus {
  readonly limit: bigint;
  /** Settled, and what holders have reported of what they hold. */
  readonly spent: bigint;
  /** Granted to sidecars and not spent yet. */
  readonly held: bigint;
  readonly remaining: bigint;
  /** Spent in whole percent of the limit, rounded down, so that 100 means the cap is reached. */
  readonly percent: number;
  /** Where each partition has its own book: the digest of the one that spent most; absent: nobody spent. */
  readonly fullest?: string;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
}

export interface SweepOptions {
  /** Asked before each sweep, since of several treasuries on one store one is enough. Default: always. */
  readonly due?: () => boolean;
  /** The next sweep tries again. */
  readonly onFailed: (error: unknown) => void;
}

const realAfter: After = (ms, task) => {
  const timer = setTimeout(task, ms).unref();
  return () => clearTimeout(timer);
};

const mapKey = (key: BookKey): string => `${key.budgetId} ${key.window}`;

export class Treasury {
  readonly #store: GrantStore;
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #after: After;
  readonly #books = new Map<string, OpenBook>();
  /** Grows with what a tidying leaves, so that tidying costs each new book the same however many there are. */
  #tidyAt = TIDY_AT_BOOKS;
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor({ store, now, newId, after = realAfter }: TreasuryOptions) {
    this.#store = store;
    this.#now = now;
    this.#newId = newId;
    this.#after = after;
  }

  /**
   * Grants at least `needed` or denies. A window that is neither the present nor the one that just ended is denied.
   * Throws RangeError when `needed` is below 1, StoreUnavailable or BookUnreadable when the store fails, GrantRefused when it
   * takes no further book.
   */
  async ask(holder: string, budget: PolicyBudget, window: string, needed: bigint): Promise<GrantAnswer> {
    if (this.#closed) throw new StoreUnavailable('the treasury is closed');
    if (needed < 1n) throw new RangeError('a grant needs at least 1');
    const nowMs = this.#now();
    const key = { budgetId: budget.id, window };
    if (!this.#open(budget, window, nowMs)) return this.#transient(key).denial(BigInt(budget.amount));
    return this.#book(key).ask({ id: this.#newId(), holder, budget, needed, nowMs });
  }

  /** Resolves once it is durable. Idempotent by grant id, also long after the window ended; `final` must not be negative. */
  giveBack(key: BookKey, grantId: string, final: bigint): Promise<void> {
    return this.#book(key).giveBack(grantId, final);
  }

  /** Takes the holder's cumulative use; written back with the next change of the book or within two seconds. */
  async report(_holder: string, usages: readonly GrantUsage[]): Promise<void> {
    if (this.#closed) return;
    const byBook = Map.groupBy(usages, mapKey);
    for (const group of byBook.values()) {
      const [first] = group;
      if (first !== undefined) this.#book({ budgetId: first.budgetId, window: first.window }).report(group);
    }
  }

  /**
   * Counts all that the holder has as spent, in the given books or in every one. For holders that are gone for good: safe
   * even when they are not, and a late return credits what was left.
   */
  async forfeit(holder: string, keys?: readonly BookKey[]): Promise<void> {
    const all = keys ?? [...(await this.#booksWith(holder)), ...this.#busy()];
    const distinct = new Map(all.map((key) => [mapKey(key), key]));
    for (const key of distinct.values()) await this.#book(key).forfeit(holder);
  }

  /** Of the present window; where each partition has its own book, the figures of the one that spent most. */
  async status(budget: PolicyBudget): Promise<BudgetStatus> {
    const { id, startMs, endMs } = windowAt(budget.every, this.#now());
    const limit = BigInt(budget.amount);
    const key = { budgetId: budget.id, window: id };
    const partitioned = budget.per.length > 0;
    const book = partitioned ? await this.#fullest(key, limit) : await this.#transient(key).read(limit);
    const { spent, held, remaining } = bookTotals(book);
    const percent = limit === 0n ? 100 : Number((spent * 100n) / limit);
    const fullest = isPartition(book.budgetId) ? { fullest: partitionDigest(book.budgetId) } : {};
    return { limit, spent, held, remaining, percent, ...fullest, windowStartMs: startMs, windowEndMs: endMs };
  }

  /** Has the store delete books of long ago, now and then every ten minutes until close(). */
  keepSwept({ due = () => true, onFailed }: SweepOptions): void {
    if (due()) this.#store.sweep(this.#now()).catch((error: unknown) => this.#closed || onFailed(error));
    this.#cancelSweep = this.#after(SWEEP_EVERY_MS, () => this.keepSwept({ due, onFailed }));
  }

  /** What a sidecar in the same process asks; `holder` is its instance. */
  authorityFor(holder: string): GrantAuthority {
    return {
      ask: (budget, window, needed) => this.ask(holder, budget, window, needed),
      giveBack: ({ id, budgetId, window }, final) => this.giveBack({ budgetId, window }, id, final),
      report: (usages) => void this.report(holder, usages),
      look: async ({ id, amount }, window) =>
        bookTotals(await this.#transient({ budgetId: id, window }).read(BigInt(amount))),
    };
  }

  /** Writes what was reported and waits for what is under way. The store is closed by who opened it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep?.();
    const books = [...this.#books.values()];
    await Promise.all(books.map((book) => book.flush()));
    await Promise.all(books.map((book) => book.drained()));
    for (const book of books) book.stop();
  }

  #open(budget: PolicyBudget, window: string, nowMs: number): boolean {
    const present = windowAt(budget.every, nowMs);
    if (window === present.id) return true;
    return nowMs < present.startMs + LATE_ASK_MS && window === windowAt(budget.every, present.startMs - 1).id;
  }

  async #fullest({ budgetId, window }: BookKey, limit: bigint): Promise<Book> {
    const empty = newBook({ budgetId, window }, limit);
    const books = (await this.#store.books(budgetId)).filter((book) => book.window === window);
    const limited = [empty, ...books].map((book) => withLimit(book, limit));
    return limited.reduce((most, one) => (isFuller(bookTotals(one), bookTotals(most)) ? one : most));
  }

  async #booksWith(holder: string): Promise<readonly BookKey[]> {
    return (await this.#store.books()).filter((book) => holds(book, holder));
  }

  /** Of these the store may not have told all. */
  #busy(): readonly BookKey[] {
    return [...this.#books.values()].filter((book) => !book.idle).map((book) => book.key);
  }

  /** The book if it is worked on here, else one that is forgotten after the look. */
  #transient(key: BookKey): OpenBook {
    return this.#books.get(mapKey(key)) ?? new OpenBook(key, this.#store, this.#after);
  }

  #book(key: BookKey): OpenBook {
    const known = this.#books.get(mapKey(key));
    if (known !== undefined) return known;
    if (this.#books.size >= this.#tidyAt) this.#tidy();
    const book = new OpenBook(key, this.#store, this.#after);
    this.#books.set(mapKey(key), book);
    return book;
  }

  #tidy(): void {
    const nowMs = this.#now();
    for (const [name, book] of this.#books) if (book.isSpare(nowMs)) this.#books.delete(name);
    this.#tidyAt = Math.max(TIDY_AT_BOOKS, 2 * this.#books.size);
  }
}

const holds = ({ grants }: Book, holder: string): boolean =>
  Object.values(grants).some((grant) => grant.holder === holder);

const isFuller = (one: BookTotals, other: BookTotals): boolean =>
  one.spent === other.spent ? one.held > other.held : one.spent > other.spent;
