import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_DELIVERIES } from '#contract/resources/limit-alerts';
import { dueAlerts, newlyTold, type Told } from './due-alerts.ts';

const DAY = { windowStart: '2026-11-21T00:00:00Z', windowEnd: '2026-11-22T00:00:00Z' };
const NEXT = { windowStart: '2026-11-22T00:00:00Z', windowEnd: '2026-11-23T00:00:00Z' };
const NOW = '2026-11-21T12:00:00.000Z';

interface Look {
  readonly percent: number;
  /** Of the day before `NEXT`; undefined: nobody asks. */
  readonly before?: number;
  readonly window?: typeof DAY;
  readonly name?: string;
  readonly at?: readonly number[];
}

const windowLook = (name: string, percent: number, window: typeof DAY) => ({
  row: { name, spent: `${percent}.00 USD`, granted: '0.00 USD', remaining: '0.00 USD', percent, ...window },
  amount: '100.00 USD',
});

const lookOf = ({ percent, before, window = DAY, name = 'dev', at = [80, 95] }: Look) => ({
  ...windowLook(name, percent, window),
  alertAtPercent: at,
  before: before === undefined ? undefined : windowLook(name, before, DAY),
});

const due = (looks: readonly Look[], present: Told = {}, more: { webhooks?: number; over?: readonly string[] } = {}) =>
  dueAlerts({
    ...{ uid: 'u1', webhooks: more.webhooks ?? 1, looks: looks.map(lookOf), present, now: NOW },
    isOver: ({ id }) => more.over?.includes(id) === true,
  });

test('what is passed is due once, each percentage by itself, and waits until its webhook took it', () => {
  const none = due([{ percent: 79 }]);
  assert.deepEqual([none.limits[0]?.alerted, none.deliveries], [undefined, []]);
  const first = due([{ percent: 80 }], none);
  assert.deepEqual(first.limits[0]?.alerted, [80]);
  assert.deepEqual(
    first.deliveries.map(({ percent, spent, amount, raised }) => [percent, spent, amount, raised]),
    [[80, '80.00 USD', '100.00 USD', NOW]],
  );
  const both = due([{ percent: 120 }], first);
  assert.deepEqual(both.limits[0]?.alerted, [80, 95]);
  assert.deepEqual(
    both.deliveries.map(({ percent }) => percent),
    [80, 95],
  );
  assert.deepEqual(both.deliveries[0], first.deliveries[0], 'what was spent then is told');
  const taken = due([{ percent: 121 }], both, { over: [both.deliveries[0]?.id ?? ''] });
  assert.deepEqual(
    taken.deliveries.map(({ percent }) => percent),
    [95],
  );
  assert.deepEqual(
    newlyTold(first, both).map(({ percent }) => percent),
    [95],
  );
  assert.deepEqual(newlyTold(both, taken), []);
});

test('a cap that was raised tells nothing again, and another window everything', () => {
  const told = due([{ percent: 96 }]);
  const raised = due([{ percent: 40 }], told);
  assert.deepEqual(raised.limits[0]?.alerted, [80, 95]);
  const again = due([{ percent: 85 }], raised);
  assert.deepEqual([again.limits[0]?.alerted, again.deliveries.length], [[80, 95], 2]);
  const next = due([{ percent: 81, window: NEXT }], again);
  assert.deepEqual(next.limits[0]?.alerted, [80]);
  const ids = next.deliveries.map(({ id }) => id);
  assert.equal(new Set(ids).size, 3, 'what the former window left waits beside it, under other ids');
});

test('what comes of a window that is over is due as of that window, under the id that it would have had in time', () => {
  const told = due([{ percent: 82 }]);
  const late = due([{ percent: 81, before: 96, window: NEXT }], told);
  assert.deepEqual([late.limits[0]?.alerted, late.limits[0]?.alertedBefore], [[80], [80, 95]]);
  assert.deepEqual(
    late.deliveries.map(({ percent, windowStart }) => [percent, windowStart]),
    [
      [80, DAY.windowStart],
      [95, DAY.windowStart],
      [80, NEXT.windowStart],
    ],
  );
  assert.equal(late.deliveries[1]?.id, due([{ percent: 96 }], told).deliveries[1]?.id);
  assert.deepEqual(
    newlyTold(told, late).map(({ percent, isBefore }) => [percent, isBefore]),
    [
      [95, true],
      [80, false],
    ],
  );
  const again = due([{ percent: 81, before: 130, window: NEXT }], late);
  assert.deepEqual([again.deliveries, newlyTold(late, again)], [late.deliveries, []]);
});

test('each webhook hears by itself, and one that is not stated any more is not waited for', () => {
  const two = due([{ percent: 80 }], {}, { webhooks: 2 });
  assert.deepEqual(
    two.deliveries.map(({ webhook }) => webhook),
    [0, 1],
  );
  assert.equal(new Set(two.deliveries.map(({ id }) => id)).size, 2);
  assert.deepEqual(
    due([{ percent: 80 }], two).deliveries.map(({ webhook }) => webhook),
    [0],
  );
  assert.deepEqual(
    due([{ percent: 80 }], {}, { webhooks: 0 }).limits[0]?.alerted,
    [80],
    'the Event is told without any',
  );
});

test('an id says the same of the same, whoever works it out', () => {
  assert.deepEqual(due([{ percent: 80 }]).deliveries[0]?.id, due([{ percent: 94 }]).deliveries[0]?.id);
});

test('what waits is bounded, and the newest stays', () => {
  const looks = Array.from({ length: 32 }, (_, index) => ({ name: `l${index}`, percent: 100, at: [1, 2, 3, 4] }));
  const { deliveries } = due(looks, {}, { webhooks: 4 });
  assert.equal(deliveries.length, MAX_DELIVERIES);
  assert.equal(deliveries.at(-1)?.limit, 'l31');
});

test('however spending, window and webhooks move, no percentage of a window is told twice', () => {
  const percents = fc.nat({ max: 130 });
  const step = fc.record({
    ...{ percent: percents, isNext: fc.boolean(), isTaken: fc.boolean() },
    before: fc.option(percents, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let present: Told = {};
      let hasNext = false;
      const told = new Set<string>();
      for (const { percent, before, isNext, isTaken } of steps) {
        hasNext ||= isNext;
        const over = isTaken ? (present.deliveries ?? []).map(({ id }) => id) : [];
        const look = hasNext ? { percent, window: NEXT, ...(before !== undefined && { before }) } : { percent };
        const after = due([look], present, { over });
        for (const passed of newlyTold(present, after)) {
          const name = `${passed.isBefore ? DAY.windowStart : passed.row.windowStart} ${passed.percent}`;
          assert.ok(!told.has(name), name);
          told.add(name);
        }
        present = after;
      }
    }),
  );
});
