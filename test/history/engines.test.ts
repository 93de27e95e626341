/** What each engine promises beside the suite: copies and bounds of SQLite, partitions and migrations of PostgreSQL. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { openHistory } from '#history/histories';
import { RETENTION } from '#history/history-store';
import { migrations } from '#history/sql/schema';
import { SqliteHistory } from '#history/sqlite/sqlite-history';
import { postgres } from '#test/support/postgres';
import { allRows, assertSums } from './history-suite.ts';
import { DAY_MS, NOW, rowOf, someRows } from './rows.ts';

function sqliteFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'history.db');
}

test('SQLite is copied whole while rows go in', async (t) => {
  const file = sqliteFile(t);
  const history = new SqliteHistory(file, { retention: RETENTION });
  t.after(() => history.close());
  const rows = someRows(200);
  await history.append(rows.slice(0, 100), NOW);
  await Promise.all([history.backup(`${file}.copy`), history.append(rows.slice(100), NOW)]);
  const copy = openHistory(`sqlite:${file}.copy`);
  t.after(() => copy.close());
  const copied = await allRows(copy);
  assert.ok(copied.length === 100 || copied.length === 200, `${copied.length} rows`);
  await assertSums(copy, copied);
});

test('SQLite takes a bounded number of calls at once, and says so to the others', async (t) => {
  const history = openHistory(`sqlite:${sqliteFile(t)}`);
  t.after(() => history.close());
  const told = await Promise.allSettled(Array.from({ length: 70 }, (_, seq) => history.append([rowOf({ seq })], NOW)));
  const refused = told.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 6);
  for (const one of refused) assert.match(String(one.status === 'rejected' && one.reason), /calls are waiting already/);
  assert.equal((await allRows(history)).length, 64);
});

test('SQLite that cannot be opened says so at each call, and one of a newer version is left alone', async (t) => {
  const file = sqliteFile(t);
  const first = openHistory(`sqlite:${file}`);
  await first.append([rowOf()], NOW);
  await first.close();
  const db = new DatabaseSync(file);
  db.exec('INSERT INTO history_migration VALUES (99)');
  db.close();
  const history = openHistory(`sqlite:${file}`);
  t.after(() => history.close());
  const newer = { name: 'HistoryUnavailable', message: /^The history is of version 99, / };
  await assert.rejects(history.append([rowOf()], NOW), newer);
  await assert.rejects(allRows(history), newer);
  const folder = openHistory(`sqlite:${join(file, '..')}`);
  t.after(() => folder.close());
  await assert.rejects(folder.append([rowOf()], NOW), { name: 'HistoryUnavailable', message: /^SQLite: / });
});

const BEFORE_AUDIT = 1;
const QUERY = { sinceMs: 0, untilMs: NOW + DAY_MS, limit: 10 };

/** Rows of then are there, and changes are recorded from now on. */
async function assertGoesOn(t: TestContext, url: string): Promise<void> {
  const history = openHistory(url);
  t.after(() => history.close());
  await history.append([rowOf()], NOW);
  const uid = 'u1';
  const object = { kind: 'AIBudget', namespace: 'shop', name: 'caps', uid, generation: 1, timeMs: NOW };
  await history.audit({ cluster: '', facts: [{ is: 'seen', ...object, digest: 'a'.repeat(32), spec: {} }] });
  assert.equal((await history.auditRecords(QUERY)).records.length, 1);
  assert.equal((await allRows(history)).length, 1);
}

test('SQLite of a Remora that recorded no changes goes on', async (t) => {
  const file = sqliteFile(t);
  const db = new DatabaseSync(file);
  const steps = migrations({ prefix: '', keyed: 'WITHOUT ROWID', rows: 'WITHOUT ROWID' }).slice(0, BEFORE_AUDIT);
  for (const step of steps) db.exec(step);
  db.exec(`CREATE TABLE history_migration (number bigint PRIMARY KEY); INSERT INTO history_migration VALUES (1)`);
  db.close();
  await assertGoesOn(t, `sqlite:${file}`);
});

test('PostgreSQL of a Remora that recorded no changes goes on', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const steps = migrations({ prefix: 'remora.', keyed: '', rows: 'PARTITION BY RANGE (time_ms)' });
  await asked(
    url,
    `CREATE SCHEMA remora; ${steps.slice(0, BEFORE_AUDIT).join('\n')}
CREATE TABLE remora.history_migration (number bigint PRIMARY KEY); INSERT INTO remora.history_migration VALUES (1)`,
  );
  await assertGoesOn(t, url);
});

test('a history of before there were AIKeys goes on, and its sums stay those of the rows', async (t) => {
  const file = sqliteFile(t);
  const before = someRows(40).map((row) => ({ ...row, key: '' }));
  const first = openHistory(`sqlite:${file}`);
  await first.append(before, NOW);
  await first.close();
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  const seriesIds = () => db.prepare('SELECT CAST(id AS text) AS id FROM series ORDER BY id').all();
  const known = seriesIds();
  db.exec('ALTER TABLE series DROP COLUMN ai_key; DELETE FROM history_migration WHERE number = 3');
  const history = openHistory(`sqlite:${file}`);
  t.after(() => history.close());
  const again = before.map((row) => ({ ...row, instance: 'pod-9' }));
  await history.append(again, NOW);
  assert.deepEqual(seriesIds(), known, 'what comes without a key is the series that it was');
  const keyed = before.map((row) => ({ ...row, instance: 'pod-10', key: 'shop/ci' }));
  await history.append(keyed, NOW);
  await assertSums(history, [...before, ...again, ...keyed]);
});

test('a history that is closed takes nothing more', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  for (const one of [`sqlite:${sqliteFile(t)}`, ...(url === undefined ? [] : [url])]) {
    const history = openHistory(one);
    await history.append([rowOf()], NOW);
    await history.close();
    await history.close();
    await assert.rejects(history.append([rowOf()], NOW), { name: 'HistoryUnavailable', message: /closed/ });
  }
});

async function asked(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

const PARTITIONS = `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'remora.usage_row'::regclass ORDER BY 1`;

test('PostgreSQL has a partition for each month, made ahead, and drops the old ones', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const history = openHistory(url, { retention: { ...RETENTION, rowDays: 40 } });
  t.after(() => history.close());
  await history.append([rowOf({ timeMs: NOW - 100 * DAY_MS }), rowOf({ seq: 2 })], NOW);
  const names = async () => (await asked(url, PARTITIONS)).map(({ name }) => name);
  assert.deepEqual(await names(), ['usage_row_2026_08', 'usage_row_2026_11']);
  await history.prune(NOW);
  assert.deepEqual(await names(), ['usage_row_2026_11', 'usage_row_2026_12', 'usage_row_2027_01']);
});

test('PostgreSQL: replicas that start and write together make tables and partitions once, and each row counts once', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const replicas = Array.from({ length: 5 }, () => openHistory(url));
  t.after(() => Promise.all(replicas.map((history) => history.close())));
  const rows = someRows(120);
  await Promise.all(
    replicas.flatMap((history, index) => [
      history.append(rows, NOW),
      history.append(rows.toReversed().slice(index * 20), NOW),
    ]),
  );
  await assertSums(replicas[0] ?? assert.fail(), rows);
});

test('PostgreSQL that may forget what it has confirmed is refused with what to do', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  await asked(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
  const history = openHistory(url);
  t.after(() => history.close());
  await assert.rejects(history.append([rowOf()], NOW), {
    name: 'HistoryUnavailable',
    message: /Set it to on for the database or the user/,
  });
});
