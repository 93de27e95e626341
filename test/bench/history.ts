/**
 * `npm run bench:history [-- --rows 50000000 --engines sqlite,postgres --write]`: how long reports take over a year of usage, and how many
 * rows a second are taken in. The sums of the year are made by the code that makes them of real rows; the rows themselves are left out,
 * since no report of these looks at them.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { costPerSession, dearestTeam } from '#contract/history/questions';
import { type ReportQuery, reportQuery } from '#contract/history/report';
import type { UsageRow } from '#contract/history/usage-row';
import { measuresOf, SESSIONS_AT } from '#history/columns';
import { openHistory } from '#history/histories';
import { PostgresDatabase } from '#history/postgres/postgres-database';
import type { Change } from '#history/roll-up';
import { addToSums } from '#history/sql/append';
import type { SqlDatabase } from '#history/sql/sql-database';
import { SqliteDatabase } from '#history/sqlite/sqlite-database';
import { postgres } from '#test/support/postgres';

const PAGE = fileURLToPath(new URL('../../docs/reference/measured/history.md', import.meta.url));
const DAYS = 365;
const DAY_MS = 86_400_000;
const FIRST_DAY_MS = Date.UTC(2025, 11, 1);
const AT_ONCE = 50_000;
const RUNS = 5;
const TEAMS = 60;
const USERS_A_TEAM = 50;
const APPENDED = 50_000;
const APPENDED_AT_ONCE = 500;
const MODELS = [
  ...['gpt-5', 'gpt-5-mini', 'gpt-4.1'].map((model) => ['openai', model] as const),
  ...['claude-sonnet-4-5', 'claude-haiku-4-5'].map((model) => ['anthropic', model] as const),
  ...['gemini-3-pro', 'gemini-3-flash'].map((model) => ['gcp.gemini', model] as const),
];

/** A row of a company with sixty teams, three features each, and seven models; every twentieth fails. */
function rowAt(seq: number, dayMs: number): UsageRow {
  const mixed = Math.imul(seq, 2_654_435_761) >>> 0;
  const team = mixed % TEAMS;
  const [providerName = '', model = ''] = MODELS[(mixed >>> 8) % MODELS.length] ?? [];
  const feature = `feature-${(mixed >>> 12) % 3}`;
  return {
    ...BASE,
    ...{
      seq,
      timeMs: dayMs + (seq % DAY_MS),
      team: `team-${team}`,
      namespace: `ns-${team % 20}`,
      workload: `app-${team}`,
    },
    ...{
      feature,
      user: `user-${team}-${(mixed >>> 4) % USERS_A_TEAM}`,
      session: `session-${seq >> 2}`,
      route: `ns-${team % 20}/chat`,
    },
    ...{ provider: `platform/${providerName}`, providerName, model, outcome: mixed % 20 === 0 ? 'failed' : 'ok' },
    ...{ inputTokens: mixed % 4_000, outputTokens: mixed % 700, costNanoUsd: BigInt(mixed % 10_000_000) },
  };
}

