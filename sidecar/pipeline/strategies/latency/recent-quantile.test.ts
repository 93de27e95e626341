import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#test/support/build-rule';
import { RecentQuantile } from './recent-quantile.ts';

const MINUTE_MS = 60_000;

test('p95() is within a tenth of the true percentile, whatever the spread', () => {
  for (const [seed, scale] of [
    [1, 50],
    [2, 3_000],
    [3, 60_000],
  ] as const) {
    const random = seededRandom(seed);
    const values = Array.from({ length: 2_000 }, () => scale * (0.5 + random() ** 4));
    const recent = new RecentQuantile();
    for (const ms of values) recent.observe(ms, 0);
    const truth = values.toSorted((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1] ?? 0;
    const found = recent.p95(0) ?? 0;
    assert.ok(Math.abs(found - truth) / truth < 0.1, `${found} and truly ${truth}`);
  }
});

test('p95() says nothing of fewer than ten observations, and forgets them after ten minutes', () => {
  const recent = new RecentQuantile();
  for (let count = 0; count < 9; count += 1) recent.observe(100, 0);
  assert.equal(recent.p95(0), undefined);
  recent.observe(100, 0);
  assert.ok((recent.p95(0) ?? 0) > 90);
  assert.ok((recent.p95(9 * MINUTE_MS) ?? 0) > 90);
  assert.equal(recent.p95(10 * MINUTE_MS), undefined);
  recent.observe(100, 11 * MINUTE_MS);
  assert.equal(recent.p95(60 * MINUTE_MS), undefined);
});

test('what is faster or slower than any bucket counts in the first and the last', () => {
  for (const [ms, expected] of [
    [0, 10],
    [1e9, 10 * 2 ** 16],
  ] as const) {
    const recent = new RecentQuantile();
    for (let count = 0; count < 20; count += 1) recent.observe(ms, 0);
    const found = recent.p95(0) ?? 0;
    assert.ok(Math.abs(found - expected) / expected < 0.1, `${ms} is found as ${found}`);
  }
});
