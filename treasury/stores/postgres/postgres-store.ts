/**
 * Books as rows of PostgreSQL, for more budgets than an API server carries, or for one cap over several clusters: those that name the
 * same AIBudget in the same namespace share its books. Every change is a conditional write on the revision that was read.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { limitOfBook } from '#contract/policy/book-id';
import type { Book } from '#treasury/book';
import { decodeBook, decodeReadable, encodeBook } from '#treasury/book-codec';
import { type BookKey, type BookStep, disposableAtMs, type GrantStore, StoreUnavailable } from '#treasury/grant-store';
import { OpenWork } from '#treasury/stores/open-work';
import type { GrantStoreKind } from '#treasury/stores/store-kind';
import { connectionTo } from './connection.ts';
import { prepareSchema } from './schema.ts';
import { isWish, tellingWish, Wishes, wishPayload } from './wishes.ts';

const MAX_ATTEMPTS = 16;
const FIRST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 200;
const CONNECTIONS = 8;
/** Rows that one statement of a sweep deletes: so many lock nobody out for long. */
const SWEPT_AT_ONCE = 5_000;

const INSERT = `INSERT INTO remora.book (budget_id, window_id, limit_id, revision, book, keep_until)
  VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT DO NOTHING RETURNING revision`;
const UPDATE = `UPDATE remora.book SET revision = revision + 1, book = $4, keep_until = $5
  WHERE budget_id = $1 AND window_id = $2 AND revision = $3 RETURNING revision`;

type SqlValue = string | number | readonly string[];

interface Row {
  readonly revision: string;
  readonly book: string;
}

class PostgresGrantStore implements GrantStore {
  readonly watched = false;
  readonly #url: string;
  readonly #self = randomUUID();
  readonly #work = new OpenWork();
  #wishes: Wishes | undefined;
  #pool: Promise<Pool> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  onChange(take: (book: Book) => void): void {
    const read = (keys: readonly BookKey[]): Promise<readonly Book[]> => this.#work.run(() => this.#readable(keys));
    this.#wishes?.stop();
    this.#wishes = new Wishes({ url: this.#url, self: this.#self, read, take });
  }

  async read(key: BookKey): Promise<Book | undefined> {
    const row = await this.#row(key);
    return row && decodeBook(row.book);
  }

  update<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    return this.#work.run(() => this.#update(key, step));
  }

  async books(limitId?: string): Promise<readonly Book[]> {
    const rows =
      limitId === undefined
        ? await this.#query<Row>('SELECT book FROM remora.book')
        : await this.#query<Row>('SELECT book FROM remora.book WHERE limit_id = $1', limitId);
    return rows.map(({ book }) => decodeBook(book));
  }

  sweep(nowMs: number): Promise<number> {
    return this.#work.run(() => this.#sweep(nowMs));
  }

  async close(): Promise<void> {
    this.#wishes?.stop();
    await this.#work.close();
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool?.catch(() => undefined))?.end();
  }

  async #update<T>(key: BookKey, step: BookStep<T>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await delay(Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt));
      const present = await this.#row(key);
      const book = present && decodeBook(present.book);
      const next = step(book);
      if (next.book === undefined || next.book === book) return next.result;
      if (await this.#written(key, next.book, present, isWish(next.book, book))) return next.result;
    }
    throw new StoreUnavailable(`${MAX_ATTEMPTS} writers in a row were faster on the book of ${key.budgetId}`);
  }

  async #row({ budgetId, window }: BookKey): Promise<Row | undefined> {
    const [row] = await this.#query<Row>(
      'SELECT revision, book FROM remora.book WHERE budget_id = $1 AND window_id = $2',
      budgetId,
      window,
    );
    return row;
  }

  /** Those of these that are there and are books. */
  async #readable(keys: readonly BookKey[]): Promise<readonly Book[]> {
    const rows = await this.#query<Row>(
      'SELECT book FROM remora.book JOIN unnest($1::text[], $2::text[]) AS key (b, w) ON budget_id = b AND window_id = w',
      keys.map(({ budgetId }) => budgetId),
      keys.map(({ window }) => window),
    );
    return rows.flatMap(({ book }) => decodeReadable(book) ?? []);
  }

  /** False: another writer was faster. */
  async #written(key: BookKey, book: Book, present: Row | undefined, wish: boolean): Promise<boolean> {
    const { budgetId, window } = key;
    const change = present === undefined ? INSERT : UPDATE;
    const third = present?.revision ?? limitOfBook(budgetId);
    const values = [budgetId, window, third, encodeBook(book), disposableAtMs(book)];
    const written = wish
      ? await this.#query(tellingWish(change, 6), ...values, wishPayload(this.#self, key))
      : await this.#query(change, ...values);
    return written.length > 0;
  }

  async #sweep(nowMs: number): Promise<number> {
    let deleted = 0;
    while (!this.#work.closed) {
      const rows = await this.#query(
        // The outer condition is for a book that something is granted from meanwhile.
        `DELETE FROM remora.book WHERE keep_until < $1 AND (budget_id, window_id) IN
         (SELECT budget_id, window_id FROM remora.book WHERE keep_until < $1 LIMIT ${SWEPT_AT_ONCE}) RETURNING revision`,
        nowMs,
      );
      deleted += rows.length;
      if (rows.length < SWEPT_AT_ONCE) break;
    }
    return deleted;
  }

  async #query<R extends object>(text: string, ...values: readonly SqlValue[]): Promise<readonly R[]> {
    try {
      const pool = await this.#connected();
      return (await pool.query<R>(text, [...values])).rows;
    } catch (error) {
      throw error instanceof StoreUnavailable ? error : unavailable(error);
    }
  }

  /** One try at a time; what failed is tried anew by the next call. */
  #connected(): Promise<Pool> {
    const known = this.#pool;
    if (known !== undefined) return known;
    const opening = openPool(this.#url);
    this.#pool = opening;
    opening.catch(() => {
      if (this.#pool === opening) this.#pool = undefined;
    });
    return opening;
  }
}

async function openPool(url: string): Promise<Pool> {
  // Loaded by whoever uses it alone.
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    ...connectionTo(url),
    max: CONNECTIONS,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced by the next query.
  pool.on('error', () => {});
  try {
    await prepareSchema(pool);
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** The server's own words; those of a connection that fails name host and user, never the password. */
const unavailable = (error: unknown): StoreUnavailable =>
  new StoreUnavailable(`PostgreSQL: ${error instanceof Error ? error.message : String(error)}`, error);

export const POSTGRES_STORE: GrantStoreKind = {
  form: 'postgres://<user>:<password>@<host>/<database>',
  pattern: /^postgres(ql)?:\/\/.+$/,
  shared: true,
  open: (url) => new PostgresGrantStore(url),
};
