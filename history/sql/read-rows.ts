/** Rows by time, a page at a time. */
import type { Label, UsageRow } from '#contract/history/usage-row';
import { decodeRow, labelOfRow, ROW_SELECTION, type SqlValue } from '#history/columns';
import type { RowCursor, RowFilter, RowPage } from '#history/history-store';
import { isOneOf, type Sql } from './sql-database.ts';

const PAGE_ROWS = 1_000;

export async function readRows(
  prefix: string,
  sql: Sql,
  { fromMs, toMs, where = {} }: RowFilter,
  after: RowCursor | undefined,
  most = PAGE_ROWS,
): Promise<RowPage> {
  const filters = Object.entries(where) as [Label, readonly string[]][];
  const conditions = [
    'u.time_ms >= ? AND u.time_ms < ?',
    ...(after === undefined ? [] : ['(u.time_ms, u.instance, u.seq) > (?, ?, ?)']),
    ...filters.map(([label, values]) => isOneOf(labelOfRow(label), values.length)),
  ];
  const values: SqlValue[] = [
    ...[after?.timeMs ?? fromMs, toMs],
    ...(after === undefined ? [] : [after.timeMs, after.instance, after.seq]),
    ...filters.flatMap(([, wanted]) => wanted),
  ];
  const found = await sql.all(
    `SELECT ${ROW_SELECTION} FROM ${prefix}usage_row u CROSS JOIN ${prefix}series s
WHERE s.id = u.series AND ${conditions.join(' AND ')} ORDER BY u.time_ms, u.instance, u.seq LIMIT ${most}`,
    values,
  );
  const rows = found.map(decodeRow);
  const last = rows.at(-1);
  return { rows, next: last === undefined || rows.length < most ? undefined : cursorOf(last) };
}

const cursorOf = ({ timeMs, instance, seq }: UsageRow): RowCursor => ({ timeMs, instance, seq });
