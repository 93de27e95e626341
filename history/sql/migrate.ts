/** Brings the tables of a place up to this version, once. */
import { HistoryUnavailable } from '#history/history-store';
import type { Sql } from './sql-database.ts';

/** Within a transaction that nobody else migrates in. Throws HistoryUnavailable when the tables are those of a newer version. */
export async function migrate(
  sql: Sql,
  {
    prefix,
    steps,
    run,
  }: { readonly prefix: string; readonly steps: readonly string[]; run(text: string): Promise<void> },
): Promise<void> {
  const table = `${prefix}history_migration`;
  await sql.all(`CREATE TABLE IF NOT EXISTS ${table} (number bigint PRIMARY KEY)`);
  const [row] = await sql.all(`SELECT COALESCE(MAX(number), 0) AS done FROM ${table}`);
  const done = Number(row?.done ?? 0);
  if (done > steps.length)
    throw new HistoryUnavailable(
      `The history is of version ${done}, and this Remora knows ${steps.length}. Run the newer Remora again, or give it another place.`,
    );
  for (const [index, step] of steps.entries()) {
    if (index < done) continue;
    await run(step);
    await sql.all(`INSERT INTO ${table} VALUES (?)`, [index + 1]);
  }
}
