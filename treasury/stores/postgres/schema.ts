/** The table of books, and what is asked of a server before anything is granted from it. */
import type { Pool } from 'pg';
import { StoreUnavailable } from '#treasury/grant-store';

/** Replicas that start together make it one after the other; any number will do that nobody else uses. */
const LOCK = 7_266_672;

const TABLE = `
CREATE SCHEMA IF NOT EXISTS remora;
CREATE TABLE IF NOT EXISTS remora.book (
  budget_id text NOT NULL,
  window_id text NOT NULL,
  -- namespace/name/limit, the same for all partitions and windows.
  limit_id text NOT NULL,
  -- The condition of each write.
  revision bigint NOT NULL,
  -- Unix milliseconds; after it the book may be deleted.
  keep_until bigint NOT NULL,
  book text NOT NULL,
  PRIMARY KEY (budget_id, window_id)
);
CREATE INDEX IF NOT EXISTS book_limit ON remora.book (limit_id);
CREATE INDEX IF NOT EXISTS book_keep_until ON remora.book (keep_until);
`;

/** Makes what is missing. Rejects with StoreUnavailable when the server may forget what it has confirmed. */
export async function prepareSchema(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ readonly durable: boolean; readonly made: boolean }>(
    `SELECT current_setting('synchronous_commit') <> 'off' AS durable, to_regclass('remora.book_keep_until') IS NOT NULL AS made`,
  );
  const [server] = rows;
  if (server?.durable !== true)
    throw new StoreUnavailable(
      'PostgreSQL has synchronous_commit off and may forget grants that it has confirmed. Set it to on for the database or the user of Remora.',
    );
  // Whoever may only read and write rows can still use a table that somebody else made.
  if (!server.made) await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(${LOCK}); ${TABLE} COMMIT;`);
}
