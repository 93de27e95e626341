import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import type { Candidate } from '#sidecar/pipeline/attempts/candidate';
import type { AttemptFacts, TargetHealth } from '#sidecar/pipeline/health/target-health';
import { buildRequest } from '#test/support/build-request';
import { type RuleTargets, type StrategyWorld, seededRandom, strategyWorld } from '#test/support/build-rule';

const STRATEGY = { strategy: 'LeastLatency', affinity: 'None' } as const;
const TWO: RuleTargets = { 'mock/fast': {}, 'mock/slow': {} };

const began = (health: TargetHealth, candidate: Candidate): void =>
  health.attemptBegan(candidate, candidate.provider.endpoints[0]);

const ended = (health: TargetHealth, candidate: Candidate, facts: Partial<AttemptFacts>): void =>
  health.attemptEnded(candidate, {
    ...{ endpoint: candidate.provider.endpoints[0], outcome: 'ok', usage: undefined },
    ...{ elapsedMs: 0, firstContentMs: undefined, ...facts },
  });

interface Traffic {
  /** Milliseconds between two requests. */
  readonly everyMs: number;
  readonly requests: number;
  /** Milliseconds that a target takes to its first content, by its name and what all pods together have under way there. */
  readonly firstContentMs: (name: string, load: number) => number;
  /** Milliseconds from the first content to the end. */
  readonly streamMs?: number;
  /** Of the request of this number. Default: all are alike. */
  readonly request?: (index: number) => ChatRequest;
}

/**
 * Requests that come to pods by turns, are led and answered as time passes, by the strategy and its observer themselves. Counts the first
 * targets.
 */
function simulate(
  pods: StrategyWorld | readonly StrategyWorld[],
  { everyMs, requests, firstContentMs, streamMs = 0, request }: Traffic,
) {
  const worlds = [pods].flat();
  const counts: Record<string, number> = {};
  const loads: Record<string, number> = {};
  const agenda: { readonly atMs: number; run(): void }[] = [];
  const at = (atMs: number, run: () => void): void => {
    const before = agenda.findIndex((other) => other.atMs > atMs);
    agenda.splice(before < 0 ? agenda.length : before, 0, { atMs, run });
  };
  const come = (world: StrategyWorld, index: number): void => {
    const [name = ''] = world.order(request && { request: request(index) }).names;
    counts[name] = (counts[name] ?? 0) + 1;
    const candidate = world.candidate(name);
    loads[name] = (loads[name] ?? 0) + 1;
    const waitMs = firstContentMs(name, loads[name]);
    began(world.health, candidate);
    at(world.nowMs + waitMs, () => world.health.firstContent(candidate, waitMs));
    const facts = { elapsedMs: waitMs + streamMs, firstContentMs: waitMs };
    at(world.nowMs + waitMs + streamMs, () => {
      loads[name] = (loads[name] ?? 0) - 1;
      ended(world.health, candidate, facts);
    });
  };
  for (let index = 0; index < requests; index += 1) {
    const world = worlds[index % worlds.length];
    assert.ok(world);
    at(world.nowMs + index * everyMs, () => come(world, index));
  }
  for (let next = agenda.shift(); next !== undefined; next = agenda.shift()) {
    for (const world of worlds) world.nowMs = next.atMs;
    next.run();
  }
  return counts;
}

const share = (counts: Readonly<Record<string, number>>, name: string): number =>
  (counts[name] ?? 0) / Object.values(counts).reduce((sum, count) => sum + count, 0);

const tenTimes = (name: string): number => (name === 'mock/slow' ? 2_000 : 200);

const turn = (conversation: number): ChatRequest =>
  buildRequest({ messages: [{ role: 'user', parts: [{ type: 'text', text: `Question ${conversation}` }] }] });

for (const [what, everyMs, streamMs] of [
  ['a request a minute', 60_000, 0],
  ['a request a second', 1_000, 3_000],
  ['20 requests a second', 50, 3_000],
  ['200 requests a second, hundreds of them at one time', 5, 3_000],
] as const)
  test(`a target that is ten times as slow loses nine tenths of the traffic: ${what}`, () => {
    const world = strategyWorld(TWO, STRATEGY, 7);
    const counts = simulate(world, { everyMs, streamMs, requests: 2_000, firstContentMs: tenTimes });
    assert.ok(share(counts, 'mock/slow') <= 0.1, JSON.stringify(counts));
    assert.ok((counts['mock/slow'] ?? 0) > 1, 'it is tried again from time to time');
  });

