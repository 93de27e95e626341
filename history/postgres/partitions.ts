/** The months of the rows as partitions. */
import { DAY_MS, dateOfDay, monthOf } from '#history/days';
import type { Sql } from '#history/sql/sql-database';

const nameOf = (month: number): string => `usage_row_${dateOfDay(month).slice(0, 7).replace('-', '_')}`;

/** Makes those that are missing. Safe in two transactions at once, of which the second waits. */
export async function makePartitions(sql: Sql, lock: number, months: readonly number[]): Promise<void> {
  const there = new Set((await partitions(sql)).map(({ month }) => month));
  const missing = months.filter((month) => !there.has(month));
  if (missing.length === 0) return;
  await sql.all('SELECT pg_advisory_xact_lock(?)', [lock]);
  for (const month of missing)
    await sql.all(
      `CREATE TABLE IF NOT EXISTS remora.${nameOf(month)} PARTITION OF remora.usage_row
FOR VALUES FROM (${month * DAY_MS}) TO (${monthOf(month, 1) * DAY_MS})`,
    );
}

/** Drops the oldest that ends by this day; resolves to whether there was one. */
export async function dropPartition(sql: Sql, day: number): Promise<boolean> {
  const [oldest] = (await partitions(sql)).filter(({ month }) => monthOf(month, 1) <= day);
  if (oldest === undefined) return false;
  // Whoever reads or writes meanwhile waits behind us: not for long, if we may wait but a moment ourselves.
  await sql.all("SET LOCAL lock_timeout = '2s'");
  await sql.all(`DROP TABLE remora.${oldest.name}`);
  return true;
}

interface Partition {
  readonly name: string;
  readonly month: number;
}

async function partitions(sql: Sql): Promise<readonly Partition[]> {
  const found = await sql.all(
    `SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'remora.usage_row'::regclass AND c.relname ~ '^usage_row_[0-9]{4}_[0-9]{2}$' ORDER BY c.relname`,
  );
  return found.map(({ name }) => ({ name: String(name), month: monthOfName(String(name)) }));
}

const monthOfName = (name: string): number => Date.parse(`${name.slice(-7).replace('_', '-')}-01T00:00:00Z`) / DAY_MS;
