/** What is shared over the fleet, over real streams: what sidecars say they have and want, and what an operator tells them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Policy } from '#contract/policy/policy';
import { NO_COUNTS } from '#contract/policy/share-demand';
import { modelShareKey, routeShareKey } from '#contract/policy/share-key';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { published, type TestOperator, until, WORKLOAD, World } from './harness.ts';
import { shareSidecar as sidecar } from './share-sidecar.ts';

const ROUTE = routeShareKey('shop/chat');
const MODEL = modelShareKey('shop/one', 'm');

const policyOf = (max: number): Policy =>
  buildPolicy({
    providers: [buildProvider('shop/one')],
    routes: [
      buildRoute('shop/chat', [buildTarget('shop', 'one/m')], {
        concurrency: { fleet: { max, queue: 10, deadlineMs: 1_000 } },
      }),
    ],
  });

async function open(t: TestContext, max: number): Promise<{ world: World; operator: TestOperator }> {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  operator.server.publish(WORKLOAD, published(policyOf(max)));
  return { world, operator };
}

/** Two pods of which each has half: the first had all of it until the second came. */
async function openTwo(t: TestContext, max: number) {
  const place = await open(t, max);
  const a = sidecar(place.world, place.operator, 'token-pod-a');
  a.say();
  await until('all', () => a.units(ROUTE) === max);
  const b = sidecar(place.world, place.operator, 'token-pod-b');
  b.say();
  await until('half', () => a.units(ROUTE) === max / 2);
  a.say();
  await until('the other half', () => b.units(ROUTE) === max / 2);
  return { ...place, a, b };
}

const high = (count: number) => ({ ...NO_COUNTS, High: count });
const low = (count: number) => ({ ...NO_COUNTS, Low: count });

test('a bound of a route is parted among its pods before they ask, goes to who wants more, and comes back when a pod is gone', async (t) => {
  const { operator, a, b } = await openTwo(t, 10);
  assert.equal(a.told()[0]?.ttlSeconds, 30);
  assert.equal(a.units(MODEL), undefined, 'nothing is stated of the model and nothing was refused');
  b.say({ key: ROUTE, running: high(5), waiting: high(4) });
  await until('it is asked to give some up', () => a.units(ROUTE) === 1);
  assert.equal(b.units(ROUTE), 5, 'nobody has confirmed');
  a.say({ key: ROUTE, running: low(1) });
  await until('more', () => b.units(ROUTE) === 9);
  a.cut();
  await until('the end of the stream', () => !operator.states.has('pod-a'));
  operator.server.gone('pod-a');
  await until('all', () => b.units(ROUTE) === 10);
});

test('what a provider refuses one pod bounds all, each by its part, and the operator counts it', async (t) => {
  const { world, operator } = await open(t, 100);
  const [a, b] = [sidecar(world, operator, 'token-pod-a'), sidecar(world, operator, 'token-pod-b')];
  a.say({ key: MODEL, running: low(12) });
  b.say({ key: MODEL, running: low(8) });
  await until('something is told', () => a.told().length > 0 && b.told().length > 0);
  a.say({ key: MODEL, running: low(12), waiting: low(20), throttled: 1 });
  await until('its part of 14', () => a.units(MODEL) !== undefined && b.units(MODEL) !== undefined);
  const counted = operator.server.shareCounts().find(({ key }) => key === MODEL);
  assert.deepEqual([counted?.limit, counted?.waiting], [14, low(20)]);
});

test('a pod that loses its stream keeps what it has until it says what that is, on the next stream too', async (t) => {
  const { world, operator, a, b } = await openTwo(t, 4);
  a.cut();
  await until('the end of the stream', () => !operator.states.has('pod-a'));
  b.say({ key: ROUTE, running: high(2), waiting: high(5) });
  const again = sidecar(world, operator, 'token-pod-a');
  again.say({ key: ROUTE, units: 2 });
  await until('it is told anew', () => again.units(ROUTE) === 0);
  assert.equal(b.units(ROUTE), 2);
  again.say({ key: ROUTE });
  await until('all', () => b.units(ROUTE) === 4);
});

test('half a minute after a stream ended what its pod had goes to others', async (t) => {
  const { world, operator, a, b } = await openTwo(t, 4);
  a.cut();
  await until('the end of the stream', () => !operator.states.has('pod-a'));
  b.say({ key: ROUTE, running: high(2), waiting: high(5) });
  world.aheadMs += 30_000;
  await until('all', () => b.units(ROUTE) === 4);
});

test('a new bound of a route is told to all, and that there is none any more', async (t) => {
  const { world, operator } = await open(t, 4);
  const a = sidecar(world, operator, 'token-pod-a');
  a.say();
  await until('all of it', () => a.units(ROUTE) === 4);
  operator.server.publish(WORKLOAD, published(policyOf(2)));
  await until('less', () => a.units(ROUTE) === 2);
  const [free] = policyOf(1).routes;
  assert.ok(free);
  const { concurrency: _, ...unbounded } = free;
  operator.server.publish(WORKLOAD, published({ ...policyOf(1), routes: [unbounded] }));
  await until('no bound', () => a.told().at(-1)?.shares.length === 0);
});
