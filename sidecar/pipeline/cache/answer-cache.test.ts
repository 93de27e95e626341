import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache, type KeptAnswer } from './answer-cache.ts';

/** What an entry counts beside its answer. */
const ENTRY = 512;
const LIMITS = { most: 4, bytes: 3 * (ENTRY + 100), answerBytes: 200 };

const answer = (bytes: number, raw?: number): KeptAnswer => ({
  provider: 'support/p',
  target: 'p/m',
  dropped: [],
  form: 'whole',
  json: new Uint8Array(bytes),
  ...(raw !== undefined && { raw: new Uint8Array(raw) }),
});

function cacheAt(limits = LIMITS) {
  const clock = { ms: 5 };
  return { clock, cache: new AnswerCache(limits, () => clock.ms) };
}

test('an answer is found until its time is over, and takes no memory from then on', () => {
  const { cache, clock } = cacheAt();
  assert.deepEqual([cache.find('a'), cache.bytes, cache.evictions], [undefined, 0, 0]);
  cache.keep('a', answer(100), 1_000);
  clock.ms += 999;
  assert.equal(cache.find('a')?.json.length, 100);
  assert.equal(cache.bytes, ENTRY + 100);
  clock.ms += 1;
  assert.deepEqual([cache.find('a'), cache.bytes, cache.evictions], [undefined, 0, 0]);
});

test('a cache holds a bounded number of bytes and answers, lets go of what was of no use for longest, and counts it', () => {
  const { cache } = cacheAt();
  for (const key of ['a', 'b', 'c']) cache.keep(key, answer(60, 40), 1_000);
  assert.equal(cache.bytes, LIMITS.bytes);
  assert.ok(cache.find('a'));
  cache.keep('d', answer(100), 1_000);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => cache.find(key) !== undefined),
    [true, false, true, true],
  );
  cache.keep('d', answer(10), 1_000);
  assert.deepEqual([cache.bytes, cache.evictions], [LIMITS.bytes - 90, 1]);
  const many = cacheAt({ ...LIMITS, bytes: 1_000_000 }).cache;
  for (const key of ['a', 'b', 'c', 'd', 'e']) many.keep(key, answer(1), 1_000);
  assert.deepEqual([many.find('a'), many.evictions], [undefined, 1]);
});

test('one answer that is over its bound is not kept, and drives out nothing', () => {
  const { cache } = cacheAt();
  cache.keep('a', answer(100), 1_000);
  cache.keep('b', answer(201), 1_000);
  cache.keep('c', answer(101, 100), 1_000);
  assert.deepEqual([cache.find('b'), cache.find('c'), cache.bytes], [undefined, undefined, ENTRY + 100]);
  cache.clear();
  assert.deepEqual([cache.find('a'), cache.bytes], [undefined, 0]);
});
