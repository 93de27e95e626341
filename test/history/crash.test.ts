/** What was told to be kept is kept, whatever ends: the process that writes, PostgreSQL, or the room on the disk. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import type { UsageRow } from '#contract/history/usage-row';
import { openHistory } from '#history/histories';
import { type HistoryStore, HistoryUnavailable, RETENTION } from '#history/history-store';
import { freePorts } from '#test/support/free-ports';
import { missing } from '#test/support/missing';
import { postgres } from '#test/support/postgres';
import { BUNDLES, bundle } from '#tools/bundle';
import { allRows, assertSums } from './history-suite.ts';
import { NOW, rowOf } from './rows.ts';

const APPENDER = join(import.meta.dirname, 'appender.ts');
const CYCLES = 8;

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'remora-history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Kills the process once it has told of so many rows; resolves to how many it told of in the end. */
async function killedAfter(program: string, args: readonly string[], rows: number): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    if (told >= rows) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  return told;
}

/** As the appender makes them. */
const rowsOf = (instance: string, count: number): UsageRow[] =>
  Array.from({ length: count }, (_, seq) =>
    rowOf({ instance, seq, user: `user-${seq % 20}`, session: `${instance}-${seq % 20}` }),
  );

async function assertSurvives(history: () => HistoryStore, url: string, t: TestContext): Promise<void> {
  const told: number[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle += 1)
    told.push(await killedAfter(APPENDER, [url, `life-${cycle}`], 20 * (cycle + 1)));
  const store = history();
  t.after(() => store.close());
  const kept = await allRows(store);
  await assertSums(store, kept);
  for (const [cycle, count] of told.entries()) {
    const seqs = new Set(kept.filter(({ instance }) => instance === `life-${cycle}`).map(({ seq }) => seq));
    for (let seq = 0; seq < count; seq += 1) assert.ok(seqs.has(seq), `row ${seq} of life ${cycle} is lost`);
  }
  // A sidecar whose rows were not acknowledged sends them again, and more.
  const all = told.flatMap((count, cycle) => rowsOf(`life-${cycle}`, count + 60));
  for (let start = 0; start < all.length; start += 500) await store.append(all.slice(start, start + 500), NOW);
  assert.equal((await allRows(store)).length, all.length);
  await assertSums(store, all);
  const { total } = await store.report({
    by: [],
    period: 'total',
    from: '2026-01-01',
    to: '2027-01-01',
    where: {},
    top: 1,
  });
  assert.equal(total.sessions, BigInt(20 * CYCLES));
}

test('SQLite: a writer that is killed loses nothing that it told to be kept, and doubles nothing', async (t) => {
  const url = `sqlite:${temporaryFolder(t)}/history.db`;
  await assertSurvives(() => openHistory(url), url, t);
});

test('PostgreSQL: a writer that is killed loses nothing that it told to be kept, and doubles nothing', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url !== undefined) await assertSurvives(() => openHistory(url), url, t);
});

test('a writer whose reader is gone ends, and says nothing', async (t) => {
  const url = `sqlite:${temporaryFolder(t)}/history.db`;
  const child = spawn(process.execPath, [APPENDER, url, 'a'], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const said = text(child.stderr);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.equal(await said, '');
});

test('the bundle finds the bundle of its thread', async (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, 'appender.cjs');
  await bundle({ entry: APPENDER, outfile: program });
  await bundle({ entry: BUNDLES.historyWorker.entry, outfile: join(folder, 'history-worker.cjs') });
  assert.ok((await killedAfter(program, [`sqlite:${folder}/history.db`, 'a'], 40)) >= 40);
});