test('one slow target of five gets a tenth of a fifth, and the others share the rest', () => {
  const names = ['mock/slow', 'mock/b', 'mock/c', 'mock/d', 'mock/e'];
  const world = strategyWorld(Object.fromEntries(names.map((name) => [name, {}])), STRATEGY, 11);
  const random = seededRandom(5);
  const firstContentMs = (name: string) => tenTimes(name) * (0.8 + 0.4 * random());
  const counts = simulate(world, { everyMs: 50, streamMs: 1_000, requests: 5_000, firstContentMs });
  assert.ok(share(counts, 'mock/slow') <= 0.02, JSON.stringify(counts));
  for (const name of names.slice(1)) assert.ok(share(counts, name) > 0.15, JSON.stringify(counts));
});

test('equal targets share the traffic', () => {
  const world = strategyWorld(TWO, STRATEGY, 13);
  const random = seededRandom(17);
  const counts = simulate(world, {
    ...{ everyMs: 50, streamMs: 2_000, requests: 4_000 },
    firstContentMs: () => 200 + 200 * random(),
  });
  assert.ok(Math.abs(share(counts, 'mock/fast') - 0.5) < 0.05, JSON.stringify(counts));
});

test('pods that know nothing of each other do not run all to the same target', () => {
  const pods = Array.from({ length: 20 }, (_, index) => strategyWorld(TWO, STRATEGY, index + 1));
  const most: Record<string, number> = {};
  const counts = simulate(pods, {
    ...{ everyMs: 20, requests: 4_000, streamMs: 1_000 },
    firstContentMs: (name, load) => {
      most[name] = Math.max(most[name] ?? 0, load);
      return 100 + 20 * load;
    },
  });
  assert.ok(Math.abs(share(counts, 'mock/fast') - 0.5) < 0.05, JSON.stringify(counts));
  // Of 55 at each on average.
  assert.ok(Math.max(...Object.values(most)) < 80, JSON.stringify(most));
});

test('a target that becomes slow is left within seconds, and has its traffic again when it recovers', () => {
  const world = strategyWorld(TWO, STRATEGY, 19);
  const swapped = (name: string) => tenTimes(name === 'mock/fast' ? 'mock/slow' : 'mock/fast');
  simulate(world, { everyMs: 100, requests: 500, firstContentMs: tenTimes });
  const changed = simulate(world, { everyMs: 100, requests: 1_000, firstContentMs: swapped });
  assert.ok(share(changed, 'mock/fast') < 0.2, JSON.stringify(changed));
  const back = simulate(world, { everyMs: 100, requests: 1_000, firstContentMs: tenTimes });
  assert.ok(share(back, 'mock/fast') > 0.6, JSON.stringify(back));
});

test('targets that nobody tried are tried first, one request each, until they answered', () => {
  const { order, candidate, health } = strategyWorld({ 'mock/a': {}, 'mock/b': {}, 'mock/c': {} }, STRATEGY);
  health.firstContent(candidate('mock/a'), 5_000);
  for (const expected of ['mock/b', 'mock/c', 'mock/a', 'mock/a', 'mock/a']) {
    const [first = ''] = order().names;
    assert.equal(first, expected);
    began(health, candidate(first));
  }
});

/** Both take 200 ms; then one attempt at the first ends so. */
function afterOne(outcome: 'ok' | AttemptFailureKind, elapsedMs: number): readonly string[] {
  const { order, candidate, health } = strategyWorld({ 'mock/a': {}, 'mock/b': {} }, STRATEGY);
  for (const name of ['mock/a', 'mock/b']) health.firstContent(candidate(name), 200);
  const first = candidate('mock/a');
  began(health, first);
  ended(health, first, { outcome, elapsedMs, firstContentMs: undefined });
  return order().names;
}

test('a failure that comes at once counts as slow, and one that says the request was wrong does not count', () => {
  for (const kind of ['server-error', 'rate-limited', 'connect', 'overloaded'] as const)
    assert.equal(afterOne(kind, 1)[0], 'mock/b', kind);
  const rejected = strategyWorld({ 'mock/a': {}, 'mock/b': {} }, STRATEGY);
  ended(rejected.health, rejected.candidate('mock/a'), {
    outcome: 'rejected',
    elapsedMs: 1,
    firstContentMs: undefined,
  });
  assert.equal(rejected.latencies.of(rejected.candidate('mock/a').target, false).averageMs, undefined);
});

test('an attempt that its client gave up counts as slow as it was until then', () => {
  assert.equal(afterOne('ok', 9_000)[0], 'mock/b');
  assert.equal(afterOne('aborted', 9_000)[0], 'mock/b');
});

