import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { startCollector } from '#test/support/otlp-collector';
import { eventually } from './eventually.ts';
import { spawnOperator } from './operator-process.ts';
import { World } from './world.ts';

test('the process serves, traces compile and push, and on SIGTERM frees its Lease and exits 0, whatever the collector says', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const dir = mkdtempSync(join(tmpdir(), 'remora-main-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'kubeconfig'), world.server.kubeconfig);
  const traces = await startCollector(t);
  const [push = 0, webhook = 0, health = 0] = await freePorts(3);
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.pod('app-1');
  const { child, ended, output } = spawnOperator(t, {
    KUBECONFIG: join(dir, 'kubeconfig'),
    REMORA_NAMESPACE: world.namespace,
    REMORA_WATCH_NAMESPACE: world.namespace,
    REMORA_HOST: '127.0.0.1',
    REMORA_PUSH_PORT: String(push),
    REMORA_WEBHOOK_PORT: String(webhook),
    REMORA_HEALTH_PORT: String(health),
    OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
  });
  const ready = () => fetch(`http://127.0.0.1:${health}/readyz`).then(({ status }) => status === 200);
  await eventually('readiness', ready).catch((error) => {
    throw new Error(`${error}\n${output()}`);
  });
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${world.namespace}/leases/remora-operator`;
  const holder = async () =>
    ((await world.server.request({ path: lease })).body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity;
  await eventually('the lease', holder);
  child.kill('SIGTERM');
  assert.equal(await ended, 0, output());
  assert.equal((await holder()) ?? '', '');
  const sent = traces.bodies.join('');
  assert.ok(sent.includes('remora.compile') && sent.includes('remora.push'), output());
});

test('the process that keeps the history serves it from a file, tells its size, and on SIGTERM exits 0', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const dir = mkdtempSync(join(tmpdir(), 'remora-main-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'kubeconfig'), world.server.kubeconfig);
  const [history = 0, health = 0] = await freePorts(2);
  const env = {
    KUBECONFIG: join(dir, 'kubeconfig'),
    REMORA_NAMESPACE: world.namespace,
    REMORA_HOST: '127.0.0.1',
    REMORA_HISTORY_PORT: String(history),
    REMORA_HEALTH_PORT: String(health),
  };
  const none = spawnOperator(t, env, ['keep-history']);
  assert.equal(await none.ended, 1);
  assert.match(none.output(), /This process needs a history that it can open: REMORA_HISTORY/);
  const file = join(dir, 'history.sqlite');
  const keeper = spawnOperator(t, { ...env, REMORA_HISTORY: `sqlite:${file}` }, ['keep-history']);
  const at = (path: string) => fetch(`http://127.0.0.1:${health}${path}`);
  await eventually('readiness', async () => (await at('/readyz')).status === 200).catch((error) => {
    throw new Error(`${error}\n${keeper.output()}`);
  });
  await eventually('the first upkeep', async () =>
    /history_upkeep_total\{task="prune",outcome="done"\} 1/.test(await (await at('/metrics')).text()),
  );
  const [, bytes] = /^remora_operator_history_bytes (\d+)$/m.exec(await (await at('/metrics')).text()) ?? [];
  assert.ok(Number(bytes) > 0, keeper.output());
  keeper.child.kill('SIGTERM');
  assert.equal(await keeper.ended, 0, keeper.output());
});

test('the process says in one sentence what it lacks', async (t) => {
  const { ended, output } = spawnOperator(t, {});
  assert.equal(await ended, 2);
  assert.equal(output(), "remora operator: REMORA_NAMESPACE must name the operator's namespace.\n");
});
