/** One book as a running treasury works on it: queued changes, reports written back lazily, and how much each holder uses of late. */
import type { PolicyBudget } from '#contract/policy/policy';
import { type Book, bookTotals, forfeit, issueGrant, newBook, reportUsed, returnGrant, withLimit } from './book.ts';
import { BookQueue } from './book-queue.ts';
import { type GrantAnswer, GrantRefused, type GrantUsage } from './grant-authority.ts';
import { type Demand, desiredGrant, HORIZON_MS, withGrant } from './grant-size.ts';
import type { BookKey, BookStep, GrantStore } from './grant-store.ts';
import { issueSoftGrant } from './soft-grant.ts';
import { RUN_KEPT_MS } from './window.ts';

/** Reports alone cause at most one write per book in this time. */
const REPORT_FLUSH_MS = 2_000;
const MAX_HOLDERS = 10_000;
const MAX_REPORTS = 10_000;
const MAX_UNSENT = 1_000;

/** Runs `task` once after `ms` unless the returned function is called before. */
export type After = (ms: number, task: () => void) => () => void;

export interface Ask {
  readonly id: string;
  readonly holder: string;
  readonly budget: PolicyBudget;
  readonly needed: bigint;
  readonly nowMs: number;
}

export class OpenBook {
  readonly key: BookKey;
  readonly #queue: BookQueue;
  readonly #store: GrantStore;
  readonly #after: After;
  readonly #demands = new Map<string, Demand>();
  readonly #reports = new Map<string, bigint>();
  /** Grants that may have become durable although the asker was told they failed; nobody can spend them. */
  readonly #unsent = new Set<string>();
  #cancelFlush: (() => void) | undefined;
  #grantedAtMs = Number.NEGATIVE_INFINITY;

  constructor(key: BookKey, store: GrantStore, after: After) {
    this.key = key;
    this.#store = store;
    this.#after = after;
    this.#queue = new BookQueue(store, key);
  }

  /** Nothing is under way, and all is in the store. */
  get idle(): boolean {
    return this.#queue.idle && this.#reports.size === 0 && this.#unsent.size === 0;
  }

  /** Nothing is lost when it is forgotten, not even what its holders use of late. */
  isSpare(nowMs: number): boolean {
    return this.idle && this.#grantedAtMs + HORIZON_MS <= nowMs;
  }

  async ask({ id, holder, budget, needed, nowMs }: Ask): Promise<GrantAnswer> {
    const limit = BigInt(budget.amount);
    const desired = desiredGrant(this.#demands.get(holder), needed, nowMs);
    try {
      const answer = await this.#submit((book) => {
        const current = withLimit(book ?? newBook(this.key, limit), limit);
        const issue = budget.soft ? issueSoftGrant : issueGrant;
        const change = issue(current, { id, holder, needed, desired });
        // A refusal is no reason to write.
        if (!change.result.granted) return { book, result: change.result };
        return budget.every === 'Run' ? { ...change, book: keptUntil(change.book, nowMs + RUN_KEPT_MS) } : change;
      });
      if (answer.granted) this.#remember(holder, answer.grant.amount, nowMs);
      return answer;
    } catch (error) {
      if (!(error instanceof GrantRefused) && this.#unsent.size < MAX_UNSENT) this.#unsent.add(id);
      throw error;
    }
  }

  giveBack(grantId: string, final: bigint): Promise<void> {
    return this.#change((book) => returnGrant(book, grantId, final));
  }

  forfeit(holder: string): Promise<void> {
    this.#demands.delete(holder);
    return this.#change((book) => forfeit(book, holder));
  }

  report(usages: readonly GrantUsage[]): void {
    for (const { grantId, used } of usages) this.#noteReport(grantId, used);
    if (this.#reports.size > 0) this.#cancelFlush ??= this.#after(REPORT_FLUSH_MS, () => void this.flush());
  }

  /** Writes what was reported. A failure keeps the reports for the next write; they are of no weight for the cap. */
  async flush(): Promise<void> {
    if (this.#reports.size === 0 && this.#unsent.size === 0) return;
    await this.#change((book) => book).catch(() => undefined);
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** What the store holds, and what was reported since. */
  async read(limit: bigint): Promise<Book> {
    const book = (await this.#store.read(this.key)) ?? newBook(this.key, limit);
    let current = withLimit(book, limit);
    for (const [id, used] of this.#reports) current = reportUsed(current, id, used);
    return current;
  }

  async denial(limit: bigint): Promise<GrantAnswer> {
    const { spent, held } = bookTotals(await this.read(limit));
    return { granted: false, limit, spent, held };
  }

  stop(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
  }

  #noteReport(grantId: string, used: bigint): void {
    const known = this.#reports.get(grantId) ?? 0n;
    if (known === 0n && this.#reports.size >= MAX_REPORTS) return;
    if (used > known) this.#reports.set(grantId, used);
  }

  #remember(holder: string, amount: bigint, nowMs: number): void {
    this.#grantedAtMs = nowMs;
    if (this.#demands.size >= MAX_HOLDERS) this.#demands.clear();
    this.#demands.set(holder, withGrant(this.#demands.get(holder), amount, nowMs));
  }

  /** A change of a book that exists; one that is gone was swept long after its window. */
  #change(change: (book: Book) => Book): Promise<void> {
    return this.#submit((book) => ({ book: book === undefined ? undefined : change(book), result: undefined }));
  }

  /** Every write takes along what was reported and what must be undone; both are harmless when they are applied twice. */
  async #submit<T>(step: BookStep<T>): Promise<T> {
    this.stop();
    const reports = [...this.#reports];
    const unsent = [...this.#unsent];
    const result = await this.#queue.submit((book) => step(tidied(book, reports, unsent)));
    for (const [id, used] of reports) if (this.#reports.get(id) === used) this.#reports.delete(id);
    for (const id of unsent) this.#unsent.delete(id);
    return result;
  }
}

const keptUntil = (book: Book, keptUntilMs: number): Book => ({ ...book, keptUntilMs });

function tidied(book: Book | undefined, reports: readonly [string, bigint][], unsent: readonly string[]) {
  if (book === undefined) return undefined;
  const undone = unsent.reduce((current, id) => returnGrant(current, id, 0n), book);
  return reports.reduce((current, [id, used]) => reportUsed(current, id, used), undone);
}
