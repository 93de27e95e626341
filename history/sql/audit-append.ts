/** Facts of changes go in, in one transaction: records of what is new, and what is known of each object from now on. */
import { type AdmittedFact, type AuditFact, auditFact } from '#contract/history/audit';
import { entriesOf, type NewRecord, type ObjectState } from '#contract/history/audit-book';
import { canonicalJson } from '#contract/policy/canonical-json';
import type { SqlRow, SqlValue } from '#history/columns';
import type { AuditFacts, AuditKept } from '#history/history-store';
import { insertAll, isOneOf, type Sql, type SqlDatabase } from './sql-database.ts';

/** Facts of one transaction. */
const MOST_AT_ONCE = 500;

export async function appendFacts(db: SqlDatabase, { cluster, facts: candidates }: AuditFacts): Promise<AuditKept> {
  const facts: AuditFact[] = [];
  let fault: string | undefined;
  for (const candidate of candidates) {
    const { data, error } = auditFact.safeParse(candidate);
    if (data !== undefined) facts.push(data);
    else fault ??= `${error.issues[0]?.path.map(String).join('.')}: ${error.issues[0]?.message}`;
  }
  for (let start = 0; start < facts.length; start += MOST_AT_ONCE) {
    const some = facts.slice(start, start + MOST_AT_ONCE);
    await db.write((sql) => append(db.prefix, sql, cluster, some));
  }
  return { kept: facts.length, bad: candidates.length - facts.length, ...(fault !== undefined && { fault }) };
}

async function append(prefix: string, sql: Sql, cluster: string, facts: readonly AuditFact[]): Promise<void> {
  // Replicas tell of the same at the same time: one after the other, each sees what the one before has made known.
  await sql.all(`UPDATE ${prefix}setting SET value = value + 1 WHERE name = 'audit'`);
  const uids = facts.flatMap((fact) => (fact.is === 'seen' || fact.is === 'gone' ? [fact.uid] : []));
  const { records, states } = entriesOf(facts, await statesOf(prefix, sql, [...new Set(uids)]));
  await insertAll(
    sql,
    {
      into: `${prefix}audit_record`,
      columns: RECORD_COLUMNS,
      rest: 'ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome',
    },
    [...records.values()].map((record) => recordValues(record, cluster)),
  );
  await insertAll(
    sql,
    {
      into: `${prefix}audit_state`,
      columns: STATE_COLUMNS,
      rest: `ON CONFLICT (uid) DO UPDATE SET ${STATE_COLUMNS.slice(1)
        .map((column) => `${column} = excluded.${column}`)
        .join(', ')}`,
    },
    [...states.values()].map((state) => stateValues(state, cluster)),
  );
  await insertAll(
    sql,
    {
      into: `${prefix}audit_actor AS a`,
      columns: ['version', 'actor', 'time_ms'],
      rest: 'ON CONFLICT (version, actor) DO UPDATE SET time_ms = excluded.time_ms WHERE a.time_ms < excluded.time_ms',
    },
    latest(facts),
  );
}

/** One statement can change a row but once. */
function latest(facts: readonly AuditFact[]): SqlValue[][] {
  const admitted = facts.filter((fact): fact is AdmittedFact => fact.is === 'admitted');
  const last = new Map<string, AdmittedFact>();
  for (const fact of admitted.toSorted((a, b) => a.timeMs - b.timeMs)) last.set(`${fact.version} ${fact.actor}`, fact);
  return [...last.values()].map(({ version, actor, timeMs }) => [version, actor, timeMs]);
}

async function statesOf(prefix: string, sql: Sql, uids: readonly string[]): Promise<Map<string, ObjectState>> {
  if (uids.length === 0) return new Map();
  const found = await sql.all(`SELECT * FROM ${prefix}audit_state WHERE ${isOneOf('uid', uids.length)}`, uids);
  return new Map(found.map((row) => [String(row.uid), stateOfRow(row)]));
}

const STATE_COLUMNS = [
  ...['uid', 'cluster', 'kind', 'namespace', 'name', 'generation', 'digest', 'spec', 'is_gone', 'time_ms'],
];

const stateValues = (state: ObjectState, cluster: string): SqlValue[] => [
  ...[state.uid, cluster, state.kind, state.namespace, state.name, state.generation, state.digest],
  ...[canonicalJson(state.spec), state.isGone ? 1 : 0, state.timeMs],
];

const stateOfRow = (row: SqlRow): ObjectState => ({
  uid: String(row.uid),
  kind: String(row.kind),
  namespace: String(row.namespace),
  name: String(row.name),
  generation: Number(row.generation),
  digest: String(row.digest),
  spec: JSON.parse(String(row.spec)),
  isGone: Number(row.is_gone) === 1,
  timeMs: Number(row.time_ms),
});

const RECORD_COLUMNS = [
  ...['id', 'time_ms', 'match_ms', 'version', 'cluster', 'actor', 'action', 'kind', 'namespace', 'name', 'uid'],
  ...['generation', 'from_generation', 'changes', 'omitted', 'outcome'],
];

const recordValues = (record: NewRecord, cluster: string): SqlValue[] => [
  ...[record.id, record.timeMs, record.matchMs, record.version, cluster, record.actor, record.action],
  ...[record.kind, record.namespace, record.name, record.uid, record.generation, record.fromGeneration],
  ...[JSON.stringify(record.changes), record.omitted, record.outcome],
];
