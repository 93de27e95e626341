/** The whole way on a real API server with the rights of the chart: a sidecar's stream, an operator, the process that keeps the file, reports. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AuditChange } from '#contract/history/audit';
import type { AuditRecordJson } from '#contract/history/render-audit';
import { encodeRow } from '#contract/history/row-json';
import type { UsageRow } from '#contract/history/usage-row';
import { HISTORY_AUDIENCE } from '#contract/names/api';
import { runRemora } from '#test/cli/remora-process';
import { rowOf } from '#test/history/rows';
import { eventually } from '#test/operator/eventually';
import { type RunningOperator, World } from '#test/operator/world';
import { postgres } from '#test/support/postgres';
import { rawStream } from '#test/sync/raw-stream';
import { installHistory, tokenOf } from './chart-objects.ts';
import { ask, bind, finance, open, operatorOf, outside, type Place, publish } from './place.ts';

const STARTED_MS = Date.now();
const DAYS = `from=${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}`;

interface Reporter {
  report(seq: number, rows: readonly UsageRow[]): void;
  acked(seq: number): Promise<unknown>;
  acks(): readonly number[];
  rowsOf(count: number, more?: Partial<UsageRow>): UsageRow[];
}

async function sidecarOf(t: TestContext, world: World, operator: RunningOperator, name = 'app'): Promise<Reporter> {
  const pod = await world.pod(name);
  const onClose = (close: () => Promise<void>): void => t.after(close);
  const stream = await eventually('a stream', async () => {
    const one = rawStream({ onClose, authority: operator }, { port: operator.ports.push }, pod.token);
    one.hello();
    await eventually('a word', () => one.received.length > 0 || one.ended.error);
    return one.ended.error === undefined && one;
  });
  const acks = (): number[] =>
    stream.received.flatMap((message) => (message.$case === 'usageAck' ? [message.value.seq] : []));
  const instance = `${pod.uid}.life`;
  const none = {
    ...{ requestId: '', route: '', target: '', outcome: '', inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
    ...{ costNanoUsd: '', startedUnixMs: 0, durationMs: 0, estimated: false },
  };
  return {
    acks,
    acked: (seq) => eventually(`the acknowledgement of ${seq}`, () => acks().includes(seq)),
    report(seq, rows) {
      const records = rows.map((row) => ({ ...none, instance, seq: row.seq, row: Buffer.from(encodeRow(row)) }));
      stream.say({ $case: 'usageReport', value: { seq, grants: [], records } });
    },
    rowsOf: (count, more = {}) =>
      Array.from({ length: count }, (_, seq) =>
        rowOf({ instance, seq, namespace: world.namespace, timeMs: STARTED_MS, ...more }),
      ),
  };
}

test('what a sidecar reports is in a report, through an operator and the process that keeps the file, over its restart too', async (t) => {
  const place = await open(t);
  if (place === undefined) return;
  const { world, name, keeper, get } = place;
  const operator = await operatorOf(place);
  const sidecar = await sidecarOf(t, world, operator);
  sidecar.report(1, sidecar.rowsOf(4));
  await sidecar.acked(1);
  await keeper.close();
  sidecar.report(2, sidecar.rowsOf(6));
  await eventually('a word of it in the log', () => operator.lines.some((line) => line.includes('cannot be kept')));
  assert.deepEqual(sidecar.acks(), [1]);
  await place.startKeeper();
  await sidecar.acked(2);
  const reader = await tokenOf(world, `${name}-report-reader`, [HISTORY_AUDIENCE]);
  const { status, text } = await get(`/v1/report?by=team,model&${DAYS}`, reader);
  assert.equal(status, 200, text);
  const { groups, total } = JSON.parse(text);
  assert.deepEqual(groups[0].labels, { team: 'payments', model: 'gpt-5' });
  assert.deepEqual([total.attempts, total.costUsd], ['6', '0.0135']);
  const csv = await get(`/v1/report?by=team&format=csv&${DAYS}`, reader);
  assert.match(csv.text, /^period,team,costUsd,.*\r\n,payments,0\.0135,6,/s);
});

test('reports are for whoever may ask, rows for operators, and what is wrong is said in a sentence', async (t) => {
  const place = await open(t);
  if (place === undefined) return;
  const { world, name, get } = place;
  const reader = await tokenOf(world, `${name}-report-reader`, [HISTORY_AUDIENCE]);
  const corrector = await tokenOf(world, `${name}-report-corrector`, [HISTORY_AUDIENCE]);
  const operator = await tokenOf(world, name, [HISTORY_AUDIENCE]);
  const statusOf = async (...asked: Parameters<Place['get']>): Promise<number> => (await get(...asked)).status;
  assert.equal(await statusOf('/v1/report'), 401);
  assert.equal(await statusOf('/v1/report', 'none'), 401);
  assert.equal(
    await statusOf('/v1/report', await tokenOf(world, `${name}-report-reader`, [])),
    401,
    'another audience',
  );
  assert.equal(await statusOf('/v1/report', operator), 403);
  assert.equal(await statusOf('/v1/report', reader), 200);
  assert.equal(await statusOf('/v1/rows', reader, []), 403);
  assert.equal(await statusOf('/v1/rows', operator, []), 200);
  assert.equal(await statusOf('/v1/rows', operator, {}), 400);
  assert.equal(await statusOf('/v1/rerate', reader, {}), 403);
  assert.equal(await statusOf('/v1/rerate', corrector, {}), 400);
  const auditor = await tokenOf(world, `${name}-audit-reader`, [HISTORY_AUDIENCE]);
  assert.equal(await statusOf('/v1/audit', reader), 403);
  assert.equal(await statusOf('/v1/audit', auditor), 200);
  assert.equal(await statusOf('/v1/report', auditor), 403);
  assert.equal(await statusOf('/v1/audit-facts', auditor, { cluster: '', facts: [] }), 403);
  assert.equal(await statusOf('/v1/audit-known?cluster=a', auditor), 403);
  assert.equal(await statusOf('/v1/audit-facts', operator, { cluster: '', facts: [] }), 200);
  assert.equal(await statusOf('/v1/audit-facts', operator, []), 400);
  assert.equal(await statusOf('/v1/audit-known?cluster=a', operator), 200);
  assert.equal(await statusOf('/v1/audit?since=yesterday', auditor), 400);
  assert.equal(await statusOf('/v1/report', reader, {}), 405);
  assert.equal(await statusOf('/v1/reports', reader), 404);
  const wrong = await get('/v1/report?by=colour', reader);
  assert.deepEqual([wrong.status, JSON.parse(wrong.text).message.slice(0, 6)], [400, 'by.0: ']);
  const tooLong = await get('/v1/report?by=session&from=2025-01-01&to=2026-01-01', reader);
  assert.deepEqual([tooLong.status, /31 days/.test(tooLong.text)], [422, true], tooLong.text);
});

test('remora report asks through the API server, as a user who has only the Role of the chart', async (t) => {
  const place = await open(t);
  const ip = outside();
  if (place === undefined || ip === undefined) return;
  const { world, name, folder } = place;
  await publish(place, ip);
  const operator = await operatorOf(place);
  const sidecar = await sidecarOf(t, world, operator);
  sidecar.report(1, [
    ...sidecar.rowsOf(3),
    ...sidecar
      .rowsOf(2, { team: 'growth', session: 's1', feature: 'chat' })
      .map((row) => ({ ...row, seq: row.seq + 10 })),
  ]);
  await sidecar.acked(1);
  const kubeconfig = await finance(world, folder);
  const remora = (...args: readonly string[]) =>
    runRemora(t, ['report', ...args, '--operator', `${world.namespace}/${name}`, '--kubeconfig', kubeconfig]);
  const refused = await remora();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`create rolebinding ${name}-report-readers --role=${name}-report-reader `));
  await bind(world, `${name}-report-reader`);
  const table = await remora('--by', 'team', '--where', 'model=gpt-5');
  assert.equal(table.stderr, '');
  assert.match(
    table.stdout,
    /^TEAM +COST-USD .*\npayments +0\.00675 .*60\.00 %.*\ngrowth +0\.0045 .*\ntotal +0\.01125 /,
  );
  const csv = await remora('--by', 'team', '--format', 'csv');
  assert.match(csv.stdout, /^period,team,costUsd,/);
  const dearest = await remora('dearest-team', '--provider', 'openai');
  assert.match(dearest.stdout, /^payments spent \$0\.00675 of \$0\.01125 on openai /, dearest.stderr);
  assert.match((await remora('per-session', '--feature', 'chat')).stdout, /^One session of chat costs \$0\.0045: /);
  const wrong = await remora('--by', 'colour');
  assert.deepEqual([wrong.code, wrong.stderr.slice(0, 6)], [1, 'by.0: ']);
  writeFileSync(join(folder, 'prices.yaml'), 'inputTokens: 10\noutputTokens: 20.5\n');
  const correction = [
    'rerate',
    '--provider',
    'shop/openai',
    '--model',
    'gpt-5',
    '--from',
    '2026-01-01',
    '--to',
    '2099-01-01',
  ];
  assert.equal(
    (await remora(...correction, '--prices', join(folder, 'prices.yaml'))).code,
    1,
    'a reader corrects nothing',
  );
  await bind(world, `${name}-report-corrector`);
  const corrected = await remora(...correction, '--prices', join(folder, 'prices.yaml'));
  assert.equal(corrected.stdout, '5 attempts have another cost: +0.049 USD.\n', corrected.stderr);
  const auditor = await tokenOf(world, `${name}-audit-reader`, [HISTORY_AUDIENCE]);
  const { records } = JSON.parse((await place.get('/v1/audit?action=rerated', auditor)).text);
  assert.deepEqual(
    records.map(({ actor, name: provider, outcome }: AuditRecordJson) => [actor, provider, outcome]),
    [[`system:serviceaccount:${world.namespace}:${name}-report-corrector`, 'openai', '5 attempts, 0.049 USD']],
  );
  const by = `"system:serviceaccount:${world.namespace}:finance"`;
  assert.ok(
    records[0].changes.some(({ path, to }: AuditChange) => path === '/by' && to === by),
    'who says to ask',
  );
});

test('replicas with PostgreSQL keep what they are sent and answer reports themselves, each about all of it', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  const world = url === undefined ? undefined : await World.open(t);
  const name = world && (await installHistory(t, world, 'history.url=postgres://remora@db/usage'));
  if (url === undefined || world === undefined || name === undefined) return;
  const env = { REMORA_SERVICE: name, REMORA_HISTORY: url, REMORA_HISTORY_PORT: '0' };
  const replicas = [await world.operator(undefined, env), await world.operator(undefined, env)];
  const reader = await tokenOf(world, `${name}-report-reader`, [HISTORY_AUDIENCE]);
  for (const [index, replica] of replicas.entries()) {
    const sidecar = await sidecarOf(t, world, replica, `app-${index}`);
    sidecar.report(1, sidecar.rowsOf(2));
    await sidecar.acked(1);
  }
  for (const { ports, caPem } of replicas) {
    const keeper = { ports: { history: ports.history ?? assert.fail() }, caPem };
    const { text } = await ask({ keeper, path: `/v1/report?${DAYS}`, token: reader, body: undefined });
    assert.equal(JSON.parse(text).total.attempts, '4', text);
  }
  const [{ ports = assert.fail() } = {}] = replicas;
  const metrics = await (await fetch(`http://127.0.0.1:${ports.health}/metrics`)).text();
  assert.match(metrics, /^remora_operator_history_rows_total\{result="added"\} 2$/m);
  assert.match(metrics, /^remora_operator_history_failing_seconds 0$/m);
});
