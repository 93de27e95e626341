/** How rows and measures stand in SQL: one table for both engines, so that no text of a user is ever part of a statement. */
import { MEASURES, type Measure, type Measures } from '#contract/history/report';
import { COUNTS, type Label, SERIES_LABELS, type UsageRow } from '#contract/history/usage-row';

/** A value of a statement, and of its answer: PostgreSQL gives 64-bit integers as text, SQLite as bigint. */
export type SqlValue = string | number | bigint | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

const snake = (name: string): string => name.replace(/[A-Z0-9]+/g, (upper) => `_${upper.toLowerCase()}`);

/** Words of SQL. */
const RENAMED: Readonly<Record<string, string>> = { user: 'end_user', key: 'ai_key' };

export const columnOf = (name: string): string => RENAMED[name] ?? snake(name);

/** Labels that a row keeps itself; the others are those of its series. */
const OWN_LABELS: ReadonlySet<Label> = new Set(['user', 'session', 'run']);
/** Of the table of series: its user is that of the sums by user. */
export const SERIES_COLUMNS = [...SERIES_LABELS, 'user'] as const;

/** `u` is the table of rows, `s` its series. */
export const labelOfRow = (label: Label): string => `${OWN_LABELS.has(label) ? 'u' : 's'}.${columnOf(label)}`;
export const labelOfSeries = (label: Label): string => `s.${columnOf(label)}`;

type Kind = 'text' | 'integer' | 'money';

/** What the table of rows keeps beside its series. */
const OWN: readonly (readonly [name: keyof UsageRow, kind: Kind])[] = [
  ['timeMs', 'integer'],
  ['instance', 'text'],
  ['seq', 'integer'],
  ['requestId', 'text'],
  ['attempt', 'integer'],
  ['user', 'text'],
  ['session', 'text'],
  ['run', 'text'],
  ...COUNTS.map((name) => [name, 'integer'] as const),
  ['costNanoUsd', 'money'],
  ['priceVersion', 'text'],
  ['totalMs', 'integer'],
  ['firstTokenMs', 'integer'],
  ['failure', 'text'],
  ['billing', 'text'],
];

const NULLABLE: ReadonlySet<string> = new Set(['costNanoUsd', 'firstTokenMs']);

const SQL_TYPE = { text: 'text', integer: 'bigint', money: 'bigint' } as const;

export const ROW_COLUMNS: readonly string[] = [...OWN.map(([name]) => columnOf(name)), 'series'];
export const ROW_DEFINITION = [
  ...OWN.map(([name, kind]) => `${columnOf(name)} ${SQL_TYPE[kind]}${NULLABLE.has(name) ? '' : ' NOT NULL'}`),
  'series bigint NOT NULL',
].join(',\n  ');

export const rowValues = (row: UsageRow, series: bigint): SqlValue[] => [...OWN.map(([name]) => row[name]), series];

/** All of a row, by the names that `decodeRow` knows. */
export const ROW_SELECTION = [
  ...OWN.map(([name]) => `u.${columnOf(name)}`),
  ...SERIES_LABELS.map((label) => `s.${columnOf(label)}`),
].join(', ');

const decoded = (value: SqlValue | undefined, kind: Kind): SqlValue => {
  if (value === null || value === undefined) return null;
  if (kind === 'text') return String(value);
  return kind === 'money' ? BigInt(value) : Number(value);
};

/** What was checked when it went in. */
export const decodeRow = (from: SqlRow): UsageRow =>
  Object.fromEntries([
    ...OWN.map(([name, kind]) => [name, decoded(from[columnOf(name)], kind)]),
    ...SERIES_LABELS.map((label) => [label, from[columnOf(label)]]),
  ]) as unknown as UsageRow;

/** What one row adds to each measure: as code, and as SQL over the table of rows. */
interface Contribution {
  readonly of: (row: UsageRow) => bigint;
  readonly sql: string;
}

const when = (holds: boolean): bigint => (holds ? 1n : 0n);
const number = (name: 'totalMs' | 'firstTokenMs' | (typeof COUNTS)[number]): Contribution => ({
  of: (row) => BigInt(row[name] ?? 0),
  sql: `COALESCE(u.${columnOf(name)}, 0)`,
});

/** Sessions are counted by whoever knows which of them were there before. */
const CONTRIBUTIONS: Readonly<Record<Measure, Contribution>> = {
  ...(Object.fromEntries(COUNTS.map((name) => [name, number(name)])) as Record<(typeof COUNTS)[number], Contribution>),
  costNanoUsd: { of: ({ costNanoUsd }) => costNanoUsd ?? 0n, sql: 'COALESCE(u.cost_nano_usd, 0)' },
  requests: {
    of: ({ attempt, traffic }) => when(attempt === 1 && traffic === 'live'),
    sql: "CASE WHEN u.attempt = 1 AND s.traffic = 'live' THEN 1 ELSE 0 END",
  },
  attempts: { of: () => 1n, sql: '1' },
  unpriced: {
    of: ({ costNanoUsd }) => when(costNanoUsd === null),
    sql: 'CASE WHEN u.cost_nano_usd IS NULL THEN 1 ELSE 0 END',
  },
  possiblyBilled: {
    of: ({ billing }) => when(billing === 'possibly_billed'),
    sql: "CASE WHEN u.billing = 'possibly_billed' THEN 1 ELSE 0 END",
  },
  estimated: {
    of: ({ billing }) => when(billing === 'estimated'),
    sql: "CASE WHEN u.billing = 'estimated' THEN 1 ELSE 0 END",
  },
  sessions: { of: () => 0n, sql: "CASE WHEN u.session = '' THEN NULL ELSE u.session END" },
  sessionCostNanoUsd: {
    of: ({ session, costNanoUsd }) => (session === '' ? 0n : (costNanoUsd ?? 0n)),
    sql: "CASE WHEN u.session = '' THEN 0 ELSE COALESCE(u.cost_nano_usd, 0) END",
  },
  totalMs: number('totalMs'),
  firstTokenMs: number('firstTokenMs'),
  firstTokens: {
    of: ({ firstTokenMs }) => when(firstTokenMs !== null),
    sql: 'CASE WHEN u.first_token_ms IS NULL THEN 0 ELSE 1 END',
  },
};

/** In the order of `MEASURES`. */
export const measuresOf = (row: UsageRow): bigint[] => MEASURES.map((name) => CONTRIBUTIONS[name].of(row));
export const SESSIONS_AT = MEASURES.indexOf('sessions');

export const MEASURE_COLUMNS = MEASURES.map(columnOf);
/** Over the rows `u` and its series `s`. */
export const SUMS_OF_ROWS = MEASURES.map((name) => {
  const { sql } = CONTRIBUTIONS[name];
  return `${name === 'sessions' ? `COUNT(DISTINCT ${sql})` : `SUM(${sql})`} AS ${columnOf(name)}`;
});

export const decodeMeasures = (from: SqlRow): Measures =>
  Object.fromEntries(MEASURES.map((name) => [name, BigInt(from[columnOf(name)] ?? 0)])) as Measures;
