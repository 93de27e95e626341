/** Grants budget to sidecars out of the books of a store. Any number of treasuries may work on one store at the same time. */
import { isPartition, partitionDigest } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { type Book, type BookTotals, bookTotals, newBook, withLimit } from './book.ts';
import type { GrantAnswer, GrantAuthority, GrantName, GrantUsage } from './grant-authority.ts';
import { type BookKey, type GrantStore, StoreUnavailable } from './grant-store.ts';
import type { HolderWord } from './holder-word.ts';
import { type After, idleIn, OpenBook } from './open-book.ts';
import type { IdleGrant, RecallFrom } from './recall.ts';
import { windowAt, windowOf } from './window.ts';

/** A request keeps the window in which it was admitted, so that for this long its ask may come after the window's end. */
const LATE_ASK_MS = 10 * 60_000;
/** Clocks and asks that are off by more than a second must not make a limit per second unusable; each second has its own book all the same. */
const SECOND_SKEW_MS = 5_000;
const TIDY_AT_BOOKS = 256;
const MAX_WANTS = 1_000;
const SWEEP_EVERY_MS = 10 * 60_000;
/** A sweep that deleted this many is followed by the next one soon: there are windows of seconds, or many users. */
const MANY_SWEPT = 20;
const SWEEP_SOON_MS = 60_000;

export interface TreasuryOptions {
  readonly store: GrantStore;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Never the same twice, also over restarts; at most 128 characters. */
  readonly newId: () => string;
  /** Default: a timer that does not keep the process alive. */
  readonly after?: After;
  /** Holders may be connected to other treasuries over the same store: these hear by the book what is recalled. Default: no. */
  readonly hasPeers?: boolean;
  /** A grant was asked back. */
  readonly onRecall?: () => void;
  /**
   * A book was found to lack what was once in it, as after a restored backup: every holder should say again what it knows (`hear`).
   * Once for each time that a book is found so.
   */
  readonly onBehind?: (key: BookKey) => void;
}

/** Amounts are in the unit of the budget. */
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

/** Tells the holder to give back, soon, what is neither spent nor reserved; false when it cannot be told. */
export type TakeRecall = (grant: GrantName) => boolean;

export const realAfter: After = (ms, task) => {
  const timer = setTimeout(task, ms).unref();
  return () => clearTimeout(timer);
};

const mapKey = (key: BookKey): string => `${key.budgetId} ${key.window}`;

export class Treasury {
  readonly #store: GrantStore;
  readonly #now: () => number;
  readonly #newId: () => string;
  readonly #after: After;
  readonly #hasPeers: boolean;
  readonly #onRecall: () => void;
  readonly #onBehind: (key: BookKey) => void;
  readonly #books = new Map<string, OpenBook>();
  /** Grows with what a tidying leaves, so that tidying costs each new book the same however many there are. */
  #tidyAt = TIDY_AT_BOOKS;
  /** By book, which wish of another replica was heard last. */
  readonly #wants = new Map<string, number>();
  readonly #recallers = new Map<string, TakeRecall>();
  #cancelSweep: (() => void) | undefined;
  #sweepAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ store, now, newId, after = realAfter, hasPeers = false, onRecall, onBehind }: TreasuryOptions) {
    this.#onRecall = onRecall ?? (() => undefined);
    this.#onBehind = onBehind ?? (() => undefined);
    this.#store = store;
    this.#now = now;
    this.#newId = newId;
    this.#after = after;
    this.#hasPeers = hasPeers && store.onChange !== undefined;
    if (hasPeers) store.onChange?.((book) => this.#noticed(book));
  }

  /** Books that are remembered: those worked on, and others until they are tidied away. */
  get size(): number {
    return this.#books.size;
  }

  /**
   * Grants at least `needed` or denies. A window that is neither the present nor the one that just ended is denied; of seconds those of five before and after are granted.
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

  /** The grant is at most `amount` from now on; resolves once it is durable. Only ever down, so that a repeated word changes nothing. */
  shrink(key: BookKey, grantId: string, amount: bigint): Promise<void> {
    return this.#book(key).shrink(grantId, amount);
  }

