import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { requireApiServer } from './api-server.ts';

describe('requireApiServer()', () => {
  it('gives a kubeconfig that the Kubernetes client can use', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    const config = new KubeConfig();
    config.loadFromString(server.kubeconfig);
    const { items } = await config.makeApiClient(CoreV1Api).listNamespace();
    assert.ok(items.some(({ metadata }) => metadata?.name === 'default'));
  });

  it('issues ServiceAccount tokens for an audience and reviews them', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    const namespace = await server.createNamespace();
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await server.request({ method: 'POST', path: accounts, body: { metadata: { name: 'app' } } });
    const asked = {
      method: 'POST',
      path: `${accounts}/app/token`,
      body: { spec: { audiences: ['remora.dev/x'] } },
    } as const;
    const issued = (await server.request(asked)).body as { status: { token: string } };
    const review = (audience: string) =>
      server.request({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { spec: { token: issued.status.token, audiences: [audience] } },
      });
    const right = (await review('remora.dev/x')).body as { status: { user: { username: string } } };
    assert.equal(right.status.user.username, `system:serviceaccount:${namespace}:app`);
    const wrong = (await review('other')).body as { status: { authenticated?: boolean } };
    assert.notEqual(wrong.status.authenticated, true);
  });

  it('lets pods be created without a controller', async (t) => {
    const server = await requireApiServer(t);
    if (server === undefined) return;
    const namespace = await server.createNamespace();
    const body = { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    const { status } = await server.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body });
    assert.equal(status, 201);
  });
});

const SLEEPER = `
  import { mkdtempSync, readFileSync, watch } from 'node:fs';
  import { OwnedProcesses } from '${new URL('./owned-processes.ts', import.meta.url)}';
  const owned = new OwnedProcesses(mkdtempSync('/tmp/remora-owned-'));
  // The watch keeps this process alive as well.
  watch(owned.folder, (_, file) => {
    if (file === 'pid') console.log(readFileSync(owned.folder + '/pid', 'utf8').trim() + ' ' + owned.folder);
  });
  owned.start('sleeper', 'sh', ['-c', 'echo $$ > written; mv written pid; exec sleep 600']);
`;

async function startSleeper(t: TestContext) {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', SLEEPER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const [pid = '', folder = ''] = line.split(' ');
  return { parent, pid: Number(pid), folder };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('OwnedProcesses', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    it(`ends with the process that owns it when that is ended by ${signal}`, { timeout: 20_000 }, async (t) => {
      const { parent, pid, folder } = await startSleeper(t);
      assert.ok(lives(pid));
      parent.kill(signal);
      while (lives(pid) || existsSync(folder)) await delay(20);
    });
});
