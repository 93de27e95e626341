import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyPrice } from '#contract/policy/policy';
import { buildRequest } from '#test/support/build-request';
import { type StrategyWorld, strategyWorld } from '#test/support/build-rule';

const STRATEGY = { strategy: 'LeastCost' } as const;

/** US dollars per million tokens. */
const price = (input: number, output: number): PolicyPrice => ({
  inputPico: String(input * 1e6),
  cachedInputPico: String(input * 1e6),
  outputPico: String(output * 1e6),
});

const PRICES = {
  'mock/dear': { price: price(10, 30) },
  'mock/reads-cheaply': { price: price(1, 20) },
  'mock/writes-cheaply': { price: price(4, 5) },
  'mock/unknown': { price: null },
};

test('the cheapest for this request is first, and what has no price is last', () => {
  const { order } = strategyWorld(PRICES, STRATEGY);
  const request = buildRequest({ maxOutputTokens: 100 });
  assert.deepEqual(order({ request, inputBytes: 400_000 }), {
    names: ['mock/reads-cheaply', 'mock/writes-cheaply', 'mock/dear', 'mock/unknown'],
    reason: 'mock/reads-cheaply $0.102, mock/writes-cheaply $0.4005, mock/dear $1.003, 1 more',
  });
  assert.equal(order({ request, inputBytes: 40 }).names[0], 'mock/writes-cheaply');
  const answers = buildRequest({ maxOutputTokens: 100, choiceCount: 40 });
  assert.equal(order({ request: answers, inputBytes: 40_000 }).names[0], 'mock/writes-cheaply', 'each answer counts');
});

test('targets that cost the same keep the written order', () => {
  const { order } = strategyWorld({ 'mock/b': {}, 'mock/a': {}, 'mock/free': { price: price(0, 0) } }, STRATEGY);
  assert.deepEqual(order().names, ['mock/free', 'mock/b', 'mock/a']);
});

const BOUND = { ...STRATEGY, maxP95Ms: 5_000 };
const CHEAP_AND_DEAR = { 'mock/cheap': { price: price(1, 1) }, 'mock/dear': { price: price(9, 9) } };

/** Answers of this many milliseconds to a target. */
function observe({ health, candidate }: StrategyWorld, name: string, ...times: readonly number[]): void {
  for (const ms of times) health.firstContent(candidate(name), ms);
}
const often = (ms: number, times: number): number[] => Array.from({ length: times }, () => ms);

test('a cheap target that is slower than maxP95 is passed over, once there is evidence, and tried again when that is old', () => {
  const world = strategyWorld(CHEAP_AND_DEAR, BOUND);
  observe(world, 'mock/cheap', ...often(9_000, 9));
  assert.equal(world.order().names[0], 'mock/cheap', 'nine measurements are too few');
  observe(world, 'mock/cheap', 9_000);
  const { names, reason } = world.order();
  assert.deepEqual(names, ['mock/dear', 'mock/cheap']);
  assert.match(reason ?? '', /^mock\/dear \$[0-9.]+, mock\/cheap \$[0-9.]+ p95 \d{4}ms$/);
  world.nowMs += 10 * 60_000;
  assert.equal(world.order().names[0], 'mock/cheap');
});

test('one slow answer of a hundred is no reason to pass a target over, and six are', () => {
  const world = strategyWorld(CHEAP_AND_DEAR, BOUND);
  observe(world, 'mock/cheap', ...often(500, 99), 20_000);
  assert.equal(world.order().names[0], 'mock/cheap');
  observe(world, 'mock/cheap', ...often(20_000, 6));
  assert.equal(world.order().names[0], 'mock/dear');
});

test('when no target is fast enough the fastest is first, whatever it costs', () => {
  const world = strategyWorld({ ...CHEAP_AND_DEAR, 'mock/slowest': { price: price(0, 0) } }, BOUND);
  observe(world, 'mock/cheap', ...often(9_000, 10));
  observe(world, 'mock/dear', ...often(6_000, 10));
  observe(world, 'mock/slowest', ...often(12_000, 10));
  assert.deepEqual(world.order().names, ['mock/dear', 'mock/cheap', 'mock/slowest']);
});

test('without maxP95 only money counts', () => {
  const world = strategyWorld(CHEAP_AND_DEAR, STRATEGY);
  observe(world, 'mock/cheap', ...often(60_000, 20));
  assert.equal(world.order().names[0], 'mock/cheap');
});
