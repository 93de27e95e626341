import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { buildRequest } from '#test/support/build-request';
import { type RuleTargets, strategyWorld } from '#test/support/build-rule';
import { PromptCacheMisses } from './prompt-cache-misses.ts';

const TARGETS: RuleTargets = { 'mock/a': { weight: 1 }, 'mock/b': { weight: 1 } };

function world(targets = TARGETS) {
  const { snapshot, candidate } = strategyWorld(targets);
  const misses = new PromptCacheMisses();
  misses.sweep(new Map(), snapshot);
  return {
    misses,
    /** A turn of a conversation is answered by a target. */
    turn(name: string, conversation: number, inputTokens: number, cacheReadTokens = 0): void {
      const parts = [{ type: 'text', text: `Question ${conversation}` }] as const;
      const request = buildRequest({ messages: [{ role: 'user', parts }] });
      const usage = { ...NO_USAGE, inputTokens, cacheReadTokens };
      const answered = candidate(name, request);
      const [endpoint] = answered.provider.endpoints;
      misses.attemptEnded(answered, { endpoint, outcome: 'ok', elapsedMs: 1, firstContentMs: 1, usage });
    },
    of: (name: string) => misses.readings().find(({ target }) => target === name)?.tokens,
  };
}

test('what another target had read before and this one reads anew is counted, and nothing else', () => {
  const { turn, of } = world();
  turn('mock/a', 1, 5_000);
  turn('mock/a', 1, 6_000);
  assert.equal(of('mock/a'), 0, 'no switch');
  turn('mock/b', 1, 7_000);
  assert.equal(of('mock/b'), 6_000, 'what is new costs the same everywhere');
  turn('mock/a', 1, 2_000, 6_500);
  assert.equal(of('mock/a'), 0, 'its cache still knew the conversation');
  turn('mock/b', 2, 9_000);
  assert.equal(of('mock/b'), 6_000, 'the first turn of another conversation');
  turn('mock/a', 3, 500);
  turn('mock/b', 3, 600);
  assert.equal(of('mock/b'), 6_000, 'too short for any cache');
});

test('as many conversations are remembered as are bounded, and a rule without a choice is not watched', () => {
  const { turn, of } = world();
  turn('mock/a', 0, 5_000);
  for (let conversation = 1; conversation <= 2_048; conversation += 1) turn('mock/a', conversation, 5_000);
  turn('mock/b', 0, 5_000);
  assert.equal(of('mock/b'), 0, 'forgotten');
  turn('mock/b', 2_048, 5_000);
  assert.equal(of('mock/b'), 5_000);
  assert.deepEqual(world({ 'mock/a': {}, 'mock/b': {} }).misses.readings(), []);
});
