/** Variants over the fleet, with a real API server: what the sidecars of all replicas measured together decides, and stays decided. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LABEL } from '#contract/names/api';
import type { VariantStatus } from '#contract/resources/route-variant';
import type { RecordingSink } from '#test/sync/harness';
import { eventually } from './eventually.ts';
import { measuring, ruleOf } from './measuring.ts';
import { World } from './world.ts';

const ROLLBACK = { errorPercent: 50, minRequests: 100 };
const PROMOTE = { maxErrorPercent: 5, minRequests: 100 };
const routeWith = (variant: object) => ({
  targets: [{ model: 'mock/large' }],
  variants: [{ name: 'small', percent: 5, target: { model: 'mock/small' }, ...variant }],
});

async function open(t: TestContext, variant: object): Promise<World | undefined> {
  const world = await World.open(t);
  await world?.apply('AIProvider', 'mock', { type: 'Mock' });
  await world?.apply('AIRoute', 'chat', routeWith(variant));
  return world;
}

const stateIn = (sink: RecordingSink): string | undefined => ruleOf(sink)?.variants?.[0]?.state;

async function rows(world: World): Promise<VariantStatus[]> {
  return ((await world.status('AIRoute', 'chat')).variants ?? []) as VariantStatus[];
}

const small = async (world: World): Promise<VariantStatus | undefined> =>
  (await rows(world)).find(({ name }) => name === 'small');

async function reportsOf(world: World): Promise<string[]> {
  const path = `/api/v1/namespaces/${world.namespace}/configmaps?labelSelector=${encodeURIComponent(`${LABEL.experiments}=true`)}`;
  const { items } = (await world.server.request({ path })).body as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

test('a variant is rolled back by what the pods of two replicas measured together, which outlives both and ends with the experiment', async (t) => {
  const world = await open(t, { rollback: ROLLBACK });
  if (!world) return;
  const replicas = [await world.operator(), await world.operator()] as const;
  const half = { requests: 60, errors: 30 };
  const first = await measuring(world, replicas[0], 'app-1', half);
  await eventually('the half of it', async () => (await small(world))?.requests === 60);
  assert.equal((await small(world))?.state, 'Running', 'too few requests');
  const second = await measuring(world, replicas[1], 'app-2', half);
  const row = await eventually('the rollback', async () => {
    const found = await small(world);
    return found?.state === 'RolledBack' && found;
  });
  assert.deepEqual([row.requests, row.errorPercent], [120, '50.00']);
  assert.equal(row.message, '60 of its newest 120 requests failed; errorPercent is 50');
  const [baseline] = await rows(world);
  assert.deepEqual([baseline?.mode, baseline?.requests], ['Baseline', 20]);
  await eventually('both sidecars know', () => [first, second].every((sink) => stateIn(sink) === 'RolledBack'));
  await eventually('the Event', async () =>
    (await world.events('VariantRolledBack')).some(({ note }) => note.includes('60 of its newest 120')),
  );

  for (const replica of replicas) await replica.close();
  await world.deletePod('app-1');
  const later = await world.operator();
  const third = await measuring(world, later, 'app-3', { requests: 1 });
  await eventually('its figures on top of those that were stored', async () => (await small(world))?.requests === 121);
  assert.equal((await small(world))?.since, row.since);
  assert.equal(stateIn(third), 'RolledBack');

  const [report] = await reportsOf(world);
  await world.apply('AIRoute', 'chat', routeWith({ rollback: ROLLBACK, percent: 6 }));
  await eventually('a new trial', async () => (await small(world))?.state === 'Running');
  await eventually('its share', () => stateIn(third) === undefined && ruleOf(third)?.variants?.[0]?.percent === 6);
  await eventually('the end of what was measured before', async () => !(await reportsOf(world)).includes(report ?? ''));
});

test('a variant is promoted, which its sidecars are told and no edit of spec', async (t) => {
  const world = await open(t, { promote: PROMOTE });
  if (!world) return;
  const operator = await world.operator();
  const sink = await measuring(world, operator, 'app-1', { requests: 100 });
  await eventually('the promotion', () => stateIn(sink) === 'Promoted');
  assert.equal((await small(world))?.state, 'Promoted');
  assert.equal(
    (await world.condition('AIRoute', 'chat', 'Programmed', ({ status }) => status === 'True')).observedGeneration,
    1,
  );
});
