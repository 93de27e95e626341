/** AIProviders that name a Service, against a real API server and with the rights that the chart gives: what the sidecars get, and what the owner reads. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor, runRemora } from '#test/cli/remora-process';
import { chartAccess } from './chart-access.ts';
import { eventually } from './eventually.ts';
import { type TestSidecar, World } from './world.ts';

const POOL = { type: 'OpenAICompatible', service: { name: 'vllm', port: 'api' } };
const ROUTE = { targets: [{ model: 'pool/llama' }] };

interface Pod {
  readonly ip: string;
  readonly ready?: boolean;
}

const endpointOf = ({ ip, ready = true }: Pod): object => ({
  addresses: [ip],
  conditions: { ready, serving: ready, terminating: false },
});

/** The part of a cluster that a Service controller plays, by hand. */
class Pool {
  readonly #world: World;
  readonly #namespace: string;

  constructor(world: World, namespace = world.namespace) {
    this.#world = world;
    this.#namespace = namespace;
  }

  get #service(): string {
    return `/api/v1/namespaces/${this.#namespace}/services/vllm`;
  }

  async create(): Promise<void> {
    const spec = { clusterIP: 'None', ports: [{ name: 'api', port: 80, targetPort: 8000 }] };
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'vllm' }, spec };
    await this.#world.send('PATCH', this.#service, object);
  }

  async remove(): Promise<void> {
    await this.#world.send('DELETE', this.#service);
  }

  async holds(pods: readonly Pod[], slice = 'vllm-1', addressType = 'IPv4'): Promise<void> {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${this.#namespace}/endpointslices/${slice}`;
    await this.#world.send('PATCH', path, {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType },
      metadata: { name: slice, labels: { 'kubernetes.io/service-name': 'vllm' } },
      ports: [{ name: 'api', port: 8000, protocol: 'TCP' }],
      endpoints: pods.map(endpointOf),
    });
  }
}

const endpoints = ({ sink }: TestSidecar) => sink.policy?.providers[0]?.endpoints;
const hasEndpoints = (sidecar: TestSidecar, ...wanted: readonly string[]) =>
  eventually(`the endpoints ${wanted.join(' ')}`, () => String(endpoints(sidecar)) === String(wanted));
const urlOf = (authority: string): string => `http://${authority}:8000/v1`;

test('the endpoints of a Service reach the sidecars while nothing of AIProvider and AIRoute changes, and Programmed stays true', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator(await chartAccess(world));
  const pool = new Pool(world);
  await world.apply('AIProvider', 'pool', POOL);
  await world.apply('AIRoute', 'chat', ROUTE);
  const missing = await world.condition('AIProvider', 'pool', 'ResolvedRefs', (c) => c.reason === 'ServiceNotFound');
  assert.match(missing.message, new RegExp(`Service ${world.namespace}/vllm not found`));
  await world.condition('AIRoute', 'chat', 'ResolvedRefs', ({ reason }) => reason === 'ServiceNotFound');
  const kubeconfig = join(folderFor(t), 'kubeconfig');
  writeFileSync(kubeconfig, world.server.kubeconfig);
  const { stdout } = await runRemora(t, ['check', '-n', world.namespace, '--kubeconfig', kubeconfig]);
  assert.ok(stdout.includes(`× AIProvider ${world.namespace}/pool: ResolvedRefs=False (ServiceNotFound): `), stdout);

  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  await pool.create();
  await world.condition('AIProvider', 'pool', 'ResolvedRefs', ({ reason }) => reason === 'NoReadyEndpoints');
  await world.condition(
    'AIRoute',
    'chat',
    'ResolvedRefs',
    (c) => c.reason === 'NoReadyEndpoints' && c.status === 'True',
  );
  await hasEndpoints(sidecar);

  await pool.holds([{ ip: '10.1.0.2' }, { ip: '10.1.0.1', ready: false }]);
  await hasEndpoints(sidecar, urlOf('10.1.0.2'));
  await world.condition('AIProvider', 'pool', 'Ready', ({ status }) => status === 'True');
  const programmed = await world.condition('AIRoute', 'chat', 'Programmed', (c) => /^1\/1 /.test(c.message));
  assert.equal(sidecar.sink.policy?.providers[0]?.service, `${world.namespace}/vllm`);

  await pool.holds([{ ip: '10.1.0.2' }, { ip: '10.1.0.1' }]);
  await pool.holds([{ ip: 'fd00::1' }], 'vllm-2', 'IPv6');
  await hasEndpoints(sidecar, urlOf('10.1.0.1'), urlOf('10.1.0.2'), urlOf('[fd00::1]'));
  await pool.holds([]);
  await pool.holds([], 'vllm-2', 'IPv6');
  await hasEndpoints(sidecar);
  await world.condition('AIRoute', 'chat', 'ResolvedRefs', ({ reason }) => reason === 'NoReadyEndpoints');
  const after = await world.condition('AIRoute', 'chat', 'Programmed', (c) => /^1\/1 /.test(c.message));
  assert.deepEqual(after, programmed, 'it was true all the time');

  await world.apply('AIProvider', 'pool', { ...POOL, service: { name: 'vllm', port: 'http' } });
  const port = await world.condition('AIProvider', 'pool', 'ResolvedRefs', ({ reason }) => reason === 'PortNotFound');
  assert.match(port.message, /no TCP port "http"; state one of 80 \("api"\)/);
  await pool.remove();
  await world.condition('AIProvider', 'pool', 'ResolvedRefs', ({ reason }) => reason === 'ServiceNotFound');
  assert.deepEqual(
    operator.lines.filter((line) => line.includes('forbidden')),
    [],
    'the role of the chart suffices',
  );
});

