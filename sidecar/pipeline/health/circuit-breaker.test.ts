import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PolicyCircuitBreaker } from '#contract/policy/policy';
import { CircuitBreaker, LONGEST_OPEN_MS, MINIMUM_VOLUME, WINDOW_MS } from './circuit-breaker.ts';

const SETTINGS: PolicyCircuitBreaker = {
  consecutiveFailures: 5,
  errorPercent: 50,
  firstTokenP95Ms: null,
  openForMs: 2_500,
};

function world(settings: Partial<PolicyCircuitBreaker> = {}) {
  let nowMs = 1_000_000;
  const breaker = new CircuitBreaker({ ...SETTINGS, ...settings }, () => nowMs);
  const turn = {};
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) breaker.failed(turn);
  };
  const succeed = (times: number, streamedMs?: number): void => {
    for (let time = 0; time < times; time += 1) breaker.succeeded(turn, streamedMs);
  };
  /** One request that finds it due. */
  const probe = (end: 'ok' | 'failed' | 'nothing'): void => {
    const prober = {};
    breaker.turnBegan(prober);
    assert.equal(breaker.state, 'half-open');
    if (end === 'ok') breaker.succeeded(prober);
    if (end === 'failed') breaker.failed(prober);
    breaker.turnEnded(prober);
  };
  return { breaker, pass, fail, succeed, probe };
}

test('it opens with the fifth failure in a row, not when a success came between', () => {
  const { breaker, fail, succeed } = world();
  fail(4);
  succeed(1);
  fail(4);
  assert.equal(breaker.state, 'closed');
  assert.equal(breaker.isUnfit, false);
  fail(1);
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.isUnfit, true);
  assert.equal(breaker.why, '5 failures in a row');
});

test('it opens by the share of failures, but not before there are attempts enough to speak of a share', () => {
  const { breaker, fail, succeed } = world({ consecutiveFailures: 1000 });
  for (let pair = 1; pair < MINIMUM_VOLUME / 2; pair += 1) {
    succeed(1);
    fail(1);
  }
  succeed(1);
  assert.equal(breaker.state, 'closed', `${MINIMUM_VOLUME - 1} attempts are too few`);
  fail(1);
  assert.equal(breaker.state, 'open');
});

test('failures of more than a minute ago are no part of the share', () => {
  const { breaker, pass, fail, succeed } = world({ consecutiveFailures: 1000 });
  fail(MINIMUM_VOLUME - 1);
  pass(WINDOW_MS);
  succeed(1);
  fail(1);
  assert.equal(breaker.state, 'closed');
});

test('it opens when more than 5 percent of the streams are slow, and only where the route says what is slow', () => {
  for (const [firstTokenP95Ms, slow, state] of [
    [null, 20, 'closed'],
    [20_000, 1, 'closed'],
    [20_000, 2, 'open'],
  ] as const) {
    const { breaker, succeed } = world({ firstTokenP95Ms });
    succeed(20 - slow, 100);
    succeed(slow, 20_001);
    assert.equal(breaker.state, state, `${slow} of 20 slower than ${firstTokenP95Ms}`);
  }
});

test('whole answers say nothing of the time to the first token', () => {
  const { breaker, succeed } = world({ firstTokenP95Ms: 1 });
  succeed(100);
  assert.equal(breaker.state, 'closed');
});

test('after its time one request tries the target out while others still avoid it; a success closes it', () => {
  const { breaker, pass, fail } = world();
  fail(5);
  pass(2_499);
  assert.equal(breaker.isUnfit, true);
  pass(1);
  assert.equal(breaker.isUnfit, false, 'due');
  const first = {};
  const second = {};
  breaker.turnBegan(first);
  assert.equal(breaker.isUnfit, true, 'one at a time');
  breaker.turnBegan(second);
  breaker.succeeded(second);
  assert.equal(breaker.state, 'half-open', 'only the one that tries it out decides');
  breaker.turnEnded(second);
  breaker.succeeded(first);
  breaker.turnEnded(first);
  assert.equal(breaker.state, 'closed');
  assert.equal(breaker.isUnfit, false);
});

test('each trial that fails doubles the time, up to a cap, and a success begins anew', () => {
  const { breaker, pass, fail, probe } = world();
  fail(5);
  for (const openMs of [2_500, 5_000, LONGEST_OPEN_MS, LONGEST_OPEN_MS]) {
    pass(openMs - 1);
    assert.equal(breaker.isUnfit, true, `${openMs}`);
    pass(1);
    assert.equal(breaker.isUnfit, false, `${openMs}`);
    probe('failed');
  }
  pass(LONGEST_OPEN_MS);
  probe('ok');
  fail(4);
  assert.equal(breaker.state, 'closed', 'the failures before are forgotten');
  fail(1);
  pass(2_500);
  assert.equal(breaker.isUnfit, false);
});

