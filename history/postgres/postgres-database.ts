/** PostgreSQL as the history asks it: a pool, transactions, and partitions by month. */
import type { Pool, PoolClient } from 'pg';
import type { SqlRow, SqlValue } from '#history/columns';
import { HistoryUnavailable } from '#history/history-store';
import { migrate } from '#history/sql/migrate';
import { migrations } from '#history/sql/schema';
import type { Sql, SqlDatabase } from '#history/sql/sql-database';
import { dropPartition, makePartitions } from './partitions.ts';

const CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 2_000;
const ANSWER_WITHIN_MS = 30_000;
/** Replicas that start together make the tables one after the other; the store of grants has the number before. */
const LOCK = 7_266_673;

const STEPS = migrations({ prefix: 'remora.', keyed: '', rows: 'PARTITION BY RANGE (time_ms)' });

export class PostgresDatabase implements SqlDatabase {
  readonly prefix = 'remora.';
  readonly forShare = ' FOR SHARE';
  readonly #url: string;
  readonly #running = new Set<Promise<unknown>>();
  #pool: Promise<Pool> | undefined;
  #closed = false;

  constructor(url: string) {
    this.#url = url;
  }

  readonly write = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => this.#transaction('BEGIN', work);
  readonly read = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    this.#transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work);

  prepareMonths(sql: Sql, months: readonly number[]): Promise<void> {
    return makePartitions(sql, LOCK, months);
  }

  async deleteRowsBefore(sql: Sql, day: number): Promise<number> {
    return (await dropPartition(sql, day)) ? 1 : 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool?.catch(() => undefined))?.end();
  }

  #transaction<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new HistoryUnavailable('the history is closed'));
    const running = this.#run(begin, work);
    const done = (): void => void this.#running.delete(running);
    this.#running.add(running);
    running.then(done, done);
    return running;
  }

  async #run<T>(begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      const client = await (await this.#connected()).connect();
      return await inTransaction(client, begin, work);
    } catch (error) {
      throw error instanceof HistoryUnavailable ? error : unavailable(error);
    }
  }

  /** One try at a time; what failed is tried anew by the next call. */
  #connected(): Promise<Pool> {
    if (this.#pool !== undefined) return this.#pool;
    const opening = openPool(this.#url);
    this.#pool = opening;
    opening.catch(() => {
      if (this.#pool === opening) this.#pool = undefined;
    });
    return opening;
  }
}

async function inTransaction<T>(client: PoolClient, begin: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  let broken: Error | undefined;
  // A connection that breaks rejects what is asked of it, too.
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query(begin);
    const result = await work({ all: (text, values) => ask(client, text, values) });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(onError);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

async function ask(client: PoolClient, text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
  let place = 0;
  const numbered = text.replaceAll('?', () => {
    place += 1;
    return `$${place}`;
  });
  return (await client.query<SqlRow>(numbered, [...values])).rows;
}

async function openPool(url: string): Promise<Pool> {
  // Loaded by whoever uses it alone.
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'remora-history',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    statement_timeout: ANSWER_WITHIN_MS,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced by the next query.
  pool.on('error', () => {});
  try {
    const client = await pool.connect();
    await inTransaction(client, 'BEGIN', (sql) => prepare(sql, client));
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function prepare(sql: Sql, client: PoolClient): Promise<void> {
  const [server] = await sql.all(
    `SELECT current_setting('synchronous_commit') AS durable, current_setting('server_version_num')::int AS version`,
  );
  if (server?.durable === 'off')
    throw new HistoryUnavailable(
      'PostgreSQL has synchronous_commit off and may forget rows that it has confirmed. Set it to on for the database or the user of Remora.',
    );
  if (Number(server?.version) < 150_000) throw new HistoryUnavailable('PostgreSQL must be 15 or newer.');
  await sql.all('SELECT pg_advisory_xact_lock(?)', [LOCK]);
  await sql.all('CREATE SCHEMA IF NOT EXISTS remora');
  await migrate(sql, {
    prefix: 'remora.',
    steps: STEPS,
    run: async (text) => void (await client.query(text)),
  });
}

/** The server's own words; those of a connection that fails name host and user, never the password. */
const unavailable = (error: unknown): HistoryUnavailable =>
  new HistoryUnavailable(`PostgreSQL: ${error instanceof Error ? error.message : String(error)}`, error);
