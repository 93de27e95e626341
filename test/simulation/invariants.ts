/** What must hold: after each operation settled + open grants ≤ limit and providers billed no more than that; at the end every book says what its rows say. */
import assert from 'node:assert/strict';
import { type UsageRow, usageRow } from '#contract/history/usage-row';
import { limitOfBook } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LedgerServer } from '#test/treasury/ledger-server';
import type { Book } from '#treasury/book';
import { decodeBook } from '#treasury/book-codec';
import { amountIn, type Counted, type Job, keyOf } from './job.ts';

export const INVARIANT = 'settled + open grants <= limit';

interface End {
  /** Nobody was taken for gone: what a pod holds then counts as spent, whatever it did with it. */
  readonly isExact: boolean;
  /** Of a window that is over nobody asks for what was lost on its way. */
  readonly isOver: (window: string) => boolean;
}

const openOf = (book: Book): bigint => Object.values(book.grants).reduce((sum, { amount }) => sum + amount, 0n);

export class Invariants {
  readonly #server: LedgerServer;
  /** The highest that each limit ever was. */
  readonly #limits = new Map<string, bigint>();
  readonly #billed = new Map<string, bigint>();
  readonly #jobs = new Map<string, Job>();
  /** By request, where it counts, whether it came to be a job or its sidecar was killed before. */
  readonly #books = new Map<string, readonly Counted[]>();
  /** By instance and number, as the history of usage keeps them. */
  readonly #rows = new Map<string, UsageRow>();
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

  asked(requestId: string, books: readonly Counted[]): void {
    this.#books.set(requestId, books);
  }

  sent(job: Job): void {
    assert.ok(!this.#jobs.has(job.requestId), 'a request was sent twice');
    this.#jobs.set(job.requestId, job);
  }

  billed(job: Job): void {
    this.#isChecked = false;
    for (const book of job.books)
      for (const key of job.isStream ? [book.budgetId] : [book.budgetId, keyOf(book)])
        add(this.#billed, key, amountIn(book.unit, job.tokens));
  }

  kept(rows: readonly unknown[]): void {
    for (const each of rows) {
      const row = usageRow.parse(each);
      const key = `${row.instance} ${row.seq}`;
      const known = this.#rows.get(key);
      if (known !== undefined) assert.deepEqual(row, known, 'one row came with two contents');
      this.#rows.set(key, row);
    }
  }

  /** After every operation. */
  check(): void {
    if (this.#isChecked && this.#decoded.writes === this.#server.writes) return;
    this.#isChecked = true;
    const counted = new Map<string, bigint>();
    for (const book of this.#readBooks()) {
      const limit = this.#limits.get(limitOfBook(book.budgetId)) ?? 0n;
      const taken = book.settled + openOf(book);
      counted.set(keyOf(book), taken);
      add(counted, book.budgetId, taken);
      assert.ok(book.settled >= 0n, 'settled less than nothing');
      assert.equal(book.overrun, 0n, 'more was spent than a grant allowed');
      assert.ok(taken <= limit, `${book.settled} settled + ${openOf(book)} open > ${limit}`);
    }
    for (const [key, spent] of this.#billed) {
      const book = counted.get(key) ?? 0n;
      assert.ok(spent <= book, `${key}: the provider billed ${spent}, the book counts ${book}`);
    }
  }

  /** When everybody is well, idle and has told what there was to tell. */
  checkEnd({ isExact, isOver }: End): void {
    this.check();
    const rows = [...this.#rows.values()];
    const requests = new Set(rows.map(({ requestId }) => requestId));
    assert.equal(requests.size, rows.length, 'a row is doubled');
    for (const requestId of this.#jobs.keys()) assert.ok(requests.has(requestId), 'a row is lost');
    const settled = new Map<string, bigint>();
    for (const book of this.#readBooks()) {
      add(settled, book.budgetId, book.settled);
      if (!isOver(book.window)) assert.deepEqual(Object.keys(book.grants), [], 'a grant is stranded');
    }
    for (const [budgetId, owed] of this.#owed(rows)) {
      const said = settled.get(budgetId) ?? 0n;
      assert.ok(isExact ? said === owed : said >= owed, `the books of ${budgetId} say ${said}, their rows ${owed}`);
    }
  }

  /** What the books of each limit owe by its rows, in all windows. */
  #owed(rows: readonly UsageRow[]): ReadonlyMap<string, bigint> {
    const owed = new Map<string, bigint>();
    for (const row of rows)
      for (const { budgetId, unit } of this.#books.get(row.requestId) ?? []) {
        const amount = unit === 'tokens' ? BigInt(row.inputTokens + row.outputTokens) : row.costNanoUsd;
        assert.ok(amount !== null, 'the cost of a row is not known');
        add(owed, budgetId, amount);
      }
    return owed;
  }

  #readBooks(): readonly Book[] {
    if (this.#decoded.writes !== this.#server.writes) {
      const books = this.#server.objects.map(({ spec }) => decodeBook(spec.book));
      this.#decoded = { writes: this.#server.writes, books };
    }
    return this.#decoded.books;
  }
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}