test('PostgreSQL that is killed loses nothing that it confirmed, and the same history goes on when it is back', async (t) => {
  const server = await postgres(t);
  if (server === undefined) return;
  const history = openHistory(await server.createDatabase());
  t.after(() => history.close());
  const rows = Array.from({ length: 4_000 }, (_, seq) => rowOf({ seq, timeMs: NOW - seq }));
  const confirmed: UsageRow[] = [];
  let killed: Promise<void> | undefined;
  for (let start = 0; killed === undefined || start < rows.length; start += 50) {
    const some = rows.slice(start, start + 50);
    if (start === 1_000) killed = server.kill();
    try {
      await history.append(some, NOW);
    } catch (error) {
      assert.ok(error instanceof HistoryUnavailable, String(error));
      break;
    }
    confirmed.push(...some);
  }
  await killed;
  assert.ok(confirmed.length >= 1_000 && confirmed.length < rows.length, `${confirmed.length} confirmed`);
  await server.restart();
  const seqs = new Set((await allRows(history)).map(({ seq }) => seq));
  for (const { seq } of confirmed) assert.ok(seqs.has(seq), `row ${seq} is lost`);
  await history.append(rows, NOW);
  await assertSums(history, rows);
});

test('PostgreSQL that is not there makes each call unavailable, and the password stays out of what is said', async (t) => {
  const [port = 0] = await freePorts(1);
  const history = openHistory(`postgres://remora:hunter2@127.0.0.1:${port}/history`);
  t.after(() => history.close());
  for (const call of [() => history.append([rowOf()], NOW), () => allRows(history), () => history.prune(NOW)])
    await assert.rejects(
      call,
      (error) =>
        error instanceof HistoryUnavailable &&
        /^PostgreSQL: /.test(error.message) &&
        !error.message.includes('hunter2'),
    );
});

/** Appends until there is no room; resolves to the rows that were kept. */
async function fill(history: HistoryStore): Promise<UsageRow[]> {
  const kept: UsageRow[] = [];
  for (let start = 0; start < 100_000; start += 500) {
    const rows = Array.from({ length: 500 }, (_, index) =>
      rowOf({ seq: start + index, requestId: `${start}`.repeat(20) }),
    );
    try {
      await history.append(rows, NOW);
    } catch (error) {
      assert.ok(error instanceof HistoryUnavailable, String(error));
      assert.match(error.message, /is full\. Give it more room/);
      return kept;
    }
    kept.push(...rows);
  }
  return assert.fail('100,000 rows found room');
}

test('SQLite at its stated size takes no more and says so, and what it has stays whole', async (t) => {
  const url = `sqlite:${temporaryFolder(t)}/history.db`;
  const small = openHistory(url, { retention: RETENTION, maxBytes: 2 ** 20 });
  const kept = await fill(small);
  assert.ok(kept.length > 0);
  await assertSums(small, kept);
  await small.close();
  const large = openHistory(url);
  t.after(() => large.close());
  await large.append([rowOf({ seq: 999_999 })], NOW);
  assert.equal((await allRows(large)).length, kept.length + 1);
});

test('SQLite that could not open its file opens it by itself once that is mended', async (t) => {
  const file = join(temporaryFolder(t), 'history.db');
  mkdirSync(file);
  const history = openHistory(`sqlite:${file}`);
  t.after(() => history.close());
  for (const call of [() => history.append([rowOf()], NOW), () => allRows(history)])
    await assert.rejects(call, { name: 'HistoryUnavailable', message: /^SQLite: unable to open/ });
  rmSync(file, { recursive: true });
  await history.append([rowOf()], NOW);
  assert.equal((await allRows(history)).length, 1);
});

test('SQLite on a full disk takes no more and says so, and goes on when there is room', async (t) => {
  const folder = join(temporaryFolder(t), 'volume');
  mkdirSync(folder);
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
  if (!mount('size=4m')) return missing(t, 'a file system in memory can be mounted by root alone');
  const history = openHistory(`sqlite:${folder}/history.db`);
  try {
    const kept = await fill(history);
    assert.ok(kept.length > 0);
    await assertSums(history, kept);
    assert.ok(mount('remount,size=32m'));
    await history.append([rowOf({ seq: 999_999 })], NOW);
    assert.equal((await allRows(history)).length, kept.length + 1);
  } finally {
    await history.close();
    spawnSync('umount', [folder]);
  }
});
