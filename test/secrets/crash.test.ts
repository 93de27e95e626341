/** The last words of each process: what nobody caught is told by its class and its place, never by its message, which may quote anything. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderFor, startDev } from '#test/cli/remora-process';
import { eventually } from '#test/operator/eventually';
import { spawnOperator } from '#test/operator/operator-process';
import { freePorts } from '#test/support/free-ports';
import { until, World } from '#test/sync/harness';
import { injectedEnv, spawnSidecar } from '#test/sync/sidecar-process';
import { assertClean, canaryOf } from './canary.ts';

const KEY = canaryOf('crash');

type Crash = 'uncaughtException' | 'unhandledRejection';
const CRASHES: readonly Crash[] = ['uncaughtException', 'unhandledRejection'];

/** Node options that make a process throw, on SIGUSR2, an error that holds the key wherever an error can hold something. */
function crashOnSignal(crash: Crash): Readonly<Record<string, string>> {
  const error = `Object.assign(new RangeError('not with Bearer ' + process.env.PLANTED, { cause: new Error(process.env.PLANTED) }), {
    code: 'ERR_PLANTED', request: { headers: { authorization: process.env.PLANTED } } })`;
  const fail = crash === 'uncaughtException' ? `throw ${error}` : `Promise.reject(${error})`;
  const module = `process.on('SIGUSR2', function plantedFault() { ${fail} })`;
  const url = `data:text/javascript;base64,${Buffer.from(module).toString('base64')}`;
  return { NODE_OPTIONS: `--import=${url}`, PLANTED: KEY.value };
}

function check(code: number | string | null, output: string): void {
  assert.equal(code, 1, output);
  assert.match(output, /RangeError/);
  assert.match(output, /ERR_PLANTED/);
  assert.match(output, /plantedFault/);
  assertClean([KEY], { output });
}

for (const crash of CRASHES) {
  test(`a sidecar that ends by an ${crash} tells neither its message nor what hangs on it`, async (t) => {
    const world = await World.open();
    t.after(() => world.close());
    const pod = { namespace: 'shop', podName: 'pod-1', podUid: 'pod-1', token: 'token-pod-1' };
    const place = { ...pod, dir: world.dir, operatorPort: 1, caPem: world.authority.caPem };
    const sidecar = spawnSidecar({ ...injectedEnv(place), ...crashOnSignal(crash) });
    world.onClose(async () => {
      sidecar.kill('SIGKILL');
      await sidecar.ended;
    });
    await until(`serving; ${sidecar.stderr()}`, () => sidecar.ingress() !== undefined);
    sidecar.kill('SIGUSR2');
    check(await sidecar.ended, JSON.stringify(sidecar.lines) + sidecar.stderr());
  });

  test(`a remora dev that ends by an ${crash} tells neither its message nor what hangs on it`, async (t) => {
    const remora = await startDev(t, {
      paths: ['examples'],
      state: join(folderFor(t), 'state'),
      env: crashOnSignal(crash),
    });
    remora.signal('SIGUSR2');
    const { code, stdout, stderr } = await remora.ended;
    check(code, stdout + stderr);
  });

  test(`an operator that ends by an ${crash} tells neither its message nor what hangs on it`, async (t) => {
    const [health = 0] = await freePorts(1);
    const operator = spawnOperator(t, {
      KUBECONFIG: await silentCluster(t),
      REMORA_NAMESPACE: 'remora-system',
      REMORA_HOST: '127.0.0.1',
      REMORA_PUSH_PORT: '0',
      REMORA_WEBHOOK_PORT: '0',
      REMORA_HEALTH_PORT: String(health),
      ...crashOnSignal(crash),
    });
    const alive = () => fetch(`http://127.0.0.1:${health}/livez`).then(({ ok }) => ok);
    await eventually('it runs', () => alive().catch(() => false));
    operator.child.kill('SIGUSR2');
    check(await operator.ended, operator.output());
  });
}

/** A kubeconfig of an API server that never answers. */
async function silentCluster(t: TestContext): Promise<string> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const path = join(folderFor(t), 'kubeconfig');
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: { token: KEY.value } }],
    'current-context': 'c',
  };
  writeFileSync(path, JSON.stringify(kubeconfig));
  return path;
}