const BASE: UsageRow = {
  ...{
    seq: 0,
    timeMs: 0,
    namespace: '',
    workload: '',
    team: '',
    feature: '',
    user: '',
    session: '',
    route: '',
    key: '',
    provider: '',
    providerName: '',
  },
  ...{ model: '', outputTokens: 0, inputTokens: 0, costNanoUsd: null, outcome: 'ok' },
  ...{
    instance: 'bench',
    requestId: 'request',
    attempt: 1,
    project: '',
    environment: 'prod',
    run: '',
    rule: '0',
    variant: '',
  },
  ...{ operation: 'chat', inputAudioTokens: 0, inputImageTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
  ...{
    cacheWrite1hTokens: 0,
    reasoningTokens: 0,
    outputAudioTokens: 0,
    outputImageTokens: 0,
    toolUnits: 0,
    images: 0,
    characters: 0,
  },
  ...{ priceVersion: '2026-11-21', totalMs: 900, firstTokenMs: 200, traffic: 'live', failure: '', billing: 'reported' },
};

async function fillSums(db: SqlDatabase, rows: number): Promise<void> {
  const aDay = Math.ceil(rows / DAYS);
  for (let day = 0; day < DAYS; day += 1) {
    const dayMs = FIRST_DAY_MS + day * DAY_MS;
    for (let start = 0; start < aDay; start += AT_ONCE) {
      const changes = Array.from({ length: Math.min(AT_ONCE, aDay - start) }, (_, index): Change => {
        const row = rowAt(day * aDay + start + index, dayMs);
        const measures = measuresOf(row);
        if (row.seq % 4 === 0) measures[SESSIONS_AT] = 1n;
        return { row, measures };
      });
      await db.write((sql) => addToSums(db, sql, changes));
    }
    if (day % 30 === 29) process.stderr.write(`day ${day + 1} of ${DAYS}\n`);
  }
}

const YEAR = { from: '2025-12-01', to: '2026-12-01' };
const QUERIES: Readonly<Record<string, ReportQuery>> = Object.fromEntries(
  Object.entries({
    'a year by month, team and model': { ...YEAR, by: ['team', 'model'], period: 'month' },
    'a year by day and feature': { ...YEAR, by: ['feature'], period: 'day' },
    'a year but two days, by all labels of cost': {
      from: '2025-12-02',
      to: '2026-11-30',
      by: ['team', 'project', 'feature', 'provider', 'model', 'outcome'],
    },
    'the hundred dearest users of a year': { ...YEAR, by: ['user'], top: 100 },
    'the team that spends most on one service': dearestTeam('openai', YEAR).query,
    'what a session costs': costPerSession('feature', 'feature-1', YEAR).query,
  }).map(([name, asked]) => [name, reportQuery.parse(asked)]),
);

interface Engine {
  readonly name: string;
  readonly url: string;
  readonly database: () => Promise<SqlDatabase>;
  readonly size: () => string;
}

async function measure({ name, url, database, size }: Engine, rows: number): Promise<string[]> {
  const db = await database();
  const started = performance.now();
  await fillSums(db, rows);
  const filled = (performance.now() - started) / 1_000;
  const [sums] = await db.read((sql) => sql.all(`SELECT COUNT(*) AS count FROM ${db.prefix}roll_up`));
  await db.close();
  const lines = [`## ${name}`, '', '| report | median | slowest |', '|---|---|---|'];
  const history = openHistory(url);
  for (const [report, query] of Object.entries(QUERIES)) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const asked = performance.now();
      await history.report(query);
      times.push(performance.now() - asked);
    }
    times.sort((a, b) => a - b);
    lines.push(`| ${report} | ${times[RUNS >> 1]?.toFixed(0)} ms | ${times.at(-1)?.toFixed(0)} ms |`);
  }
  const rate = await appendRate(history);
  await history.close();
  lines.push(
    '',
    `${sums?.count} sums, made of the rows in ${filled.toFixed(0)} s${size()}. Rows appended: ${rate} a second, ${APPENDED_AT_ONCE} at once.`,
    '',
  );
  return lines;
}

async function appendRate(history: ReturnType<typeof openHistory>): Promise<string> {
  const today = FIRST_DAY_MS + (DAYS - 1) * DAY_MS;
  const rows = Array.from({ length: APPENDED }, (_, seq) => rowAt(seq, today));
  const started = performance.now();
  for (let start = 0; start < APPENDED; start += APPENDED_AT_ONCE)
    await history.append(rows.slice(start, start + APPENDED_AT_ONCE), today);
  return ((APPENDED / (performance.now() - started)) * 1_000).toFixed(0);
}

async function engineOf(name: string, folder: string): Promise<Engine> {
  if (name === 'sqlite') {
    const file = join(folder, 'history.db');
    return {
      name: 'SQLite',
      url: `sqlite:${file}`,
      database: () => SqliteDatabase.open({ file, readOnly: false, maxBytes: 2 ** 36 }),
      size: () => `, ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB`,
    };
  }
  const absent = { skip: (what?: string) => void console.error(what) };
  const url = name === 'postgres' ? await (await postgres(absent))?.createDatabase() : undefined;
  if (url === undefined) throw new Error(`${name} is not measured: use sqlite or postgres, which must be installed.`);
  return { name: 'PostgreSQL', url, database: async () => new PostgresDatabase(url), size: () => '' };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '50000000' },
      engines: { type: 'string', default: 'sqlite,postgres' },
      write: { type: 'boolean', default: false },
    },
  });
  const rows = Number(values.rows);
  if (!(rows >= 1_000 && rows <= 10 ** 9)) throw new Error('--rows takes a number from 1000 to 1000000000.');
  const folder = mkdtempSync(join(tmpdir(), 'remora-bench-history-'));
  try {
    const parts: string[] = [];
    for (const name of values.engines.split(',')) parts.push(...(await measure(await engineOf(name, folder), rows)));
    const where = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
    const page = `# Reports of a year of usage, measured\n\nBy \`npm run bench:history\`: the sums of ${rows.toLocaleString('en')} attempts of ${TEAMS} teams in one year, each report asked ${RUNS} times. ${where}.\n\n${parts.join('\n')}`;
    console.log(page);
    if (values.write) writeFileSync(PAGE, page);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
  // What still runs ends with this process.
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
