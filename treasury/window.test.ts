import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENDLESS_MS, keptUntilMs, windowAt, windowOf } from './window.ts';

const SEED = 20261121;
const CALENDAR = ['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month'] as const;
const at = Date.UTC(2026, 10, 21, 9, 15, 30);

test('windowAt() names the window in UTC; weeks start on Monday', () => {
  assert.equal(windowAt('Second', at + 999).id, 'second-2026-11-21t09-15-30');
  assert.equal(windowAt('Minute', at).id, 'minute-2026-11-21t09-15');
  assert.equal(windowAt('Hour', at).id, 'hour-2026-11-21t09');
  assert.equal(windowAt('Day', at).id, 'day-2026-11-21');
  assert.equal(windowAt('Week', at).id, 'week-2026-11-16');
  assert.equal(windowAt('Month', at).id, 'month-2026-11');
});

test('windowAt() is right at the ends of months, leap days and years', () => {
  const march = Date.UTC(2028, 2, 1);
  assert.deepEqual(windowAt('Month', march - 1), {
    id: 'month-2028-02',
    startMs: Date.UTC(2028, 1, 1),
    endMs: march,
  });
  assert.equal(windowAt('Month', march).id, 'month-2028-03');
  assert.equal(windowAt('Week', Date.UTC(2027, 0, 1)).id, 'week-2026-12-28');
  assert.equal(windowAt('Day', Date.UTC(2027, 0, 1) - 1).id, 'day-2026-12-31');
});

test('every instant lies in exactly one window, windows touch, and their ids read back', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CALENDAR), fc.integer({ min: 0, max: 4_000_000_000_000 }), (every, unixMs) => {
      const found = windowAt(every, unixMs);
      assert.ok(found.startMs <= unixMs && unixMs < found.endMs);
      assert.deepEqual(windowAt(every, found.startMs), found);
      assert.deepEqual(windowAt(every, found.endMs - 1), found);
      assert.equal(windowAt(every, found.endMs).startMs, found.endMs);
      assert.deepEqual(windowOf(found.id), found);
      assert.match(found.id, /^[a-z0-9-]+$/);
    }),
    { seed: SEED },
  );
});

test('windowOf() knows no other text', () => {
  for (const bad of [
    '',
    'day',
    'day-2026-13-01',
    'week-2026-11-17',
    'month-2026-11-01',
    'day-2026-11-21t09',
    'year-2026',
    'second-2026-11-21t09-15',
    'run-2026',
    'day-2026-11-21-1795302000-1795215600',
    'day-2026-11-21-1795215600',
  ]) {
    assert.equal(windowOf(bad), undefined, bad);
  }
});

test('keptUntilMs() keeps a book 48 hours past its window', () => {
  const end = windowAt('Day', at).endMs;
  assert.equal(keptUntilMs('day-2026-11-21'), end + 48 * 3_600_000);
  assert.equal(keptUntilMs('nonsense'), Number.MAX_SAFE_INTEGER);
});

test('keptUntilMs() keeps one of many books for two windows, at least half an hour and at most 48 hours', () => {
  const kept = { Second: 2, Minute: 30, Hour: 120, Day: 48 * 60, Week: 48 * 60, Month: 48 * 60 } as const;
  for (const every of CALENDAR) {
    const { id, endMs } = windowAt(every, at);
    assert.equal(keptUntilMs(id, true), endMs + kept[every] * 60_000, every);
  }
});

test('keptUntilMs() keeps a book of a second for two minutes, however many there are', () => {
  const { id, endMs } = windowAt('Second', at);
  assert.deepEqual([keptUntilMs(id), keptUntilMs(id, true)], [endMs + 120_000, endMs + 120_000]);
});

test('a run is one window for ever, and its book says itself until when it is kept', () => {
  assert.deepEqual(windowAt('Run', at), { id: 'run', startMs: 0, endMs: ENDLESS_MS });
  assert.deepEqual(windowOf('run'), windowAt('Run', 0));
  assert.equal(keptUntilMs('run', true), Number.MAX_SAFE_INTEGER);
});
