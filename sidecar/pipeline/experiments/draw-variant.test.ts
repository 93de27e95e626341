import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompiledVariant } from '#sidecar/pipeline/policy/snapshot';
import { buildTarget } from '#test/support/build-policy';
import { drawVariant } from './draw-variant.ts';

const REQUESTS = 10_000;

const experiment = (shares: Readonly<Record<string, number>>, route = 'shop/chat') => ({
  salt: [route, ...Object.keys(shares)].join('\n'),
  variants: Object.entries(shares).map(([name, percent]): CompiledVariant => {
    const target = buildTarget('shop', `mock/${name}`);
    return { policy: { name, percent, mode: 'Live', target }, target: { policy: target } as CompiledVariant['target'] };
  }),
});

type Drawn = ReturnType<typeof experiment>;

/** Names by the number of the key; undefined: drawn for none. */
const drawnOf = (drawn: Drawn): (string | undefined)[] =>
  Array.from({ length: REQUESTS }, (_, user) => drawVariant(drawn, `user ${user}`, never)?.policy.name);

const never = (): number => assert.fail('whoever has a key is not drawn at random');

const percentOf = (names: readonly (string | undefined)[], name: string | undefined): number =>
  (100 * names.filter((each) => each === name).length) / names.length;

const SHARES: readonly Readonly<Record<string, number>>[] = [
  { a: 5 },
  { a: 50 },
  { a: 1, b: 10, c: 30 },
  { a: 33, b: 33, c: 34 },
  { a: 100 },
];

for (const shares of SHARES)
  test(`shares of ${Object.values(shares).join(', ')} percent land within one percent over ${REQUESTS} users`, () => {
    const names = drawnOf(experiment(shares));
    for (const [name, percent] of Object.entries(shares))
      assert.ok(Math.abs(percentOf(names, name) - percent) < 1, `${name}: ${percentOf(names, name)}`);
  });

test('without a key the injected randomness decides, by the same shares', () => {
  const evenly = experiment({ a: 20, b: 30 });
  const names = Array.from(
    { length: REQUESTS },
    (_, index) => drawVariant(evenly, undefined, () => index / REQUESTS)?.policy.name,
  );
  assert.deepEqual([percentOf(names, 'a'), percentOf(names, 'b'), percentOf(names, undefined)], [20, 30, 50]);
});

test('a key is drawn for the same variant in every pod and at every time', () => {
  // Of two policies, as two pods have them.
  assert.deepEqual(drawnOf(experiment({ a: 20, b: 30 })), drawnOf(experiment({ a: 20, b: 30 })));
  // As it was when this test was written: a change of the hash would move everybody in the middle of an experiment.
  const known = ['ann', 'ben', 'cleo', 'dora', 'emil'].map(
    (user) => drawVariant(experiment({ a: 50 }), `user ${user}`, never)?.policy.name ?? '-',
  );
  assert.equal(known.join(''), KNOWN);
});

const KNOWN = 'aaa--';

test('a share that grows keeps whom it has', () => {
  const before = drawnOf(experiment({ a: 5 }));
  const after = drawnOf(experiment({ a: 25 }));
  assert.ok(before.every((name, user) => name === undefined || after[user] === name));
});

test('another route and another experiment draw anew', () => {
  const one = drawnOf(experiment({ a: 50 }));
  for (const other of [experiment({ a: 50 }, 'shop/other'), experiment({ b: 50 })]) {
    const both = drawnOf(other).filter((name, user) => name !== undefined && one[user] !== undefined).length;
    assert.ok(Math.abs(both / REQUESTS - 0.25) < 0.02, `${both} are in both`);
  }
});
