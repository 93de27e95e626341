import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '#contract/webhook/post-outcome';
import { afterPost } from './post-retry.ts';

test('posts are made again ever later, within a quarter of an hour in all, and then no more', () => {
  const waits: number[] = [];
  for (let attempts = 1; ; attempts += 1) {
    const next = afterPost('failed', attempts, 0);
    if (next.action === 'done') break;
    waits.push(next.afterMs);
  }
  assert.deepEqual(waits.slice(0, 4), [1_000, 2_000, 4_000, 8_000]);
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  );
  const allMs = waits.reduce((sum, ms) => sum + ms, 0);
  assert.ok(allMs > 10 * 60_000 && allMs < 15 * 60_000, String(allMs));
});

test('chance stretches a wait by a quarter at most', () => {
  assert.deepEqual(afterPost('failed', 1, 0.999), { action: 'retry', afterMs: 1_250 });
});

test('a post that was taken, or is not wanted, is not made again', () => {
  for (const outcome of ['taken', 'gone'] as const) assert.deepEqual(afterPost(outcome, 1, 0), { action: 'done' });
});

test('only 2xx is taken, only 410 is final, and a redirect is a failure', () => {
  const statuses = [200, 204, 299, 301, 307, 400, 404, 410, 429, 500, 503];
  assert.deepEqual(statuses.map(outcomeOf), [
    'taken',
    'taken',
    'taken',
    'failed',
    'failed',
    'failed',
    'failed',
    'gone',
    'failed',
    'failed',
    'failed',
  ]);
});
