import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTarget } from '#test/support/build-policy';
import { buildRequest } from '#test/support/build-request';
import { type RuleTargets, seededRandom, strategyWorld } from '#test/support/build-rule';

const SPLIT: RuleTargets = { 'mock/a': { weight: 80 }, 'mock/b': { weight: 20 } };
const REQUESTS = 10_000;

/** How many of the first targets each has. */
function counted(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const within = (count: number | undefined, share: number, what: string, by = 0.01): void => {
  const of = (count ?? 0) / REQUESTS;
  assert.ok(Math.abs(of - share) <= by, `${what} has ${of} of the requests and should have ${share}`);
};

/** A question of a request that this id is of. */
const QUESTION = {
  Session: (id: string) => ({ caller: { user: 'someone', session: id } }),
  User: (id: string) => ({ caller: { user: id, session: 'some session' } }),
  PromptCache: (id: string) => ({
    request: buildRequest({ messages: [{ role: 'user', parts: [{ type: 'text', text: id }] }] }),
  }),
} as const;

const firsts = (targets: RuleTargets, affinity: keyof typeof QUESTION, ids: readonly string[]): readonly string[] => {
  const { order } = strategyWorld(targets, { affinity });
  return ids.map((id) => order(QUESTION[affinity](id)).names[0] ?? '');
};

const IDS = Array.from({ length: REQUESTS }, (_, index) => `conversation-${index}`);

test('a rule without weights keeps the written order, and one with weights draws, then siblings, then fallbacks', () => {
  const fallbacks = [buildTarget('shop', 'mock/last')];
  const written = strategyWorld({ 'mock/a': {}, 'mock/b': {} }, { fallbacks });
  assert.deepEqual(written.order({ random: () => 0.9 }), {
    names: ['mock/a', 'mock/b', 'mock/last'],
    reason: undefined,
  });
  const { order } = strategyWorld({ ...SPLIT, 'mock/none': { weight: 0 } }, { fallbacks });
  for (const [random, names] of [
    [0, ['mock/a', 'mock/b', 'mock/last']],
    [0.799, ['mock/a', 'mock/b', 'mock/last']],
    [0.8, ['mock/b', 'mock/a', 'mock/last']],
    [0.999_999, ['mock/b', 'mock/a', 'mock/last']],
  ] as const)
    assert.deepEqual(order({ random: () => random }).names, names);
  assert.equal(order({ random: () => 0 }).reason, 'weight 80 of 100');
});

test('weights of 80 and 20 land within one per cent over 10,000 requests', () => {
  const { order } = strategyWorld(SPLIT, {}, 20_261_121);
  const counts = counted(Array.from({ length: REQUESTS }, () => order().names[0] ?? ''));
  within(counts['mock/a'], 0.8, 'a');
  within(counts['mock/b'], 0.2, 'b');
});

for (const by of ['Session', 'User', 'PromptCache'] as const)
  test(`weights of 80 and 20 land within one per cent over 10,000 ids with affinity ${by}`, () => {
    const counts = counted(firsts(SPLIT, by, IDS));
    within(counts['mock/a'], 0.8, 'a');
    within(counts['mock/b'], 0.2, 'b');
  });

test('siblings get the sessions of a failed target by their weights', () => {
  const { order } = strategyWorld(
    { 'mock/a': { weight: 50 }, 'mock/b': { weight: 30 }, 'mock/c': { weight: 20 } },
    { affinity: 'Session' },
  );
  const orders = IDS.map((id) => order(QUESTION.Session(id)).names);
  const first = counted(orders.map(([name = '']) => name));
  for (const [name, share] of [
    ['mock/a', 0.5],
    ['mock/b', 0.3],
    ['mock/c', 0.2],
  ] as const)
    within(first[name], share, name, 0.015);
  const afterA = counted(orders.filter(([name]) => name === 'mock/a').map(([, name = '']) => name));
  within((afterA['mock/b'] ?? 0) * 2, 0.6, 'b, of those that a had', 0.03);
});

test('a session has the same target in every pod and after a restart, whatever chance says', () => {
  const session = { user: 'someone', session: 'conversation-7' };
  const orders = [1, 2, 3].map((seed) =>
    strategyWorld(SPLIT, { affinity: 'Session' }, seed).order({ caller: session }),
  );
  assert.deepEqual(orders[1], orders[0]);
  assert.deepEqual(orders[2], orders[0]);
  assert.equal(orders[0]?.reason, 'weight 80 of 100, by Session');
  // What other pods of another build hash: a change of the hash moves every conversation.
  const known = firsts(SPLIT, 'Session', IDS.slice(0, 20)).map((name) => name.slice(-1));
  assert.equal(known.join(''), 'ababaaaaaabaaabaaaba');
});

test('a changed weight moves its share of the sessions and no other', () => {
  const before = firsts(SPLIT, 'Session', IDS);
  const after = firsts({ 'mock/a': { weight: 80 }, 'mock/b': { weight: 80 } }, 'Session', IDS);
  const moves = counted(before.map((name, index) => `${name}>${after[index]}`));
  assert.equal(moves['mock/b>mock/a'], undefined, 'nobody leaves the target that gained');
  within(moves['mock/a>mock/b'], 0.3, 'what moves');
});

test('a target that is gone leaves the sessions of the others where they are', () => {
  const three: RuleTargets = { ...SPLIT, 'mock/c': { weight: 50 } };
  const before = firsts(three, 'Session', IDS);
  const after = firsts(SPLIT, 'Session', IDS);
  for (const [index, name] of before.entries()) if (name !== 'mock/c') assert.equal(after[index], name);
});

test('requests without a session are spread by chance', () => {
  const { order } = strategyWorld(SPLIT, { affinity: 'Session' });
  assert.equal(order({ random: () => 0.1 }).names[0], 'mock/a');
  assert.equal(order({ random: () => 0.9 }).names[0], 'mock/b');
  const random = seededRandom(3);
  const counts = counted(Array.from({ length: REQUESTS }, () => order({ random }).names[0] ?? ''));
  within(counts['mock/a'], 0.8, 'a');
});
