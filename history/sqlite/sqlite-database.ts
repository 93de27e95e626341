/** SQLite in this thread. Everything here blocks: it belongs into a worker. */
import { backup, DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlRow, SqlValue } from '#history/columns';
import { DAY_MS } from '#history/days';
import { HistoryUnavailable } from '#history/history-store';
import { migrate } from '#history/sql/migrate';
import { migrations } from '#history/sql/schema';
import type { Sql, SqlDatabase } from '#history/sql/sql-database';

const PAGE_BYTES = 8_192;
const CACHE_KIB = 32_768;
const BUSY_MS = 5_000;
const MOST_STATEMENTS = 64;

const SETTINGS = [
  `page_size = ${PAGE_BYTES}`,
  'journal_mode = WAL',
  // What is told to be kept is on the disk.
  'synchronous = FULL',
  `busy_timeout = ${BUSY_MS}`,
  `cache_size = -${CACHE_KIB}`,
];

const STEPS = migrations({ prefix: '', keyed: 'WITHOUT ROWID', rows: 'WITHOUT ROWID' });

export interface SqliteOptions {
  readonly file: string;
  readonly readOnly: boolean;
  /** Above which the file does not grow. */
  readonly maxBytes: number;
}

export class SqliteDatabase implements SqlDatabase, Sql {
  readonly prefix = '';
  readonly forShare = '';
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The transaction before; there is one connection, and a transaction has its awaits. */
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Throws HistoryUnavailable. */
  static async open({ file, readOnly, maxBytes }: SqliteOptions): Promise<SqliteDatabase> {
    let opened: DatabaseSync | undefined;
    try {
      opened = new DatabaseSync(file, { readOnly, timeout: BUSY_MS });
      const db = new SqliteDatabase(opened);
      if (readOnly) return db;
      for (const setting of SETTINGS) db.#db.exec(`PRAGMA ${setting}`);
      db.#db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`);
      await db.write((sql) => migrate(sql, { prefix: '', steps: STEPS, run: async (text) => db.#db.exec(text) }));
      return db;
    } catch (error) {
      opened?.close();
      throw unavailable(error);
    }
  }

  readonly write = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => this.#transaction('BEGIN IMMEDIATE', work);
  readonly read = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => this.#transaction('BEGIN', work);

  async all(text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return this.#statement(text).all(...values) as unknown as readonly SqlRow[];
  }

  async prepareMonths(): Promise<void> {}

  async deleteRowsBefore(sql: Sql, day: number, most: number): Promise<number> {
    const some = `SELECT time_ms, instance, seq FROM usage_row WHERE time_ms < ? LIMIT ${most}`;
    const deleted = `DELETE FROM usage_row WHERE (time_ms, instance, seq) IN (${some}) RETURNING 1 AS one`;
    return (await sql.all(deleted, [day * DAY_MS])).length;
  }

  /** A whole copy, made beside what is going on. */
  async backup(file: string): Promise<void> {
    await backup(this.#db, file);
  }

  async close(): Promise<void> {
    await this.#tail.catch(() => {});
    this.#statements.clear();
    this.#db.close();
  }

  #statement(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined && this.#statements.size >= MOST_STATEMENTS) this.#statements.delete(oldest);
    const statement = this.#db.prepare(text);
    statement.setReadBigInts(true);
    this.#statements.set(text, statement);
    return statement;
  }

  #transaction<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const done = this.#tail.catch(() => {}).then(() => this.#run(begin, work));
    this.#tail = done.catch(() => {});
    return done;
  }

  async #run<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      this.#db.exec(begin);
      const result = await work(this);
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw unavailable(error);
    }
  }
}

/** SQLITE_FULL: the disk or the stated limit. */
const FULL = 13;

function unavailable(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  return new HistoryUnavailable(
    error.errcode === FULL
      ? 'SQLite: the volume of the history, or its stated size, is full. Give it more room, keep rows for a shorter time, or use PostgreSQL.'
      : `SQLite: ${error.message}`,
    error,
  );
}
