/** The history over any engine of SQL. */
import type { AuditPage, AuditQuery } from '#contract/history/audit';
import {
  addMeasures,
  NO_MEASURES,
  type ReportAnswer,
  type ReportGroup,
  type ReportQuery,
} from '#contract/history/report';
import { type UsageRow, usageRow } from '#contract/history/usage-row';
import { decodeMeasures, type SqlRow } from '#history/columns';
import { DAY_MS, dateOfDay } from '#history/days';
import {
  type Appended,
  type AuditFacts,
  type AuditKept,
  type Corrected,
  type Correction,
  type HistoryStore,
  type KnownPage,
  type KnownScope,
  ReportImpossible,
  type Retention,
  type RowCursor,
  type RowFilter,
  type RowPage,
} from '#history/history-store';
import { appendRows, byKey, keyOf } from './append.ts';
import { appendFacts } from './audit-append.ts';
import { readKnown, readRecords } from './audit-read.ts';
import { MOST_GROUPS, planReport } from './plan-report.ts';
import { prune } from './prune.ts';
import { readRows } from './read-rows.ts';
import { rerate } from './rerate.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Rows of one transaction. */
const MOST_AT_ONCE = 5_000;

export class SqlHistory implements HistoryStore {
  readonly #db: SqlDatabase;
  readonly #retention: Retention;

  constructor(db: SqlDatabase, retention: Retention) {
    this.#db = db;
    this.#retention = retention;
  }

  async append(rows: readonly unknown[], nowMs: number): Promise<Appended> {
    let sum: Appended = { added: 0, repeated: 0, bad: 0, late: 0 };
    for (let start = 0; start < rows.length; start += MOST_AT_ONCE)
      sum = plus(sum, await this.#appendSome(rows.slice(start, start + MOST_AT_ONCE), nowMs));
    return sum;
  }

  async #appendSome(candidates: readonly unknown[], nowMs: number): Promise<Appended> {
    const { rows, bad, fault } = checked(candidates, nowMs);
    const different = [...new Map(rows.map((row) => [keyOf(row), row])).values()].toSorted(byKey);
    const done =
      different.length === 0
        ? { added: 0, repeated: 0, late: 0 }
        : await this.#db.write((sql) => appendRows(this.#db, sql, different));
    const repeated = done.repeated + rows.length - different.length;
    return { ...done, repeated, bad, ...(fault !== undefined && { fault }) };
  }

  async report(query: ReportQuery): Promise<ReportAnswer> {
    const plan = planReport(query, this.#db.prefix);
    const [rows, settings] = await this.#db.read(async (sql) => [
      await sql.all(plan.text, plan.values),
      await sql.all(`SELECT value FROM ${this.#db.prefix}setting WHERE name = ?`, [plan.kept]),
    ]);
    if (rows.length > MOST_GROUPS)
      throw new ReportImpossible(
        `This report has more than ${MOST_GROUPS} lines. Ask for fewer labels, a longer period or a smaller \`top\`.`,
      );
    const groups = rows.map((row) => groupOf(row, query));
    const total = groups.reduce((sum, { measures }) => addMeasures(sum, measures), NO_MEASURES);
    const first = Number(settings[0]?.value ?? 0);
    return { by: query.by, groups, total, source: plan.source, keptFrom: first === 0 ? '' : dateOfDay(first) };
  }

  rows(filter: RowFilter, after?: RowCursor): Promise<RowPage> {
    return this.#db.read((sql) => readRows(this.#db.prefix, sql, filter, after));
  }

  rerate(correction: Correction): Promise<Corrected> {
    return rerate(this.#db, correction);
  }

  audit(facts: AuditFacts): Promise<AuditKept> {
    return appendFacts(this.#db, facts);
  }

  auditKnown(scope: KnownScope, after?: string): Promise<KnownPage> {
    return this.#db.read((sql) => readKnown(this.#db.prefix, sql, scope, after));
  }

  auditRecords(query: AuditQuery): Promise<AuditPage> {
    return this.#db.read((sql) => readRecords(this.#db.prefix, sql, query));
  }

  prune(nowMs: number): Promise<number> {
    return prune(this.#db, this.#retention, nowMs);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

const plus = (a: Appended, b: Appended): Appended => ({
  added: a.added + b.added,
  repeated: a.repeated + b.repeated,
  bad: a.bad + b.bad,
  late: a.late + b.late,
  ...((a.fault ?? b.fault) !== undefined && { fault: a.fault ?? b.fault }),
});

interface Checked {
  readonly rows: readonly UsageRow[];
  readonly bad: number;
  readonly fault: string | undefined;
}

/** A clock may be ahead of ours by a day. */
function checked(candidates: readonly unknown[], nowMs: number): Checked {
  const rows: UsageRow[] = [];
  let fault: string | undefined;
  for (const candidate of candidates) {
    const { data, error } = usageRow.safeParse(candidate);
    if (data !== undefined && data.timeMs <= nowMs + DAY_MS) rows.push(data);
    else fault ??= faultOf(error?.issues[0]);
  }
  return { rows, bad: candidates.length - rows.length, fault };
}

const faultOf = (issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string =>
  issue === undefined ? 'timeMs: is more than a day from now' : `${issue.path.map(String).join('.')}: ${issue.message}`;

function groupOf(row: SqlRow, { by, period, top }: ReportQuery): ReportGroup {
  const isRest = Number(row.place) > top;
  return {
    period: period === 'total' ? '' : dateOfDay(Number(row.period_day)),
    labels: isRest ? undefined : by.map((_, index) => String(row[`label_${index}`])),
    groups: Number(row.group_count),
    measures: decodeMeasures(row),
  };
}
