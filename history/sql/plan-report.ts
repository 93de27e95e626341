/** A query as one statement: from which sums it is answered, or from the rows. */
import { MEASURES, type ReportQuery } from '#contract/history/report';
import type { Label } from '#contract/history/usage-row';
import { columnOf, labelOfRow, labelOfSeries, MEASURE_COLUMNS, type SqlValue, SUMS_OF_ROWS } from '#history/columns';
import { DAY_MS, dayOfDate, monthOf } from '#history/days';
import { ReportImpossible } from '#history/history-store';
import { GRAINS, type Grain } from '#history/roll-up';
import { isOneOf } from './sql-database.ts';

/** Days that one look at the rows may take in. */
const MOST_DAYS_OF_ROWS = 31;
/** Groups that one answer may have. */
export const MOST_GROUPS = 50_000;

export interface ReportPlan {
  readonly source: 'roll-up' | 'rows';
  /** The setting that tells from which day on these are kept. */
  readonly kept: 'rows' | 'users' | 'reports';
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** Where the groups come from: a FROM and WHERE, what stands for the period, and each label and measure in it. */
interface Source {
  readonly from: string;
  readonly values: readonly SqlValue[];
  readonly period: string;
  readonly label: (label: Label) => string;
  readonly sums: readonly string[];
}

/** Throws ReportImpossible with what can be asked instead. */
export function planReport(query: ReportQuery, prefix: string): ReportPlan {
  const grain = grainOf(query);
  const source = grain === undefined ? ofRows(query, prefix) : ofSums(query, grain, prefix);
  return {
    source: grain === undefined ? 'rows' : 'roll-up',
    kept: keptOf(grain),
    ...statement(query, source),
  };
}

const keptOf = (grain: Grain | undefined): ReportPlan['kept'] => {
  if (grain === undefined) return 'rows';
  return grain === GRAINS.userDay ? 'users' : 'reports';
};

/** The first that has all labels; undefined: none has. */
function grainOf({ by, where }: ReportQuery): Grain | undefined {
  const asked = [...by, ...(Object.keys(where) as Label[])];
  return [GRAINS.day, GRAINS.userDay].find(({ labels }: Grain) => asked.every((label) => labels.includes(label)));
}

/** Sums of one grain, from a day until before another. */
type Span = readonly [grain: number, from: number, to: number];

/** Whole months by their own sums, of which there are far fewer; the days before and after them by theirs. */
function spansOf({ period, from, to }: ReportQuery, grain: Grain): readonly Span[] {
  const [first, end] = [dayOfDate(from), dayOfDate(to)];
  const whole = monthOf(first) === first ? first : monthOf(first, 1);
  const rest = monthOf(end);
  if (period === 'day' || whole >= rest) return [[grain.id, first, end]];
  const spans: Span[] = [
    [grain.id, first, whole],
    [(grain === GRAINS.userDay ? GRAINS.userMonth : GRAINS.month).id, whole, rest],
    [grain.id, rest, end],
  ];
  return spans.filter(([, start, stop]) => start < stop);
}

/** The order of a CROSS JOIN is kept by SQLite; to PostgreSQL it is a join as any. */
function ofSums(query: ReportQuery, grain: Grain, prefix: string): Source {
  const spans = spansOf(query, grain);
  const span = `SELECT * FROM ${prefix}roll_up WHERE grain = ? AND bucket >= ? AND bucket < ?`;
  return {
    from: `FROM (${spans.map(() => span).join(' UNION ALL ')}) r CROSS JOIN ${prefix}series s WHERE s.id = r.series`,
    values: spans.flat(),
    period: { total: 's.grain', month: 'r.month', day: 'r.bucket' }[query.period],
    label: labelOfSeries,
    sums: MEASURE_COLUMNS.map((column) => `SUM(r.${column}) AS ${column}`),
  };
}

function ofRows({ period, from, to }: ReportQuery, prefix: string): Source {
  const [first, end] = [dayOfDate(from), dayOfDate(to)];
  if (end - first > MOST_DAYS_OF_ROWS)
    throw new ReportImpossible(
      `These labels together are not kept in sums, and a look at the rows takes in at most ${MOST_DAYS_OF_ROWS} days. Ask for a shorter time, or for users by namespace and team alone.`,
    );
  if (period === 'month' && monthOf(first) !== monthOf(end - 1))
    throw new ReportImpossible('These labels together are kept in no sums by month. Ask for one month, or by day.');
  return {
    from: `FROM ${prefix}usage_row u CROSS JOIN ${prefix}series s
  WHERE s.id = u.series AND u.time_ms >= ? AND u.time_ms < ?`,
    values: [first * DAY_MS, end * DAY_MS],
    period: { total: 's.grain', month: `s.grain + ${monthOf(first) - GRAINS.day.id}`, day: `u.time_ms / ${DAY_MS}` }[
      period
    ],
    label: labelOfRow,
    sums: SUMS_OF_ROWS,
  };
}

/** The groups, their place in their period by cost, and then those beyond the last place as one. */
function statement({ by, where, top }: ReportQuery, source: Source): Pick<ReportPlan, 'text' | 'values'> {
  const names = by.map((_, index) => `label_${index}`);
  const filters = Object.entries(where) as [Label, readonly string[]][];
  const conditions = filters.map(([label, values]) => ` AND ${isOneOf(source.label(label), values.length)}`).join('');
  const groupedBy = [source.period, ...by.map(source.label)].join(', ');
  const text = `WITH picked AS (
  SELECT ${source.period} AS period_day, ${by.map((label, index) => `${source.label(label)} AS ${names[index]}, `).join('')}${source.sums.join(', ')}
  ${source.from}${conditions}
  GROUP BY ${groupedBy}
), ranked AS (
  SELECT picked.*, ROW_NUMBER() OVER (
    PARTITION BY period_day ORDER BY ${['cost_nano_usd DESC', 'attempts DESC', ...names].join(', ')}
  ) AS place FROM picked
)
SELECT period_day, MIN(place) AS place, COUNT(*) AS group_count,
  ${names.map((name) => `MIN(${name}) AS ${name}, `).join('')}${MEASURES.map(columnOf)
    .map((column) => `SUM(${column}) AS ${column}`)
    .join(', ')}
FROM ranked GROUP BY period_day, CASE WHEN place <= ${top} THEN place ELSE 0 END
ORDER BY period_day, place LIMIT ${MOST_GROUPS + 1}`;
  return { text, values: [...source.values, ...filters.flatMap(([, values]) => values)] };
}
