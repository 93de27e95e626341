import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { eventually } from './eventually.ts';
import { World } from './world.ts';

const ENTRY = join(import.meta.dirname, '..', '..', 'operator', 'main.ts');

function run(t: TestContext, env: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, [ENTRY], { env: { PATH: process.env.PATH ?? '', ...env } });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, exited, output: () => output };
}

/** A collector that keeps the bodies of what it was sent. */
async function collector(t: TestContext) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('latin1'));
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

test('the process serves, traces compile and push, and on SIGTERM frees its Lease and exits 0', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const dir = mkdtempSync(join(tmpdir(), 'remora-main-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'kubeconfig'), world.server.kubeconfig);
  const traces = await collector(t);
  const [push = 0, webhook = 0, health = 0] = await freePorts(3);
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.pod('app-1');
  const { child, exited, output } = run(t, {
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
  assert.equal(await exited, 0, output());
  assert.equal((await holder()) ?? '', '');
  const sent = traces.bodies.join('');
  assert.ok(sent.includes('remora.compile') && sent.includes('remora.push'), output());
});

test('the process says in one sentence what it lacks', async (t) => {
  const { exited, output } = run(t, {});
  assert.equal(await exited, 2);
  assert.equal(output(), "remora operator: REMORA_NAMESPACE must name the operator's namespace.\n");
});
