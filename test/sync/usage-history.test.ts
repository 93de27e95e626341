/** Usage from a stream into a history that is really kept: acknowledged when it is durable, counted once, and only what is the pod's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { reportQuery } from '#contract/history/report';
import { encodeRow } from '#contract/history/row-json';
import type { UsageRow } from '#contract/history/usage-row';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { openHistory } from '#history/histories';
import type { HistoryStore } from '#history/history-store';
import { type RowResult, UsageIntake } from '#operator/history/usage-intake';
import { allRows, assertSums } from '#test/history/history-suite';
import { NOW, rowOf } from '#test/history/rows';
import { postgres } from '#test/support/postgres';
import { recordingLog, until, World } from './harness.ts';
import { rawStream } from './raw-stream.ts';

const INSTANCE = 'pod-1.life-1';

const rowsOf = (count: number, more: Partial<UsageRow> = {}): UsageRow[] =>
  Array.from({ length: count }, (_, index) => rowOf({ instance: INSTANCE, seq: index + 1, ...more }));

const NO_RECORD: Omit<UsageRecord, 'instance' | 'seq' | 'row'> = {
  ...{ requestId: '', route: '', target: '', outcome: '', inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
  ...{ costNanoUsd: '', startedUnixMs: 0, durationMs: 0, estimated: false },
};
const recordOf = (row: UsageRow): UsageRecord => ({
  ...NO_RECORD,
  instance: row.instance,
  seq: row.seq,
  row: Buffer.from(encodeRow(row)),
});

/** An operator whose usage goes into `history`, and one stream of the pod `pod-1` of the namespace `shop`. */
async function open(t: TestContext, history: HistoryStore) {
  const world = await World.open();
  t.after(async () => {
    await world.close();
    await history.close();
  });
  const counted: Record<RowResult, number> = { added: 0, repeated: 0, bad: 0, late: 0 };
  const log = recordingLog();
  const intake = new UsageIntake({
    ...{ store: history, log, now: () => NOW },
    onRows(counts) {
      for (const [name, count] of Object.entries(counts)) counted[name as RowResult] += count;
    },
  });
  const operator = await world.operator(undefined, { keepUsage: (records, peer) => intake.take(records, peer) });
  const stream = rawStream(world, operator, 'token-pod-1');
  stream.hello();
  const report = (seq: number, records: readonly UsageRecord[]): void =>
    stream.say({ $case: 'usageReport', value: { seq, grants: [], records: [...records] } });
  const acks = (): number[] =>
    stream.received.flatMap((message) => (message.$case === 'usageAck' ? [message.value.seq] : []));
  const acked = (seq: number): Promise<void> => until(`the acknowledgement of ${seq}`, () => acks().includes(seq));
  t.after(() => intake.close());
  return { operator, counted, log, intake, report, acks, acked, stream };
}

