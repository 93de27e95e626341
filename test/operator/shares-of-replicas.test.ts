/** Two replicas of the operator over a real API server, each with a pod of its own: together they hold one bound. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { NO_COUNTS } from '#contract/policy/share-demand';
import { routeShareKey } from '#contract/policy/share-key';
import { shareSidecar } from '#test/sync/share-sidecar';
import { eventually } from './eventually.ts';
import { type RunningOperator, type TestPod, World } from './world.ts';

const ROUTE = { targets: [{ model: 'mock/echo' }], concurrency: { max: 10, queue: 20 } };

const high = (count: number) => ({ ...NO_COUNTS, High: count });
const low = (count: number) => ({ ...NO_COUNTS, Low: count });

const connect = (t: TestContext, operator: RunningOperator, { token }: TestPod) =>
  shareSidecar(
    { authority: { caPem: operator.caPem }, onClose: (closer) => t.after(closer) },
    { port: operator.ports.push },
    token,
  );

test('replicas hold one bound together: what batch has at one goes to who is interactive at the other, when it is given up', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const [one, two] = [await world.operator(), await world.operator()];
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', ROUTE);
  const key = routeShareKey(`${world.namespace}/chat`);
  const batch = connect(t, one, await world.pod('batch'));
  /** Says all the time what it has, as a sidecar does; it gives up what was taken away. */
  const saturate = () => batch.say({ key, running: low(batch.units(key) ?? 0), waiting: low(50) });
  await eventually('all of it for the only pod', () => {
    saturate();
    return batch.units(key) === 10;
  });

  const app = connect(t, two, await world.pod('app'));
  app.say({ key, waiting: high(2) });
  await eventually('the other replica asks for some', () => (batch.units(key) ?? 10) < 10);
  assert.equal(app.units(key) ?? 0, 0, 'nothing was given up yet');
  await eventually('what it asked for', () => {
    saturate();
    return app.units(key) === 2;
  });
  assert.ok((batch.units(key) ?? 0) <= 8);

  app.say({ key });
  await eventually('what nobody else wants', () => {
    saturate();
    app.say({ key });
    return (batch.units(key) ?? 0) >= 9;
  });
  assert.ok((batch.units(key) ?? 0) + (app.units(key) ?? 0) <= 10);
});

test('an operator that is started anew makes no pod wait: what pods have of the former one stays theirs', async (t) => {
  const world = await World.open(t);
  if (!world) return;
  const former = await world.operator();
  await world.apply('AIProvider', 'mock', { type: 'Mock' });
  await world.apply('AIRoute', 'chat', ROUTE);
  const key = routeShareKey(`${world.namespace}/chat`);
  const pod = await world.pod('batch');
  const before = connect(t, former, pod);
  before.say();
  await eventually('all of it', () => before.units(key) === 10);
  await former.close();

  const next = await world.operator();
  const after = connect(t, next, pod);
  const has = { key, running: low(10), waiting: low(50), units: 10 };
  await eventually('its shares', () => {
    after.say(has);
    return after.units(key) !== undefined;
  });
  after.say(has);
  await eventually('they are told again', () => {
    after.say(has);
    return after.units(key) === 10;
  });
  const all = after.told().flatMap(({ shares }) => shares.map(({ units }) => units));
  assert.deepEqual(new Set(all), new Set([10]));
});
