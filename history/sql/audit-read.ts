/** Records of changes by time, newest first, each with whoever asked for that version at about that time; and what is known of objects. */
import type { AuditPage, AuditQuery, AuditRecord } from '#contract/history/audit';
import type { AuditAction } from '#contract/history/audit-actions';
import type { SqlRow, SqlValue } from '#history/columns';
import type { KnownPage, KnownScope } from '#history/history-store';
import type { Sql } from './sql-database.ts';

const PAGE_KNOWN = 2_000;
/** How far admission and effect may be apart by the clocks of two processes. Of what was admitted and came to nothing no later change is blamed. */
const MATCH_MS = 60_000;

type Condition = readonly [text: string, ...values: SqlValue[]];

export async function readRecords(prefix: string, sql: Sql, query: AuditQuery): Promise<AuditPage> {
  const conditions = conditionsOf(query, prefix);
  const found = await sql.all(
    `SELECT r.*, CASE WHEN r.actor <> '' THEN r.actor ELSE
  (SELECT string_agg(a.actor, ' or ' ORDER BY a.actor) FROM ${actorsOf(prefix)}) END AS who
FROM ${prefix}audit_record r WHERE ${conditions.map(([text]) => text).join(' AND ')}
ORDER BY r.time_ms DESC, r.id DESC LIMIT ${query.limit + 1}`,
    conditions.flatMap(([, ...values]) => values),
  );
  const some = found.slice(0, query.limit);
  const last = some.at(-1);
  const isMore = found.length > some.length && last !== undefined;
  return {
    records: some.map(recordOf),
    next: isMore ? { timeMs: Number(last.time_ms), id: String(last.id) } : undefined,
  };
}

const actorsOf = (prefix: string): string =>
  `${prefix}audit_actor a WHERE a.version = r.version AND ABS(a.time_ms - r.match_ms) <= ${MATCH_MS}`;

function conditionsOf({ sinceMs, untilMs, before, actor, ...filters }: AuditQuery, prefix: string): Condition[] {
  const { kind, namespace, name, action } = filters;
  const conditions: Condition[] = [['r.time_ms >= ? AND r.time_ms < ?', sinceMs, untilMs]];
  if (before !== undefined) conditions.push(['(r.time_ms, r.id) < (?, ?)', before.timeMs, before.id]);
  for (const [column, value] of Object.entries({ kind, namespace, name, action }))
    if (value !== undefined) conditions.push([`r.${column} = ?`, value]);
  const admitted = `(SELECT 1 FROM ${actorsOf(prefix)}`;
  if (actor === '') conditions.push([`r.actor = '' AND NOT EXISTS ${admitted})`]);
  else if (actor !== undefined)
    conditions.push([`(r.actor = ? OR (r.actor = '' AND EXISTS ${admitted} AND a.actor = ?)))`, actor, actor]);
  return conditions;
}

const recordOf = (row: SqlRow): AuditRecord => ({
  timeMs: Number(row.time_ms),
  actor: String(row.who ?? ''),
  action: String(row.action) as AuditAction,
  kind: String(row.kind),
  namespace: String(row.namespace),
  name: String(row.name),
  uid: String(row.uid),
  generation: numberOf(row.generation),
  fromGeneration: numberOf(row.from_generation),
  changes: JSON.parse(String(row.changes)),
  omitted: Number(row.omitted),
  outcome: String(row.outcome),
});

const numberOf = (value: SqlValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

export async function readKnown(prefix: string, sql: Sql, scope: KnownScope, after = ''): Promise<KnownPage> {
  const { cluster, namespace } = scope;
  const within = namespace === undefined ? '' : ' AND namespace = ?';
  const found = await sql.all(
    `SELECT uid, kind, namespace, name, generation FROM ${prefix}audit_state
WHERE cluster = ? AND is_gone = 0 AND uid > ?${within} ORDER BY uid LIMIT ${PAGE_KNOWN}`,
    [cluster, after, ...(namespace === undefined ? [] : [namespace])],
  );
  const known = found.map((row) => ({
    ...{ uid: String(row.uid), kind: String(row.kind), namespace: String(row.namespace), name: String(row.name) },
    generation: Number(row.generation),
  }));
  return { known, next: known.length < PAGE_KNOWN ? undefined : known.at(-1)?.uid };
}
