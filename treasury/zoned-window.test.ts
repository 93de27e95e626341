/** Windows by the clocks of zones, against what Intl says those clocks show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { policyTimeZone } from '#contract/compile/time-zone';
import type { PolicyTimeZone } from '#contract/policy/time-zone';
import type { BudgetWindow } from '#contract/resources/limit-names';
import { type BudgetPeriod, keptUntilMs, windowAt, windowOf } from './window.ts';

const SEED = 20261121;
/** Each call reckons anew: what it remembers hangs on the zone. */
const windowIn = (every: BudgetWindow, unixMs: number, zone: PolicyTimeZone): BudgetPeriod =>
  windowAt(every, unixMs, { ...zone });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FROM = Date.UTC(2025, 0, 1);
const UNTIL = Date.UTC(2040, 0, 1);

const zoneOf = (name: string): PolicyTimeZone => {
  const zone = policyTimeZone(name);
  assert.ok(zone, name);
  return zone;
};

/** The wall clock of a zone, by Intl alone: `2026-03-29 03:00:00`. */
function clockOf(timeZone: string): (unixMs: number) => string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...parts, ...time });
  return (unixMs) => format.format(unixMs);
}

/** Half hours, both hemispheres, clocks that jump at midnight, by half an hour, in Ramadan, and none that jump. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'America/Havana',
  'America/St_Johns',
  'America/Asuncion',
  'America/Nuuk',
  'Africa/Cairo',
  'Antarctica/Troll',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Asia/Gaza',
  'Atlantic/Azores',
  'Australia/Adelaide',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'Pacific/Marquesas',
];
const zones = new Map(ZONES.map((name) => [name, { zone: zoneOf(name), clock: clockOf(name) }]));

/** Any instant, and as often one within two days of a change of the zone's clocks. */
const instants = fc.constantFrom(...ZONES).chain((name) => {
  const changes = zones.get(name)?.zone.offsets.slice(1) ?? [];
  const any = fc.integer({ min: FROM, max: UNTIL });
  if (changes.length === 0) return fc.record({ name: fc.constant(name), unixMs: any });
  const near = fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }))
    .map(([[at], off]) => Math.min(UNTIL, Math.max(FROM + DAY_MS, at * 1_000 + off)));
  return fc.record({ name: fc.constant(name), unixMs: fc.oneof(any, near) });
});

const MIDNIGHT = '00:00:00';
const dateAfter = (date: string): string => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);

/** What the clock shows at the start of each kind of window, and which dates may be it. */
const BEGINS = {
  Day: () => true,
  Week: (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay() === 1,
  Month: (date: string) => date.endsWith('-01'),
};

test('each instant lies in one window, windows join, and days, weeks and months begin at midnight or the first instant after it', () => {
  fc.assert(
    fc.property(
      instants,
      fc.constantFrom('Day' as const, 'Week' as const, 'Month' as const),
      ({ name, unixMs }, every) => {
        const { zone, clock } = zones.get(name) ?? assert.fail(name);
        const found = windowIn(every, unixMs, zone);
        assert.ok(found.startMs <= unixMs && unixMs < found.endMs);
        assert.deepEqual(windowIn(every, found.startMs, zone), found);
        assert.deepEqual(windowIn(every, found.endMs - 1, zone), found);
        assert.equal(windowIn(every, found.endMs, zone).startMs, found.endMs);
        assert.deepEqual(windowOf(found.id), found);
        assert.deepEqual(windowAt(every, unixMs, zone), found, 'what is remembered is right');
        assert.match(found.id, /^[a-z0-9-]+$/);
        const [date = '', time] = clock(found.startMs).split(' ');
        const [before = ''] = clock(found.startMs - 1_000).split(' ');
        assert.ok(BEGINS[every](date), `${name} ${every} begins on ${date}`);
        assert.equal(dateAfter(before), date, `${name} ${every}: the day before is over`);
        // A clock that is put forward at midnight never shows it.
        if (time !== MIDNIGHT) assert.equal(clock(found.startMs - 1_000).split(' ')[1], '23:59:59', name);
      },
    ),
    { seed: SEED, numRuns: 3_000 },
  );
});

test('every local midnight of 15 years begins a day', () => {
  for (const [name, { zone, clock }] of zones) {
    for (let at = windowAt('Day', FROM, zone).endMs; at < UNTIL; ) {
      const day = windowAt('Day', at, zone);
      const hours = (day.endMs - day.startMs) / HOUR_MS;
      // Troll's clocks jump by two hours.
      assert.ok(hours >= 22 && hours <= 26, `${name} ${day.id}`);
      // The one after it is the next date: none is left out, none comes twice.
      assert.equal(clock(day.endMs).slice(0, 10), dateAfter(clock(day.startMs).slice(0, 10)), `${name} ${day.id}`);
      at = day.endMs;
    }
  }
});

test('hours begin when the clock shows one, and last an hour but where a jump of half an hour cuts them', () => {
  fc.assert(
    fc.property(instants, ({ name, unixMs }) => {
      const { zone, clock } = zones.get(name) ?? assert.fail(name);
      const found = windowIn('Hour', unixMs, zone);
      assert.ok(found.startMs <= unixMs && unixMs < found.endMs);
      assert.deepEqual(windowIn('Hour', found.startMs, zone), found);
      assert.deepEqual(windowIn('Hour', found.endMs - 1, zone), found);
      assert.equal(windowIn('Hour', found.endMs, zone).startMs, found.endMs);
      assert.deepEqual(windowOf(found.id), found);
      const isCut = found.endMs - found.startMs !== HOUR_MS;
      assert.ok(!isCut || name === 'Australia/Lord_Howe', name);
      if (!isCut) assert.match(clock(found.startMs), /:00:00$/);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

/** In hours. */
const lengthOf = (every: 'Day' | 'Week' | 'Month', at: number, zone: string): number => {
  const { startMs, endMs } = windowIn(every, at, zoneOf(zone));
  return (endMs - startMs) / HOUR_MS;
};

test('days of 23 and 25 hours, also where the clock jumps at midnight, and the weeks and months around them', () => {
  const cases = [
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 12), 23],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 12), 25],
    // At 24:00 clocks go forward to 01:00, so that the next day has no midnight; at 24:00 they go back to 23:00 of the same day.
    ['America/Santiago', Date.UTC(2026, 8, 6, 15), 23],
    ['America/Santiago', Date.UTC(2026, 3, 4, 15), 25],
    ['Asia/Beirut', Date.UTC(2026, 2, 29, 12), 23],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 5, 1), 24.5],
  ] as const;
  for (const [zone, at, hours] of cases) assert.equal(lengthOf('Day', at, zone), hours, `${zone} ${at}`);
  assert.equal(lengthOf('Week', Date.UTC(2026, 9, 25, 12), 'Europe/Berlin'), 7 * 24 + 1);
  assert.equal(lengthOf('Month', Date.UTC(2026, 2, 15), 'Europe/Berlin'), 31 * 24 - 1);
  const { id, startMs } = windowIn('Day', Date.UTC(2026, 8, 6, 15), zoneOf('America/Santiago'));
  assert.equal(startMs, Date.UTC(2026, 8, 6, 4));
  assert.equal(id, `day-2026-09-06-${startMs / 1_000}-${startMs / 1_000 + 23 * 3_600}`);
});