test('a target that can never be tried is offered a few times, and then no conversation is led astray by it', () => {
  const { order, candidate, health, snapshot } = strategyWorld(
    { 'mock/denied': {}, 'mock/a': {}, 'mock/b': {} },
    { strategy: 'LeastLatency' },
  );
  for (const name of ['mock/a', 'mock/b']) health.firstContent(candidate(name), 200);
  for (let offer = 0; offer < 5; offer += 1) assert.equal(order().names[0], 'mock/denied');
  const homes = Array.from({ length: 25 }, (_, index) => order({ request: turn(index) }).names);
  for (const [index, names] of homes.entries()) {
    assert.equal(names[2], 'mock/denied', 'it is the last resort');
    assert.equal(order({ request: turn(index) }).names[0], names[0], 'conversations keep their targets');
  }
  assert.equal(new Set(homes.map(([name]) => name)).size, 2);
  const later = Array.from({ length: 128 }, () => order().names[0]);
  assert.equal(later.filter((name) => name === 'mock/denied').length, 2, 'what denied it may not deny every request');
  health.sweep(new Map(), snapshot);
  assert.equal(order().names[0], 'mock/denied', 'a new policy may allow it');
});

test('streams and whole answers are measured apart: a long answer does not make a target slow to stream', () => {
  const { order, candidate, health } = strategyWorld({ 'mock/a': {}, 'mock/b': {} }, STRATEGY);
  const streamed = buildRequest({ stream: true });
  health.firstContent(candidate('mock/a', streamed), 300);
  health.firstContent(candidate('mock/b', streamed), 900);
  health.firstContent(candidate('mock/a'), 30_000);
  health.firstContent(candidate('mock/b'), 9_000);
  assert.deepEqual(order({ request: streamed }), {
    names: ['mock/a', 'mock/b'],
    reason: 'mock/a 300ms, mock/b 900ms',
  });
  assert.equal(order().names[0], 'mock/b');
});

test('what is known of targets lasts over a new policy, and ends with the last attempt of a target that is gone', () => {
  const { latencies, health, candidate } = strategyWorld(TWO, STRATEGY);
  const fast = candidate('mock/fast');
  health.firstContent(fast, 100);
  began(health, candidate('mock/slow'));
  const other = strategyWorld({ 'mock/fast': {}, 'mock/new': {} }, STRATEGY);
  health.sweep(new Map(), other.snapshot);
  assert.equal(latencies.of(fast.target, false).averageMs, 100);
  const gone = candidate('mock/slow');
  ended(health, gone, { elapsedMs: 50, firstContentMs: 50 });
  health.firstContent(gone, 50);
  health.sweep(new Map(), other.snapshot);
  assert.deepEqual(
    latencies.readings().map(({ target }) => target),
    ['mock/fast'],
  );
});

test('nothing is kept of targets of other strategies', () => {
  const { latencies, health, candidate } = strategyWorld(TWO);
  began(health, candidate('mock/fast'));
  health.firstContent(candidate('mock/fast'), 100);
  assert.deepEqual(latencies.readings(), []);
});

test('a conversation stays on its target while that is not twice as slow as another one, and the targets share the conversations', () => {
  const world = strategyWorld(TWO, { strategy: 'LeastLatency' }, 23);
  for (const [name, ms] of [
    ['mock/fast', 200],
    ['mock/slow', 390],
  ] as const)
    world.health.firstContent(world.candidate(name), ms);
  const homes = Array.from({ length: 200 }, (_, index) => world.order({ request: turn(index) }).names[0] ?? '');
  const again = homes.map((_, index) => world.order({ request: turn(index) }).names[0]);
  assert.deepEqual(again, homes);
  const onSlow = homes.filter((name) => name === 'mock/slow').length;
  assert.ok(onSlow > 70 && onSlow < 130, `${onSlow} of 200`);
  const lost = homes.indexOf('mock/slow');
  assert.match(world.order({ request: turn(lost) }).reason ?? '', /, by PromptCache$/);
  world.health.firstContent(world.candidate('mock/slow'), 500);
  assert.equal(world.order({ request: turn(lost) }).names[0], 'mock/fast');
});

test('a target that is ten times as slow loses nine tenths of the traffic, caches or not', () => {
  for (const conversations of [1, 100]) {
    const world = strategyWorld(TWO, { strategy: 'LeastLatency' }, 29);
    const counts = simulate(world, {
      ...{ everyMs: 50, streamMs: 1_000, requests: 3_000, firstContentMs: tenTimes },
      request: (index) => turn(index % conversations),
    });
    assert.ok(share(counts, 'mock/slow') <= 0.1, JSON.stringify(counts));
  }
});

test('many conversations that begin alike do not flood their target', () => {
  const world = strategyWorld(TWO, { strategy: 'LeastLatency' }, 31);
  const counts = simulate(world, { everyMs: 10, streamMs: 2_000, requests: 3_000, firstContentMs: () => 200 });
  assert.ok(share(counts, 'mock/fast') > 0.3 && share(counts, 'mock/fast') < 0.7, JSON.stringify(counts));
});
