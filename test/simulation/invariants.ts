/** What must hold: after each operation settled + open grants ≤ limit and providers billed no more than that; at the end every book says what its rows say. */
import assert from 'node:assert/strict';
import { limitOfBook } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import type { LedgerServer } from '#test/treasury/ledger-server';
import type { Book } from '#treasury/book';
import { decodeBook } from '#treasury/book-codec';
import { amountIn, type Job, keyOf } from './job.ts';

export const INVARIANT = 'settled + open grants <= limit';

const openOf = (book: Book): bigint => Object.values(book.grants).reduce((sum, { amount }) => sum + amount, 0n);

export class Invariants {
  readonly #server: LedgerServer;
  /** The highest that each limit ever was. */
  readonly #limits = new Map<string, bigint>();
  readonly #billed = new Map<string, bigint>();
  readonly #jobs = new Map<string, Job>();
  /** By instance and number, as the history of usage keeps them. */
  readonly #rows = new Map<string, UsageRecord>();
  #decoded: { readonly writes: number; readonly books: readonly Book[] } = { writes: -1, books: [] };
  #isChecked = false;

  constructor(server: LedgerServer) {
    this.#server = server;
  }

  allow(budgets: readonly PolicyBudget[]): void {
    for (const { id, amount } of budgets) {
      const known = this.#limits.get(id) ?? 0n;
      this.#limits.set(id, known > BigInt(amount) ? known : BigInt(amount));
    }
  }

  sent(job: Job): void {
    assert.ok(!this.#jobs.has(job.requestId), 'a request was sent twice');
    this.#jobs.set(job.requestId, job);
  }

  billed(job: Job): void {
    this.#isChecked = false;
    for (const book of job.books) {
      const key = keyOf(book);
      this.#billed.set(key, (this.#billed.get(key) ?? 0n) + amountIn(book.unit, job.tokens));
    }
  }

  told(records: readonly UsageRecord[]): void {
    for (const record of records) {
      const key = `${record.instance} ${record.seq}`;
      const known = this.#rows.get(key);
      if (known !== undefined) assert.deepEqual(record, known, 'one row came with two contents');
      this.#rows.set(key, record);
    }
  }

  /** After every operation. */
  check(): void {
    if (this.#isChecked && this.#decoded.writes === this.#server.writes) return;
    this.#isChecked = true;
    const counted = new Map<string, bigint>();
    for (const book of this.#books()) {
      const limit = this.#limits.get(limitOfBook(book.budgetId)) ?? 0n;
      const taken = book.settled + openOf(book);
      counted.set(keyOf(book), taken);
      assert.ok(book.settled >= 0n, 'settled less than nothing');
      assert.equal(book.overrun, 0n, 'more was spent than a grant allowed');
      assert.ok(taken <= limit, `${book.settled} settled + ${openOf(book)} open > ${limit}`);
    }
    for (const [key, spent] of this.#billed) {
      const book = counted.get(key) ?? 0n;
      assert.ok(spent <= book, `${key}: the provider billed ${spent}, the book counts ${book}`);
    }
  }

  /** When everybody is well, idle and has told what there was to tell. `exact`: nothing was lost that a book cannot know to be unspent. */
  checkEnd(exact: boolean): void {
    this.check();
    const rows = [...this.#rows.values()];
    const requests = new Set(rows.map(({ requestId }) => requestId));
    assert.equal(requests.size, rows.length, 'a row is doubled');
    for (const requestId of this.#jobs.keys()) assert.ok(requests.has(requestId), 'a row is lost');
    const owed = this.#owed(rows);
    for (const book of this.#books()) {
      const spent = owed.get(keyOf(book)) ?? 0n;
      assert.ok(book.settled >= spent, `a book says ${book.settled}, its rows ${spent}`);
      if (!exact) continue;
      assert.deepEqual(Object.keys(book.grants), [], 'a grant is stranded');
      assert.equal(book.settled, spent, 'a book does not say what its rows say');
    }
  }

  /** What each book owes by its rows. */
  #owed(rows: readonly UsageRecord[]): ReadonlyMap<string, bigint> {
    const owed = new Map<string, bigint>();
    for (const row of rows) {
      const { inputTokens, cachedInputTokens, outputTokens, costNanoUsd, requestId } = row;
      const tokens = BigInt(inputTokens + cachedInputTokens + outputTokens);
      for (const book of this.#jobs.get(requestId)?.books ?? []) {
        const amount = book.unit === 'tokens' ? tokens : BigInt(costNanoUsd);
        owed.set(keyOf(book), (owed.get(keyOf(book)) ?? 0n) + amount);
      }
    }
    return owed;
  }

  #books(): readonly Book[] {
    if (this.#decoded.writes !== this.#server.writes) {
      const books = this.#server.objects.map(({ spec }) => decodeBook(spec.book));
      this.#decoded = { writes: this.#server.writes, books };
    }
    return this.#decoded.books;
  }
}
