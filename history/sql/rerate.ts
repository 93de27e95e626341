/** Rows whose price was wrong, and the sums that they are in, are put right together, a step at a time. */
import { costAt } from '#contract/history/rates';
import type { UsageRow } from '#contract/history/usage-row';
import { measuresOf, type SqlValue } from '#history/columns';
import type { Corrected, Correction, RowCursor } from '#history/history-store';
import type { Change } from '#history/roll-up';
import { addToSums } from './append.ts';
import { readRows } from './read-rows.ts';
import type { Sql, SqlDatabase } from './sql-database.ts';

const STEP_ROWS = 2_000;

interface Step extends Corrected {
  readonly next: RowCursor | undefined;
}

export async function rerate(db: SqlDatabase, correction: Correction): Promise<Corrected> {
  let done: Corrected = { rows: 0, differenceNanoUsd: 0n };
  let after: RowCursor | undefined;
  do {
    const step = await db.write((sql) => rerateSome(db, sql, correction, after));
    done = { rows: done.rows + step.rows, differenceNanoUsd: done.differenceNanoUsd + step.differenceNanoUsd };
    after = step.next;
  } while (after !== undefined);
  return done;
}

async function rerateSome(
  db: SqlDatabase,
  sql: Sql,
  { provider, model, fromMs, toMs, rates, priceVersion }: Correction,
  after: RowCursor | undefined,
): Promise<Step> {
  // Two corrections at once would both reckon from what the row was before.
  await sql.all(`UPDATE ${db.prefix}setting SET value = value + 1 WHERE name = 'corrections'`);
  const filter = { fromMs, toMs, where: { provider: [provider], model: [model] } };
  const { rows, next } = await readRows(db.prefix, sql, filter, after, STEP_ROWS);
  const changed = rows.flatMap((row) => {
    if (row.billing === 'nothing') return [];
    const costNanoUsd = costAt(rates, row);
    const isRight = row.costNanoUsd === costNanoUsd && row.priceVersion === priceVersion;
    return isRight ? [] : [{ before: row, after: { ...row, costNanoUsd, priceVersion } }];
  });
  if (changed.length > 0) {
    await updateRows(
      db,
      sql,
      changed.map(({ after: row }) => row),
    );
    await addToSums(
      db,
      sql,
      changed.map(({ before, after: row }) => difference(before, row)),
    );
  }
  const differenceNanoUsd = changed.reduce(
    (sum, { before, after: row }) => sum + row.costNanoUsd - (before.costNanoUsd ?? 0n),
    0n,
  );
  return { rows: changed.length, differenceNanoUsd, next };
}

function difference(before: UsageRow, row: UsageRow): Change {
  const old = measuresOf(before);
  return { row, measures: measuresOf(row).map((value, index) => value - (old[index] ?? 0n)) };
}

async function updateRows(db: SqlDatabase, sql: Sql, rows: readonly UsageRow[]): Promise<void> {
  const tuple = '(CAST(? AS bigint), CAST(? AS text), CAST(? AS bigint), CAST(? AS bigint), CAST(? AS text))';
  const values: SqlValue[] = rows.flatMap(({ timeMs, instance, seq, costNanoUsd, priceVersion }) => [
    ...[timeMs, instance, seq, costNanoUsd, priceVersion],
  ]);
  // Both engines call the columns of VALUES so.
  await sql.all(
    `UPDATE ${db.prefix}usage_row AS u SET cost_nano_usd = v.column4, price_version = v.column5
FROM (VALUES ${rows.map(() => tuple).join(',')}) AS v
WHERE u.time_ms = v.column1 AND u.instance = v.column2 AND u.seq = v.column3`,
    values,
  );
}
