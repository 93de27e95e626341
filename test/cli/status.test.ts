/** `remora status` against a real API server: routes, sidecars in every state, budgets; of one namespace and of all. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { missing } from '#test/support/missing';
import { conditions, TestCluster } from './cluster.ts';
import { chat, runRemora } from './remora-process.ts';

const HASH = 'ab'.repeat(32);

async function fill(cluster: TestCluster): Promise<void> {
  const accepted = conditions(
    1,
    ['Accepted', 'True', 'Accepted', 'ok'],
    ['Ready', 'False', 'Pending', 'waiting for b'],
  );
  const route = await cluster.ours('AIRoute', 'chat', {
    spec: { targets: [{ model: 'openai/gpt-4o-mini' }, { model: 'mock/echo' }] },
    status: { conditions: accepted, programmed: '1/4' },
  });
  await cluster.ours('AIBudget', 'team', {
    spec: { limits: [{ name: 'dev', usd: '5', every: 'Day' }] },
    status: {
      ...{ spent: '1.50 USD', remaining: '3.00 USD', percent: '30%' },
      limits: [
        {
          ...{ name: 'dev', spent: '1.50 USD', granted: '0.50 USD', remaining: '3.00 USD', percent: 30 },
          ...{ windowStart: '2026-01-01T00:00:00Z', windowEnd: '2026-01-02T00:00:00Z' },
        },
      ],
    },
  });
  const pod = async (name: string) => (await cluster.pod(name, { labels: { 'remora.dev/injected': 'true' } })).uid;
  const ack = { hash: HASH, nack: null, connected: true, atMs: Date.UTC(2026, 0, 1) };
  const sidecars = {
    [await pod('a-synced')]: ack,
    [await pod('b-pending')]: { ...ack, hash: null },
    [await pod('c-rejected')]: { ...ack, nack: { hash: 'other', reason: 'pattern too long' } },
    [await pod('d-offline')]: { ...ack, connected: false },
  };
  await cluster.create(`/api/v1/namespaces/${cluster.namespace}/pods`, {
    metadata: { name: 'without-sidecar' },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  });
  await cluster.acks({ version: 1, policies: { [HASH]: { [route.uid]: 1 } }, sidecars });
}

test('remora status shows routes, sidecars and budgets of a namespace', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  await fill(cluster);
  const { namespace } = cluster;
  const { code, stdout, stderr } = await cluster.remora('status', '-n', namespace);
  assert.deepEqual([code, stderr], [0, '']);
  const words = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(words, [
    ['NAMESPACE', 'AIROUTE', 'READY', 'PROGRAMMED', 'TARGETS'],
    [namespace, 'chat', 'False', '1/4', 'openai/gpt-4o-mini,mock/echo'],
    [''],
    ['NAMESPACE', 'POD', 'STATE', 'POLICY', 'REASON'],
    [namespace, 'a-synced', 'SYNCED', HASH.slice(0, 12), '-'],
    [namespace, 'b-pending', 'PENDING', '-', 'runs no policy yet'],
    [namespace, 'c-rejected', 'REJECTED', HASH.slice(0, 12), 'pattern too long'],
    [namespace, 'd-offline', 'OFFLINE', HASH.slice(0, 12), 'not connected since 2026-01-01T00:00:00Z'],
    [''],
    ['NAMESPACE', 'AIBUDGET', 'SPENT', 'REMAINING', 'PERCENT'],
    [namespace, 'team', '1.50 USD', '3.00 USD', '30%'],
    [''],
  ]);
});

test('remora status shows all namespaces with -A, messages and limits with -o wide, and everything with -o json', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  await fill(cluster);
  const wide = await cluster.remora('status', '-A', '-o', 'wide');
  assert.match(wide.stdout, new RegExp(`${cluster.namespace} +chat +False .* Pending +waiting for b`));
  assert.match(wide.stdout, new RegExp(`${cluster.namespace} +a-synced +SYNCED +${HASH} `));
  assert.match(wide.stdout, /team +dev +1\.50 USD +3\.00 USD +30% +2026-01-02T00:00:00Z/);
  const json = JSON.parse((await cluster.remora('status', '-n', cluster.namespace, '-o', 'json')).stdout);
  assert.deepEqual(
    json.sidecars.map(({ state }: { state: string }) => state),
    ['SYNCED', 'PENDING', 'REJECTED', 'OFFLINE'],
  );
  assert.deepEqual([json.routes.length, json.budgets.length, json.faults], [1, 1, []]);
});

test('remora status of an empty namespace says so', async (t) => {
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  const { stdout } = await cluster.remora('status', '-n', cluster.namespace);
  assert.equal(stdout, 'No AIRoutes.\n\nNo Sidecars.\n\nNo AIBudgets.\n');
});

/** API servers proxy to no loopback. */
const ownAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

test('remora status shows what sidecars hold against their targets, and which pods it could not ask', async (t) => {
  const address = ownAddress();
  if (address === undefined) return missing(t, 'no network but loopback');
  const cluster = await TestCluster.open(t);
  if (!cluster) return;
  const breaker = { consecutiveFailures: 1, errorPercent: 100, firstTokenP95Ms: null, openForMs: 600_000 };
  const running = await startSidecar(t, {
    config: { health: { host: address, port: 0 } },
    policy: {
      providers: { mock: { type: 'Mock' } },
      routes: [
        {
          targets: [
            { provider: 'mock', model: 'status-503', circuitBreaker: breaker },
            { provider: 'mock', model: 'echo' },
          ],
          rule: { strategy: 'LeastLatency' },
        },
      ],
    },
    deps: { random: () => 0 },
  });
  const { port } = new URL(running.healthUrl);
  for (let sent = 0; sent < 2; sent += 1) await chat(running.url, { model: 'chat' });
  const labels = { labels: { 'remora.dev/injected': 'true' } };
  const at = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] };
  await cluster.pod('app', labels, at, Number(port));
  await cluster.pod('deaf', labels, at, 9);
  await cluster.pod('young', labels, { phase: 'Pending' });
  const { code, stdout } = await cluster.remora('status', '-n', cluster.namespace);
  assert.equal(code, 0);
  const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  assert.ok(
    lines.some((cells) => cells.join() === 'NAMESPACE,POD,PROVIDER,MODEL,CONCERN,FOR,REASON'),
    stdout,
  );
  assert.ok(
    lines.some((cells) =>
      /,app,default\/mock,status-503,CircuitBreaker open,\d+s,1 failures in a row$/.test(cells.join()),
    ),
    stdout,
  );
  assert.match(stdout, /× targets of \S+\/deaf cannot be read: .+/);
  assert.doesNotMatch(stdout, /echo|young cannot/);
  const wide = await cluster.remora('status', '-n', cluster.namespace, '-o', 'wide');
  assert.match(wide.stdout, /app +default\/mock +echo +none +\d+ms .*default\/route-0/);
  const { targets } = JSON.parse((await cluster.remora('status', '-n', cluster.namespace, '-o', 'json')).stdout);
  assert.deepEqual(
    targets.map(({ pod, model, breaker: state }: Record<string, string>) => [pod, model, state]),
    [
      ['app', 'echo', undefined],
      ['app', 'status-503', 'open'],
    ],
  );
});

test('remora status --url says in one sentence that nobody tells there', async (t) => {
  const { code, stdout, stderr } = await runRemora(t, ['status', '--url', 'http://127.0.0.1:1']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^No sidecar tells of its targets at http:\S+: .*ECONNREFUSED.* Name its health port, such as http:.*24101\.\n$/,
  );
});
