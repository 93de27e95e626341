/** Rows go in, and into the sums, in one transaction: each once. */
import { MEASURES } from '#contract/history/report';
import type { UsageRow } from '#contract/history/usage-row';
import {
  columnOf,
  MEASURE_COLUMNS,
  measuresOf,
  ROW_COLUMNS,
  rowValues,
  SERIES_COLUMNS,
  SESSIONS_AT,
} from '#history/columns';
import { dayOf, monthOf } from '#history/days';
import type { Appended, RowCursor } from '#history/history-store';
import { type Change, type Delta, GRAINS, rollUp, type Series, SeriesIds, sessionId } from '#history/roll-up';
import { insertAll, type Sql, type SqlDatabase } from './sql-database.ts';

/** Checked rows of which no two are the same. */
export async function appendRows(
  db: SqlDatabase,
  sql: Sql,
  rows: readonly UsageRow[],
): Promise<Pick<Appended, 'added' | 'repeated' | 'late'>> {
  const firstDay = await keptFrom(db, sql);
  const inTime = rows.filter(({ timeMs }) => dayOf(timeMs) >= firstDay);
  await db.prepareMonths(sql, [...new Set(inTime.map(({ timeMs }) => monthOf(dayOf(timeMs))))]);
  const ids = new SeriesIds();
  const added = await insertNew(db, sql, inTime, ids);
  await addToSums(db, sql, added.map(changeOf(await newSessions(db, sql, added))), ids);
  return { added: added.length, repeated: inTime.length - added.length, late: rows.length - inTime.length };
}

async function keptFrom(db: SqlDatabase, sql: Sql): Promise<number> {
  const [row] = await sql.all(`SELECT value FROM ${db.prefix}setting WHERE name = 'rows'${db.forShare}`);
  return Number(row?.value ?? 0);
}

export const keyOf = ({ timeMs, instance, seq }: RowCursor): string => `${timeMs} ${seq} ${instance}`;

/** All writers go through the rows in this order: two that have some in common wait for each other, and never both. */
export const byKey = (a: RowCursor, b: RowCursor): number =>
  a.timeMs - b.timeMs || a.seq - b.seq || (a.instance < b.instance ? -1 : 1);

async function insertNew(
  db: SqlDatabase,
  sql: Sql,
  rows: readonly UsageRow[],
  ids: SeriesIds,
): Promise<readonly UsageRow[]> {
  const returned = await insertAll(
    sql,
    {
      into: `${db.prefix}usage_row`,
      columns: ROW_COLUMNS,
      rest: 'ON CONFLICT DO NOTHING RETURNING time_ms, instance, seq',
    },
    rows.map((row) => rowValues(row, ids.of(GRAINS.day, row))),
  );
  const added = new Set(
    returned.map((row) => keyOf({ timeMs: Number(row.time_ms), instance: String(row.instance), seq: Number(row.seq) })),
  );
  return rows.filter((row) => added.has(keyOf(row)));
}

/** The sessions among these that are seen for the first time. */
async function newSessions(db: SqlDatabase, sql: Sql, rows: readonly UsageRow[]): Promise<Set<bigint>> {
  const firstDays = new Map<bigint, number>();
  for (const row of rows) {
    if (row.session === '') continue;
    const id = sessionId(row);
    const day = dayOf(row.timeMs);
    firstDays.set(id, Math.min(day, firstDays.get(id) ?? day));
  }
  const returned = await insertAll(
    sql,
    {
      into: `${db.prefix}seen_session`,
      columns: ['id', 'first_day'],
      rest: 'ON CONFLICT DO NOTHING RETURNING id',
    },
    [...firstDays].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  return new Set(returned.map(({ id }) => BigInt(id ?? 0)));
}

/** A new session counts at the first of its rows. */
const changeOf =
  (begun: Set<bigint>) =>
  (row: UsageRow): Change => {
    const measures = measuresOf(row);
    if (row.session !== '' && begun.delete(sessionId(row))) measures[SESSIONS_AT] = 1n;
    return { row, measures };
  };

export async function addToSums(
  db: SqlDatabase,
  sql: Sql,
  changes: readonly Change[],
  ids = new SeriesIds(),
): Promise<void> {
  const { series, deltas } = rollUp(changes, ids);
  await insertAll(
    sql,
    {
      into: `${db.prefix}series AS s`,
      columns: ['id', 'grain', 'last_day', ...SERIES_COLUMNS.map(columnOf)],
      rest: 'ON CONFLICT (id) DO UPDATE SET last_day = excluded.last_day WHERE s.last_day < excluded.last_day',
    },
    series.map(seriesValues),
  );
  const sums = MEASURES.map(columnOf).map((column) => `${column} = r.${column} + excluded.${column}`);
  await insertAll(
    sql,
    {
      into: `${db.prefix}roll_up AS r`,
      columns: ['grain', 'bucket', 'series', 'month', ...MEASURE_COLUMNS],
      rest: `ON CONFLICT (grain, bucket, series) DO UPDATE SET ${sums.join(', ')}`,
    },
    deltas.map(deltaValues),
  );
}

const seriesValues = ({ id, grain, lastDay, labels }: Series) => [
  id,
  grain,
  lastDay,
  ...SERIES_COLUMNS.map((label) => labels[label] ?? ''),
];

const deltaValues = ({ grain, bucket, series, measures }: Delta) => [
  grain,
  bucket,
  series,
  monthOf(bucket),
  ...measures,
];