test('an openFor over the cap holds as stated', () => {
  const { breaker, pass, fail, probe } = world({ openForMs: 2 * LONGEST_OPEN_MS });
  fail(5);
  pass(2 * LONGEST_OPEN_MS);
  probe('failed');
  pass(2 * LONGEST_OPEN_MS - 1);
  assert.equal(breaker.isUnfit, true);
  pass(1);
  assert.equal(breaker.isUnfit, false);
});

test('a trial of which nothing is learned, as when the client leaves, is left to the next request', () => {
  const { breaker, pass, fail, probe } = world();
  fail(5);
  pass(2_500);
  probe('nothing');
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.isUnfit, false);
  probe('ok');
  assert.equal(breaker.state, 'closed');
});

test('a trial that takes longer than openFor, as that of a job may, is taken over by another request', () => {
  const { breaker, pass, fail } = world();
  fail(5);
  pass(2_500);
  const [slow, next] = [{}, {}];
  breaker.turnBegan(slow);
  pass(2_499);
  assert.equal(breaker.isUnfit, true);
  pass(1);
  assert.equal(breaker.isUnfit, false);
  breaker.turnBegan(next);
  assert.equal(breaker.isUnfit, true);
  breaker.failed(slow);
  assert.equal(breaker.state, 'half-open', 'who was slow has no say any more');
  breaker.turnEnded(slow);
  breaker.succeeded(next);
  assert.equal(breaker.state, 'closed');
});

test('whatever happens in whatever order, no more than one turn at a time tries it out', () => {
  const step = fc.record({
    passMs: fc.oneof(fc.constant(0), fc.nat({ max: 30_000 })),
    turn: fc.nat({ max: 4 }),
    what: fc.constantFrom('began', 'ok', 'failed', 'ended'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { breaker, pass } = world({ consecutiveFailures: 2 });
      const turns = Array.from({ length: 5 }, () => ({}));
      for (const { passMs, turn: index, what } of steps) {
        const turn = turns[index] ?? {};
        pass(passMs);
        const before = breaker.state;
        if (what === 'began') breaker.turnBegan(turn);
        else if (what === 'ok') breaker.succeeded(turn);
        else if (what === 'failed') breaker.failed(turn);
        else breaker.turnEnded(turn);
        if (breaker.state === 'closed') assert.equal(breaker.isUnfit, false);
        if (before === 'closed') assert.notEqual(breaker.state, 'half-open');
        if (before === 'open' && what !== 'began') assert.equal(breaker.state, 'open');
        if (before !== 'half-open' && breaker.state === 'half-open') assert.equal(breaker.isUnfit, true);
      }
    }),
    { seed: 20261121, numRuns: 500 },
  );
});

test('what was under way when it opened neither closes it nor prolongs it', () => {
  const { breaker, pass, fail, succeed } = world();
  fail(5);
  pass(30_000);
  succeed(3);
  fail(3);
  assert.equal(breaker.state, 'open');
  pass(30_000);
  assert.equal(breaker.isUnfit, false);
});

test('a trial that is slow to its first content opens it again', () => {
  const { breaker, pass, fail } = world({ firstTokenP95Ms: 1_000 });
  fail(5);
  pass(2_500);
  const prober = {};
  breaker.turnBegan(prober);
  breaker.succeeded(prober, 1_001);
  assert.equal(breaker.state, 'open');
  pass(2_500);
  assert.equal(breaker.isUnfit, true);
});

test('a trial that is later than usual when another target answers opens it again, and such an attempt opens no closed one', () => {
  const { breaker, pass, fail } = world();
  for (let time = 0; time < 100; time += 1) breaker.late({});
  assert.equal(breaker.state, 'closed');
  fail(5);
  pass(2_500);
  const prober = {};
  breaker.turnBegan(prober);
  breaker.late({});
  assert.equal(breaker.state, 'half-open', 'what began before tells nothing new');
  breaker.late(prober);
  assert.deepEqual([breaker.state, breaker.isUnfit], ['open', true]);
  assert.match(breaker.why, /answered by another target/);
  pass(5_000);
  const next = {};
  breaker.turnBegan(next);
  breaker.succeeded(next);
  assert.equal(breaker.state, 'closed');
});
