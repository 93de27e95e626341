import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BUDGET_WINDOW_MS, FREE_RETRIES_PER_SECOND, HEDGES, RetryBudgets } from './retry-budget.ts';

function world(allowance?: typeof HEDGES) {
  const clock = { nowMs: 5_000_000 };
  const budgets = new RetryBudgets(() => clock.nowMs, allowance);
  const take = (times: number, percent = 20, route = 'shop/chat'): number =>
    Array.from({ length: times }, () => budgets.take(route, percent)).filter(Boolean).length;
  const ask = (times: number, route = 'shop/chat'): void => {
    for (let time = 0; time < times; time += 1) budgets.requested(route);
  };
  return { clock, take, ask };
}

test('three retries of a second are free, also without traffic and at 0 percent', () => {
  const { clock, take } = world();
  assert.equal(take(10), FREE_RETRIES_PER_SECOND);
  assert.equal(take(10, 0, 'shop/other'), FREE_RETRIES_PER_SECOND);
  clock.nowMs += 1_000;
  assert.equal(take(10), FREE_RETRIES_PER_SECOND);
});

test('beyond them a route retries a fifth of its requests of the last ten seconds, and each route has its own', () => {
  const { clock, take, ask } = world();
  ask(1_000);
  ask(50, 'shop/other');
  assert.equal(take(1_000), 200);
  assert.equal(take(1_000, 20, 'shop/other'), 10);
  clock.nowMs += BUDGET_WINDOW_MS;
  assert.equal(take(10), FREE_RETRIES_PER_SECOND, 'what it earned is forgotten after ten seconds');
});

test('whatever happens, retries stay within the share and the free ones of every second', () => {
  const steps = fc.array(
    fc.record({ passMs: fc.nat({ max: 3_000 }), requests: fc.nat({ max: 30 }), wanted: fc.nat({ max: 40 }) }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 100 }), (taken, percent) => {
      const { clock, take, ask } = world();
      let requests = 0;
      let retries = 0;
      const seconds = new Set<number>();
      for (const { passMs, requests: asked, wanted } of taken) {
        clock.nowMs += passMs;
        ask(asked);
        requests += asked;
        retries += take(wanted, percent);
        seconds.add(Math.floor(clock.nowMs / 1_000));
      }
      assert.ok(retries <= (requests * percent) / 100 + FREE_RETRIES_PER_SECOND * seconds.size);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

test('whatever happens, hedges are no more than their share of all requests', () => {
  const steps = fc.array(
    fc.record({ passMs: fc.nat({ max: 40_000 }), requests: fc.nat({ max: 30 }), wanted: fc.nat({ max: 40 }) }),
    { maxLength: 40 },
  );
  let made = 0;
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100 }), (taken, percent) => {
      const { clock, take, ask } = world(HEDGES);
      let requests = 0;
      let hedges = 0;
      for (const { passMs, requests: asked, wanted } of taken) {
        clock.nowMs += passMs;
        ask(asked);
        requests += asked;
        hedges += take(wanted, percent);
        assert.ok(hedges * 100 <= requests * percent);
      }
      made += hedges;
    }),
    { seed: 20261121, numRuns: 300 },
  );
  assert.ok(made > 1_000, `${made}`);
});
