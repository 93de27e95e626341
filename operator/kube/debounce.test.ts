import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Debounce } from './debounce.ts';

const NONE: ReadonlySet<string> = new Set();

test('Debounce.take() gives many changes of one key once, after the quiet spell', () => {
  const debounce = new Debounce({ quietMs: 100, maxMs: 5_000 });
  debounce.touch('a', 0);
  debounce.touch('a', 50);
  assert.deepEqual(debounce.take(149, NONE), []);
  assert.deepEqual(debounce.take(150, NONE), ['a']);
  assert.equal(debounce.size, 0);
});

test('Debounce.take() lets a key that never rests through at the maximum', () => {
  const debounce = new Debounce({ quietMs: 100, maxMs: 300 });
  for (let now = 0; now < 300; now += 50) {
    debounce.touch('a', now);
    assert.deepEqual(debounce.take(now, NONE), []);
  }
  assert.deepEqual(debounce.take(300, NONE), ['a']);
});

test('Debounce.take() keeps a held key until it is free', () => {
  const debounce = new Debounce({ quietMs: 0, maxMs: 0 });
  debounce.touch('a', 0);
  assert.deepEqual(debounce.take(10, new Set(['a'])), []);
  assert.equal(debounce.nextAt(new Set(['a'])), undefined);
  assert.deepEqual(debounce.take(10, NONE), ['a']);
});

test('Debounce.touch() brings a postponed key forward', () => {
  const debounce = new Debounce({ quietMs: 100, maxMs: 5_000 });
  debounce.postpone('a', 30_000);
  assert.equal(debounce.nextAt(NONE), 30_000);
  debounce.touch('a', 1_000);
  assert.equal(debounce.nextAt(NONE), 1_100);
});

test('Debounce.rest() keeps a key back, whether it waits already or is touched later', () => {
  const debounce = new Debounce({ quietMs: 100, maxMs: 5_000 });
  debounce.touch('a', 0);
  debounce.rest('a', 2_100);
  assert.deepEqual(debounce.take(100, NONE), []);
  debounce.touch('a', 150);
  assert.equal(debounce.nextAt(NONE), 2_100);
  debounce.touch('b', 150);
  assert.deepEqual(debounce.take(250, NONE), ['b']);
  assert.deepEqual(debounce.take(2_100, NONE), ['a']);
});

test('Debounce.hasten() makes a key due at once, however often it changes afterwards', () => {
  const debounce = new Debounce({ quietMs: 100, maxMs: 5_000 });
  debounce.touch('a', 0);
  debounce.hasten('a', 10);
  assert.equal(debounce.touch('a', 11), 10);
  assert.deepEqual(debounce.take(11, NONE), ['a']);
  debounce.rest('a', 500);
  debounce.hasten('a', 20);
  assert.deepEqual([debounce.take(499, NONE), debounce.take(500, NONE)], [[], ['a']], 'but never before it may');
});
