/** What is older than it need be kept is deleted, in steps that lock nobody out for long. */
import { dayOf, monthOf } from '#operator/history/days';
import type { Retention } from '#operator/history/history-store';
import { GRAINS } from '#operator/history/roll-up';
import type { Sql, SqlDatabase } from './sql-database.ts';

const STEP_ROWS = 5_000;
/** Of time to come, for which room is made. */
const MONTHS_AHEAD = 2;

export async function prune(db: SqlDatabase, retention: Retention, nowMs: number): Promise<number> {
  const today = dayOf(nowMs);
  const rows = monthOf(today - retention.rowDays);
  const [users, reports] = [monthOf(today - retention.userDays), monthOf(today - retention.reportDays)];
  await db.write((sql) => state(db, sql, { rows, users, reports }));
  const ahead = Array.from({ length: MONTHS_AHEAD + 1 }, (_, later) => monthOf(today, later));
  await db.write((sql) => db.prepareMonths(sql, ahead));
  let deleted = 0;
  for (const step of steps(db, { rows, users, reports })) {
    let some: number;
    do {
      some = await db.write(step);
      deleted += some;
    } while (some > 0);
  }
  return deleted;
}

type FirstDays = Readonly<Record<'rows' | 'users' | 'reports', number>>;

/** Before anything is deleted: who sends an old row again must find it refused, not gone. A first day never goes back. */
async function state({ prefix }: SqlDatabase, sql: Sql, days: FirstDays): Promise<void> {
  for (const [name, day] of Object.entries(days))
    await sql.all(`UPDATE ${prefix}setting SET value = ? WHERE name = ? AND value < ?`, [day, name, day]);
}

function steps(db: SqlDatabase, { rows, users, reports }: FirstDays): ((sql: Sql) => Promise<number>)[] {
  const from = (table: string, key: string, condition: string, values: readonly number[]) => async (sql: Sql) => {
    const name = `${db.prefix}${table}`;
    const some = `SELECT ${key} FROM ${name} WHERE ${condition} LIMIT ${STEP_ROWS}`;
    return (await sql.all(`DELETE FROM ${name} WHERE (${key}) IN (${some}) RETURNING 1 AS one`, values)).length;
  };
  const sums = (grain: number, day: number) => [
    from('roll_up', 'grain, bucket, series', 'grain = ? AND bucket < ?', [grain, day]),
    // A row that is kept needs its series.
    from('series', 'id', 'grain = ? AND last_day < ?', [
      grain,
      grain === GRAINS.userDay.id ? day : Math.min(day, rows),
    ]),
  ];
  return [
    (sql) => db.deleteRowsBefore(sql, rows, STEP_ROWS),
    from('seen_session', 'id', 'first_day < ?', [reports]),
    ...sums(GRAINS.userDay.id, users),
    ...sums(GRAINS.userMonth.id, users),
    ...sums(GRAINS.day.id, reports),
    ...sums(GRAINS.month.id, reports),
  ];
}
