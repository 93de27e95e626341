/** What was spent in a window and is reported after its end, while a test moves the time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResourceIndex } from '#contract/compile/resource-index';
import { API_GROUP_VERSION } from '#contract/names/api';
import type { LimitStatus } from '#contract/resources/limit-status';
import { AlertPoster } from '#operator/alerts/alert-poster';
import { BudgetReports, type LimitFields } from '#operator/controller/budget-reports';
import type { ObservedObject } from '#operator/controller/observed-objects';
import { limitsOf } from '#operator/status/budget-status';
import { createMetrics } from '#operator/telemetry/metrics';
import { bench } from '#test/treasury/bench';

const MIDNIGHT = Date.UTC(2026, 10, 22);
const DAY = 'day-2026-11-21';
const MINUTE_MS = 60_000;
const KEY = 'AIRoute/shop/chat';
const BOOK = { budgetId: 'shop/airoute:chat/day', window: DAY };

/** An AIRoute that may spend 1000 tokens a day, and whose status is what the last look made it. */
function worldAt(nowMs: number) {
  const { clock, treasury } = bench();
  clock.jump(nowMs);
  const index = new ResourceIndex({ platformNamespaces: [] });
  const metadata = { name: 'chat', namespace: 'shop', uid: 'u1', generation: 1 };
  const limits = [{ name: 'day', tokens: 1_000, every: 'Day', alertAtPercent: [50, 90] }];
  const alerts = [{ webhook: { url: 'https://hooks.example.com', secretRef: { name: 'hooks' } } }];
  const spec = { targets: [{ model: 'mock/echo' }], limits, alerts };
  index.apply({ apiVersion: API_GROUP_VERSION, kind: 'AIRoute', metadata, spec });
  const replica = () =>
    new BudgetReports({
      ...{ index, treasury, metrics: createMetrics(), ledgers: { count: () => 0 }, now: clock.now },
      ...{ again: () => undefined, lookEveryMs: undefined },
      poster: new AlertPoster({
        ...{
          after: clock.after.bind(clock),
          now: clock.now,
          random: () => 0,
          leads: () => true,
          secret: () => undefined,
        },
        ...{ onChange: () => undefined, onPosted: () => undefined },
        webhooks: { post: async () => ({ outcome: 'failed', reason: 'nobody is there' }) },
      }),
    });
  let object: ObservedObject = {
    ...{ kind: 'AIRoute', namespace: 'shop', name: 'chat', uid: 'u1', resourceVersion: '1', status: undefined },
  };
  let grantId = '';
  return {
    clock,
    /** By a replica that knows nothing but the status: the Events that it records. */
    async look(): Promise<string[]> {
      const reports = replica();
      const { fields } = (await reports.report(KEY, object)) ?? assert.fail('it states limits');
      const events = reports.news(object, fields).map(({ note }) => note);
      object = { ...object, status: fields as unknown as ObservedObject['status'] };
      return events;
    },
    get row(): LimitStatus | undefined {
      return (object.status as unknown as LimitFields).limits[0];
    },
    get deliveries() {
      return (object.status as unknown as LimitFields).deliveries ?? [];
    },
    /** Of the day before midnight, while that day is. */
    async grant(): Promise<void> {
      const content = index.content(KEY);
      const [limit = assert.fail('it states limits')] = content?.kind === 'AIRoute' ? limitsOf(content) : [];
      const answer = await treasury.ask('pod-1', limit, DAY, 1_000n);
      grantId = answer.granted ? answer.grant.id : assert.fail('it was refused');
    },
    /** The pod says how much of that it has used by now. */
    async used(used: bigint): Promise<void> {
      await treasury.report('pod-1', [{ ...BOOK, grantId, used, reserved: 0n }]);
    },
  };
}

const lateNote = (percent: number): string =>
  `Limit day, in the window that ended at 2026-11-22T00:00:00Z: ${percent}% is passed.`;

test('what is reported of a window after its end is told once, as of that window, whoever looks', async () => {
  const world = worldAt(MIDNIGHT - 2_000);
  await world.grant();
  await world.used(600n);
  assert.deepEqual((await world.look()).length, 1);
  assert.deepEqual([world.row?.alerted, world.row?.alertedBefore], [[50], undefined]);

  world.clock.jump(MIDNIGHT + 100);
  assert.deepEqual(await world.look(), []);
  assert.deepEqual([world.row?.spent, world.row?.alerted, world.row?.alertedBefore], ['0 tokens', undefined, [50]]);
  world.clock.jump(MIDNIGHT + 5_000);
  await world.used(950n);
  assert.deepEqual(await world.look(), [lateNote(90)]);
  assert.deepEqual(await world.look(), []);
  assert.deepEqual(
    world.deliveries.map(({ percent, spent, windowStart, windowEnd }) => [percent, spent, windowStart, windowEnd]),
    [
      [50, '600 tokens', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
      [90, '950 tokens', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
    ],
  );
  assert.deepEqual([world.row?.percent, world.row?.alerted], [0, undefined], 'the new window has nothing of it');

  world.clock.jump(MIDNIGHT + 10 * MINUTE_MS);
  assert.deepEqual([await world.look(), world.row?.alertedBefore], [[], undefined]);
  await world.used(1_000n);
  assert.deepEqual([await world.look(), world.row?.alertedBefore], [[], undefined], 'nobody asks any more');
});

test('what an operator that was away over the end of a window finds passed in it is told, once', async () => {
  const world = worldAt(MIDNIGHT - MINUTE_MS);
  await world.grant();
  assert.deepEqual(await world.look(), []);
  await world.used(950n);
  world.clock.jump(MIDNIGHT + 60 * MINUTE_MS);
  assert.deepEqual(await world.look(), [lateNote(50), lateNote(90)]);
  assert.deepEqual(await world.look(), []);
  assert.equal(world.deliveries.length, 2);
});

test('of a window that no status knows of nothing is told', async () => {
  const world = worldAt(MIDNIGHT - MINUTE_MS);
  await world.grant();
  await world.used(950n);
  world.clock.jump(MIDNIGHT + 1_000);
  assert.deepEqual(await world.look(), []);
  assert.deepEqual([world.row?.alertedBefore, world.deliveries], [undefined, []]);
});
