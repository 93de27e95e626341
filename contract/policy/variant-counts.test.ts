import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketOf, experimentId, NO_COUNTS, percentileMs, since } from './variant-counts.ts';

const histogram = (times: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const ms of times) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
  return counts;
};

test('a percentile is never below the true one and at most a fifth above it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 600_000 }), { minLength: 1 }),
      fc.constantFrom(0.5, 0.95),
      (times, share) => {
        const sorted = [...times].sort((a, b) => a - b);
        const exact = sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? Number.NaN;
        const said = percentileMs(histogram(times), share) ?? Number.NaN;
        // What is said is rounded to whole milliseconds.
        assert.ok(said >= exact - 0.5 && said <= exact * 2 ** 0.25 + 0.5, `${said} for ${exact}`);
      },
    ),
  );
  assert.equal(percentileMs(new Map(), 0.5), undefined);
});

test('times beyond the last bound count in the last bucket, and those below a millisecond in the first', () => {
  assert.deepEqual([bucketOf(0), bucketOf(1), bucketOf(1e9)], [0, 0, 80]);
});

test('what came since is the difference in every count', () => {
  const before = { ...NO_COUNTS, requests: 3, costNanoUsd: 5n, firstToken: new Map([[4, 2]]) };
  const after = {
    ...NO_COUNTS,
    requests: 10,
    errors: 1,
    costNanoUsd: 9n,
    firstToken: new Map([
      [4, 2],
      [7, 1],
    ]),
  };
  assert.deepEqual(since(after, before), {
    ...{ ...NO_COUNTS, requests: 7, errors: 1, costNanoUsd: 4n },
    firstToken: new Map([[7, 1]]),
  });
});

test('an experiment has the same id as long as the same is stated, in whatever order', () => {
  const id = experimentId({ uid: 'u', match: undefined, variants: [{ name: 'a', percent: 5 }] });
  assert.equal(experimentId({ variants: [{ percent: 5, name: 'a' }], uid: 'u' }), id);
  assert.notEqual(experimentId({ variants: [{ percent: 6, name: 'a' }], uid: 'u' }), id);
});