test('a rollout of ten pods is pushed twice a second at most, and its end is', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  const pool = new Pool(world);
  await pool.create();
  const ips = (from: number) => Array.from({ length: 10 }, (_, index) => `10.1.0.${from + index}`);
  const [old, fresh] = [ips(10), ips(30)];
  await pool.holds(old.map((ip) => ({ ip })));
  await world.apply('AIProvider', 'pool', POOL);
  await world.apply('AIRoute', 'chat', ROUTE);
  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  await hasEndpoints(sidecar, ...old.map(urlOf));

  const before = sidecar.sink.applied.length;
  const beganMs = performance.now();
  for (const [index, ip] of fresh.entries()) {
    const [there, leaving] = [fresh.slice(0, index), old.slice(index)].map((list) =>
      list.map((each) => ({ ip: each })),
    );
    await pool.holds([...(there ?? []), { ip, ready: false }, ...(leaving ?? [])]);
    await pool.holds([...(there ?? []), { ip }, ...(leaving ?? [])]);
    await pool.holds([...(there ?? []), { ip }, ...(leaving ?? []).slice(1)]);
  }
  await hasEndpoints(sidecar, ...fresh.map(urlOf));
  const tookMs = performance.now() - beganMs;
  const pushes = sidecar.sink.applied.length - before;
  t.diagnostic(`30 changes in ${Math.round(tookMs)} ms were ${pushes} pushes`);
  assert.ok(pushes <= 2 + tookMs / 500, `${pushes} pushes in ${tookMs} ms`);
});

test('an AIProvider of a platform namespace may name a Service of another namespace', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator();
  const elsewhere = await world.server.createNamespace();
  const pool = new Pool(world, elsewhere);
  await pool.create();
  await pool.holds([{ ip: '10.1.0.1' }]);
  await world.apply('AIProvider', 'pool', { ...POOL, service: { ...POOL.service, namespace: elsewhere } });
  await world.apply('AIRoute', 'chat', ROUTE);
  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  await hasEndpoints(sidecar, urlOf('10.1.0.1'));
  assert.equal(sidecar.sink.policy?.providers[0]?.endpoint, `http://vllm.${elsewhere}.svc:80/v1`);
});

test('without the right to read endpoints the AIProvider says so, its targets are skipped, and everything else goes on', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const operator = await world.operator(await chartAccess(world, 'endpointslices'));
  const pool = new Pool(world);
  await pool.create();
  await pool.holds([{ ip: '10.1.0.1' }]);
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIProvider', 'pool', POOL);
  await world.apply('AIRoute', 'chat', { targets: [...ROUTE.targets, { model: 'mock/echo' }] });
  const sidecar = world.sidecar(await world.pod('app-1'), operator);
  await eventually('the policy', () => sidecar.sink.policy?.routes[0]?.rules[0]?.targets.length === 2);
  const condition = await world.condition('AIProvider', 'pool', 'ResolvedRefs', ({ reason }) => reason === 'Pending');
  assert.match(condition.message, /was not read yet.* the log of the operator says why/);
  assert.ok(operator.lines.some((line) => line.includes('EndpointSlice') && line.includes('403')));
});