function sqlite(t: TestContext): HistoryStore {
  const folder = mkdtempSync(join(tmpdir(), 'remora-usage-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return openHistory(`sqlite:${folder}/history.db`);
}

const both = (what: string, prove: (t: TestContext, history: HistoryStore) => Promise<void>): void => {
  test(`SQLite: ${what}`, (t) => prove(t, sqlite(t)));
  test(`PostgreSQL: ${what}`, async (t) => {
    const server = await postgres(t);
    if (server !== undefined) await prove(t, openHistory(await server.createDatabase()));
  });
};

both('a report is acknowledged when its rows are durable, and what is sent twice counts once', async (t, history) => {
  const { report, acked, counted } = await open(t, history);
  const rows = rowsOf(20);
  report(1, rows.slice(0, 12).map(recordOf));
  await acked(1);
  assert.equal((await allRows(history)).length, 12, 'before anything else is asked of it');
  report(2, rows.map(recordOf));
  await acked(2);
  await assertSums(history, rows);
  assert.deepEqual(counted, { added: 20, repeated: 12, bad: 0, late: 0 });
});

test('what is another namespace’s, another pod’s or no row is refused, counted and logged once, and not asked for again', async (t) => {
  const history = sqlite(t);
  const { report, acked, counted, log } = await open(t, history);
  const [good = assert.fail()] = rowsOf(1);
  const foreign = rowOf({ instance: INSTANCE, seq: 2, namespace: 'bank' });
  const ofAnother = rowOf({ instance: 'pod-10.life-1', seq: 3 });
  const lied = { ...recordOf(rowOf({ instance: INSTANCE, seq: 4 })), seq: 5 };
  const noJson = { ...recordOf(rowOf({ instance: INSTANCE, seq: 6 })), row: Buffer.from('{') };
  const noRow = {
    ...recordOf(good),
    seq: 7,
    row: Buffer.from(JSON.stringify({ instance: INSTANCE, seq: 7, namespace: 'shop' })),
  };
  report(1, [...[good, foreign, ofAnother].map(recordOf), lied, noJson, noRow]);
  await acked(1);
  assert.deepEqual(counted, { added: 1, repeated: 0, bad: 5, late: 0 });
  assert.deepEqual(await allRows(history), [good]);
  const refused = log.lines.filter(({ message }) => message.includes('were refused'));
  assert.deepEqual(refused, [
    {
      fields: { pod: 'shop/pod-1', bad: 4, fault: 'namespace: is not that of the pod that sent it' },
      message: 'rows of usage were refused and are not sent again',
    },
  ]);
});

test('a row that names no namespace has that of its pod', async (t) => {
  const history = sqlite(t);
  const { report, acked } = await open(t, history);
  const [row = assert.fail()] = rowsOf(1);
  const { namespace: _, ...silent } = row;
  report(1, [{ ...recordOf(row), row: Buffer.from(encodeRow(silent)) }]);
  await acked(1);
  assert.deepEqual(await allRows(history), [row]);
});

test('the journal of a former life of the pod is taken, and records without rows are acknowledged', async (t) => {
  const history = sqlite(t);
  const { report, acked } = await open(t, history);
  const former = rowsOf(3, { instance: 'pod-1.life-0' });
  report(1, [...former.map(recordOf), { ...NO_RECORD, instance: INSTANCE, seq: 9, row: Buffer.alloc(0) }]);
  await acked(1);
  assert.deepEqual(await allRows(history), former);
});

test('a history that is away holds up acknowledgements and no grants; what is sent again when it is back is there once', async (t) => {
  const server = await postgres(t);
  if (server === undefined) return;
  const history = openHistory(await server.createDatabase());
  const { report, acked, acks, intake, log } = await open(t, history);
  const rows = rowsOf(30);
  report(1, rows.slice(0, 10).map(recordOf));
  await acked(1);
  await server.kill();
  report(2, rows.map(recordOf));
  await until(
    'the failure',
    () => intake.failingSeconds >= 0 && log.lines.some(({ message }) => message.includes('cannot be kept')),
  );
  report(3, []);
  await acked(3);
  assert.deepEqual(acks(), [1, 3]);
  await server.restart();
  await acked(2);
  report(4, rows.map(recordOf));
  await acked(4);
  await assertSums(history, rows);
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['usage cannot be kept for now and is tried again', 'usage is kept again'],
  );
  const { total } = await history.report(reportQuery.parse({ from: '2026-11-01', to: '2026-12-01' }));
  assert.equal(total.attempts, 30n);
});

test('what a pod reported that is gone when the history is back is kept all the same', async (t) => {
  const server = await postgres(t);
  if (server === undefined) return;
  const history = openHistory(await server.createDatabase());
  const { report, acked, intake, operator, stream } = await open(t, history);
  const rows = rowsOf(10);
  report(1, rows.slice(0, 2).map(recordOf));
  await acked(1);
  await server.kill();
  report(2, rows.map(recordOf));
  await until('the rows', () => intake.waitingRows === 10);
  stream.cut();
  await until('the end of the stream', () =>
    operator.log.lines.some(({ message }) => message === 'a sidecar disconnected'),
  );
  await server.restart();
  await until('they are written', () => intake.waitingRows === 0);
  await assertSums(history, rows);
});
