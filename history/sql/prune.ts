/** What is older than it need be kept is deleted, in steps that lock nobody out for long. */
import { DAY_MS, dayOf, monthOf } from '#history/days';
import type { Retention } from '#history/history-store';
import { GRAINS } from '#history/roll-up';
import type { Sql, SqlDatabase } from './sql-database.ts';

const STEP_ROWS = 5_000;
/** An admission whose effect nobody has told of by then had none. */
const ADMITTED_DAYS = 2;
/** Nobody tells of an object so long after it went. */
const GONE_DAYS = 31;
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
  const auditDay = today - retention.auditDays;
  for (const step of [...steps(db, { rows, users, reports }), ...auditSteps(db, today, auditDay)]) {
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

type Step = (sql: Sql) => Promise<number>;
/** Deletes some rows of a table for which a condition holds. */
type StepOf = (table: string, key: string, condition: string, values: readonly number[]) => Step;

const stepOf =
  ({ prefix }: SqlDatabase): StepOf =>
  (table, key, condition, values) =>
  async (sql) => {
    const name = `${prefix}${table}`;
    const some = `SELECT ${key} FROM ${name} WHERE ${condition} LIMIT ${STEP_ROWS}`;
    return (await sql.all(`DELETE FROM ${name} WHERE (${key}) IN (${some}) RETURNING 1 AS one`, values)).length;
  };

/** By the day. What is known of objects that are there stays, since changes are told against it. */
function auditSteps(db: SqlDatabase, today: number, auditDay: number): Step[] {
  const from = stepOf(db);
  const unheard = `time_ms < ? AND NOT EXISTS
  (SELECT 1 FROM ${db.prefix}audit_record r WHERE r.version = audit_actor.version)`;
  return [
    from('audit_record', 'id', 'time_ms < ?', [auditDay * DAY_MS]),
    from('audit_actor', 'version, actor', unheard, [(today - ADMITTED_DAYS) * DAY_MS]),
    from('audit_state', 'uid', 'is_gone = 1 AND time_ms < ?', [(today - GONE_DAYS) * DAY_MS]),
  ];
}

function steps(db: SqlDatabase, { rows, users, reports }: FirstDays): Step[] {
  const from = stepOf(db);
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