  /** `take` hears which grants of the holder others need, until the returned function is called. It takes the place of a former one. */
  recallsTo(holder: string, take: TakeRecall): () => void {
    this.#recallers.set(holder, take);
    return () => {
      if (this.#recallers.get(holder) === take) this.#recallers.delete(holder);
    };
  }

  /**
   * What a holder knows of one book, when it greets: a book that lacks it takes it, and grants nothing for a minute. Of a window of which
   * nothing can be asked any more it is of no weight.
   */
  async hear(budget: PolicyBudget, window: string, word: HolderWord): Promise<void> {
    const nowMs = this.#now();
    if (this.#open(budget, window, nowMs))
      await this.#book({ budgetId: budget.id, window }).hear(word, BigInt(budget.amount), nowMs);
  }

  /**
   * Recalls what the present books say the holder has and it does not name: that never arrived there, or is on its way back. Where a
   * limit has a book for each user and the store cannot tell them at once, they are left out.
   */
  async recallUnnamed(holder: string, budgets: Iterable<PolicyBudget>, named: ReadonlySet<string>): Promise<void> {
    const nowMs = this.#now();
    for (const { id: budgetId, every, per, timezone } of budgets) {
      const window = windowAt(every, nowMs, timezone).id;
      for (const key of await this.#booksAt({ budgetId, window }, per.length > 0)) {
        const held = await this.#book(key).grantsOf(holder);
        for (const grant of held) if (!named.has(grant.id)) this.#recallHere(grant);
      }
    }
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

  /** Of the window at that time, by default the present one; where each partition has its own book, the figures of the one that spent most. */
  async status(budget: PolicyBudget, atMs: number = this.#now()): Promise<BudgetStatus> {
    const { id, startMs, endMs } = windowAt(budget.every, atMs, budget.timezone);
    const limit = BigInt(budget.amount);
    const key = { budgetId: budget.id, window: id };
    const partitioned = budget.per.length > 0;
    const book = partitioned ? await this.#fullest(key, limit) : await this.#transient(key).read(limit);
    const { spent, held, remaining } = bookTotals(book);
    const percent = limit === 0n ? 100 : Number((spent * 100n) / limit);
    const fullest = isPartition(book.budgetId) ? { fullest: partitionDigest(book.budgetId) } : {};
    return { limit, spent, held, remaining, percent, ...fullest, windowStartMs: startMs, windowEndMs: endMs };
  }

  /** Has the store delete books of long ago, until close(): every ten minutes, and every minute while there are many of them. */
  keepSwept(options: SweepOptions): void {
    if (this.#sweepAtMs <= this.#now()) this.#sweep(options);
    this.#cancelSweep = this.#after(SWEEP_SOON_MS, () => this.keepSwept(options));
  }

  #sweep({ due = () => true, onFailed }: SweepOptions): void {
    const nowMs = this.#now();
    this.#sweepAtMs = nowMs + SWEEP_EVERY_MS;
    if (!due()) return;
    const swept = (count: number): void => {
      if (count >= MANY_SWEPT) this.#sweepAtMs = nowMs + SWEEP_SOON_MS;
    };
    this.#store.sweep(nowMs).then(swept, (error: unknown) => this.#closed || onFailed(error));
  }

  /** What a sidecar in the same process asks; `holder` is its instance. */
  authorityFor(holder: string): GrantAuthority {
    return {
      ask: (budget, window, needed) => this.ask(holder, budget, window, needed),
      giveBack: ({ id, budgetId, window }, final) => this.giveBack({ budgetId, window }, id, final),
      shrink: ({ id, budgetId, window, amount }) =>
        void this.shrink({ budgetId, window }, id, amount).catch(() => undefined),
      onRecall: (take) => {
        this.recallsTo(holder, (grant) => {
          take(grant);
          return true;
        });
      },
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
    for (const book of books) book.stop();
    await Promise.all(books.map((book) => book.flush()));
    await Promise.all(books.map((book) => book.drained()));
    for (const book of books) book.stop();
  }

  #open(budget: PolicyBudget, window: string, nowMs: number): boolean {
    const present = windowAt(budget.every, nowMs, budget.timezone);
    if (window === present.id) return true;
    if (budget.every === 'Second') return isNear(window, present.startMs);
    const former = windowAt(budget.every, present.startMs - 1, budget.timezone);
    return nowMs < present.startMs + LATE_ASK_MS && window === former.id;
  }

  async #booksAt(key: BookKey, partitioned: boolean): Promise<readonly BookKey[]> {
    if (!partitioned) return [key];
    if (!this.#store.watched) return [];
    return (await this.#store.books(key.budgetId)).filter(({ window }) => window === key.window);
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
    return this.#books.get(mapKey(key)) ?? this.#newBook(key);
  }

  #book(key: BookKey): OpenBook {
    const known = this.#books.get(mapKey(key));
    if (known !== undefined) return known;
    if (this.#books.size >= this.#tidyAt) this.#tidy();
    const book = this.#newBook(key);
    this.#books.set(mapKey(key), book);
    return book;
  }

  #newBook(key: BookKey): OpenBook {
    const recallFrom: RecallFrom = (grant) => this.#recallHere(grant);
    const onBehind = this.#onBehind;
    return new OpenBook(key, {
      ...{ store: this.#store, now: this.#now, after: this.#after },
      ...{ hasPeers: this.#hasPeers, recallFrom, onBehind },
    });
  }

  /** Somebody at another replica needs what holders have that are connected here. */
  #noticed(book: Book): void {
    const { wantedAtMs } = book;
    const name = mapKey(book);
    if (wantedAtMs === null || this.#wants.get(name) === wantedAtMs || this.#recallers.size === 0) return;
    if (this.#wants.size >= MAX_WANTS) this.#wants.clear();
    this.#wants.set(name, wantedAtMs);
    for (const grant of idleIn(book)) this.#recallHere(grant);
  }

  #recallHere({ holder, id, budgetId, window }: IdleGrant): boolean {
    const told = this.#recallers.get(holder)?.({ id, budgetId, window }) ?? false;
    if (told) this.#onRecall();
    return told;
  }

  #tidy(): void {
    const nowMs = this.#now();
    for (const [name, book] of this.#books) if (book.isSpare(nowMs)) this.#books.delete(name);
    this.#tidyAt = Math.max(TIDY_AT_BOOKS, 2 * this.#books.size);
  }
}

const isNear = (window: string, startMs: number): boolean =>
  window.startsWith('second-') && Math.abs((windowOf(window)?.startMs ?? 0) - startMs) <= SECOND_SKEW_MS;

const holds = ({ grants }: Book, holder: string): boolean =>
  Object.values(grants).some((grant) => grant.holder === holder);

const isFuller = (one: BookTotals, other: BookTotals): boolean =>
  one.spent === other.spent ? one.held > other.held : one.spent > other.spent;
