/** The gates of real sidecars over real streams: who waits is let in by what another one gives up, and nothing is lost with a stream. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { modelShareKey, routeShareKey } from '#contract/policy/share-key';
import type { Turn } from '#sidecar/pipeline/admission/gate';
import { SharedGates } from '#sidecar/pipeline/admission/shared-gates';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { published, type TestOperator, until, WORKLOAD, World } from './harness.ts';

const ROUTE = routeShareKey('shop/chat');
const POLICY = buildPolicy({
  providers: [buildProvider('shop/one')],
  routes: [
    buildRoute('shop/chat', [buildTarget('shop', 'one/m')], {
      concurrency: { fleet: { max: 4, queue: 10, deadlineMs: 1_000 } },
    }),
  ],
});

async function open(t: TestContext): Promise<{ world: World; operator: TestOperator }> {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  operator.server.publish(WORKLOAD, published(POLICY));
  return { world, operator };
}

/** The client of a pod and the gate of the route in it. */
function started(world: World, { port }: TestOperator, uid: string) {
  const gates = new SharedGates({ nowMs: () => performance.now(), timers: REAL_TIMERS, isAlone: false });
  gates.stated(POLICY);
  world.started(uid, port, { shared: () => gates });
  return gates.gateOf(ROUTE);
}

test('two sidecars have half each, one that wants more gets what the other does not use, and gives it back in turn', async (t) => {
  const { world, operator } = await open(t);
  const [a, b] = [started(world, operator, 'pod-a'), started(world, operator, 'pod-b')];
  await until('half each', () => a.max === 2 && b.max === 2);
  for (let count = 0; count < 2; count += 1) assert.ok(a.enter('Low'));
  const turns = [a.wait('Low'), a.wait('Low')];
  await until('all of it', () => turns.every(({ hasCome }) => hasCome));
  assert.deepEqual([a.runningInAll, a.max, b.max], [4, 4, 0]);
  const high: Turn[] = [b.wait('High'), b.wait('High')];
  await until('a is asked to give up two', () => a.max === 2);
  assert.equal(b.runningInAll, 0, 'they are in use still');
  for (let count = 0; count < 2; count += 1) a.leave('Low');
  await until('the turns of b', () => high.every(({ hasCome }) => hasCome));
  assert.ok(a.runningInAll + b.runningInAll <= 4);
});

test('a sidecar whose operator is gone holds what it has, and says so to the next one', async (t) => {
  const { world, operator } = await open(t);
  const a = started(world, operator, 'pod-a');
  await until('all of it', () => a.max === 4);
  for (let count = 0; count < 3; count += 1) assert.ok(a.enter('Normal'));
  await operator.stop();
  assert.ok(a.enter('Normal'));
  assert.equal(a.enter('High'), false, 'never more');
  const next = await world.operator(operator.port);
  next.server.publish(WORKLOAD, published(POLICY));
  const b = started(world, next, 'pod-b');
  await until('a is heard, and has all of it', () => b.max === 0);
  const turn = b.wait('High');
  await until('a is asked to give one up', () => a.max === 3);
  assert.equal(turn.hasCome, false, 'it is in use still');
  a.leave('Normal');
  await until('the turn of b', () => turn.hasCome);
});

/** A whole sidecar, fed by the operator, with its data plane. */
async function startPod(t: TestContext, world: World, { port }: TestOperator, uid: string) {
  const running = await startSidecar(t, { deps: { sharesWithOthers: true } });
  const { sink, shared } = running.sidecar;
  world.sidecar(uid, port, { shared: () => shared }).client.start(sink);
  return { ask: async () => (await post(running.url, CHAT)).status, gate: () => shared.gateOf(MODEL) };
}

const MODEL = modelShareKey('shop/one', 'm');

test('what a provider refuses one sidecar for its rate bounds what another one sends there', async (t) => {
  const { world, operator } = await open(t);
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const policy = buildPolicy({
    providers: [buildProvider('shop/one', { type: 'OpenAI', endpoint: provider.url })],
    routes: [buildRoute('shop/chat', [buildTarget('shop', 'one/m')])],
  });
  operator.server.publish(WORKLOAD, published(policy));
  const [first, second] = [
    await startPod(t, world, operator, 'pod-first'),
    await startPod(t, world, operator, 'pod-second'),
  ];
  await until(
    'both have a policy',
    () => operator.states.size === 2 && [...operator.states.values()].every(({ ackedHash }) => ackedHash),
  );
  assert.equal(await second.ask(), 200);
  assert.equal(second.gate().max, Number.POSITIVE_INFINITY);
  provider.respondOnce({ fault: { kind: 'status', status: 429 } });
  assert.equal(await first.ask(), 429);
  await until('one may be under way, as one was', () => first.gate().max + second.gate().max === 1);
  assert.equal(await second.ask(), 200);
});