test('a clock that is put back over midnight does not bring back the day before', () => {
  // At 00:01 back to 23:01, as St. John's did until 2011.
  const jump = Date.UTC(2026, 9, 31, 2, 31) / 1_000;
  const zone: PolicyTimeZone = {
    name: 'Test/Test',
    offsets: [
      [0, -150],
      [jump, -210],
    ],
  };
  const midnight = (jump - 60) * 1_000;
  const day = windowIn('Day', midnight, zone);
  assert.equal(day.startMs, midnight);
  for (const minutes of [0, 1, 30, 59, 61]) assert.deepEqual(windowIn('Day', midnight + minutes * 60_000, zone), day);
  assert.equal(windowIn('Day', midnight - 1, zone).endMs, midnight);
});

test('a jump of half an hour in the middle of an hour cuts it, and the next one begins there', () => {
  const jump = Date.UTC(2026, 5, 1, 12, 10);
  const zone: PolicyTimeZone = {
    name: 'Test/Test',
    offsets: [
      [0, 0],
      [jump / 1_000, 30],
    ],
  };
  const spans = [jump - 1, jump, jump + 20 * 60_000].map((at) => {
    const { startMs, endMs } = windowIn('Hour', at, zone);
    return [(startMs - jump) / 60_000, (endMs - jump) / 60_000];
  });
  assert.deepEqual(spans, [
    [-10, 0],
    [0, 20],
    [20, 80],
  ]);
});

test('the book of a window by local clocks is kept as long as one in UTC', () => {
  const { id, endMs } = windowIn('Hour', FROM, zoneOf('Asia/Kolkata'));
  assert.deepEqual([keptUntilMs(id), keptUntilMs(id, true)], [endMs + 48 * HOUR_MS, endMs + 2 * HOUR_MS]);
});

test('policyTimeZone() names no zone where nothing differs from UTC, and throws where there is none', () => {
  assert.equal(policyTimeZone('UTC'), undefined);
  assert.equal(policyTimeZone('Africa/Abidjan'), undefined);
  assert.deepEqual(zoneOf('Asia/Kolkata').offsets, [[FROM / 1_000, 330]]);
  assert.deepEqual(zoneOf('Europe/Berlin').offsets.slice(0, 3), [
    [FROM / 1_000, 60],
    [Date.UTC(2025, 2, 30, 1) / 1_000, 120],
    [Date.UTC(2025, 9, 26, 1) / 1_000, 60],
  ]);
  assert.throws(() => policyTimeZone('Europe/Berlln'), RangeError);
});
