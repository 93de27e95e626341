import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileWindow } from './time-window.ts';

const berlin = (cron: string) => {
  const isOpen = compileWindow({ cron, timezone: 'Europe/Berlin' }, 'here');
  return (time: string) => isOpen(Date.parse(time));
};

test('business hours are those of the clocks on the wall, in summer and in winter', () => {
  const isOpen = berlin('* 9-17 * * 1-5');
  const open = ['2026-07-01T07:00:00Z', '2026-07-01T15:59:59Z', '2026-12-01T08:00:00Z', '2026-12-01T16:59:59Z'];
  const closed = ['2026-07-01T06:59:59Z', '2026-07-01T16:00:00Z', '2026-12-01T07:59:59Z', '2026-12-01T17:00:00Z'];
  for (const time of open) assert.ok(isOpen(time), time);
  for (const time of closed) assert.ok(!isOpen(time), time);
});

test('an hour that clocks show twice is open twice, and one that they leave out never comes', () => {
  const atTwo = berlin('* 2 * * *');
  // Back at 03:00 CEST (01:00 UTC): 02:00 to 03:00 comes twice.
  const autumn = ['2026-10-24T23:59:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'];
  assert.deepEqual(autumn.map(atTwo), [false, true, true, false]);
  // On at 02:00 CET (01:00 UTC): the next minute is 03:00.
  const spring = ['2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z', '2026-03-29T02:00:00Z'];
  assert.deepEqual(spring.map(atTwo), [false, false, false, false]);
  const atThree = berlin('* 3 * * *');
  assert.deepEqual(spring.map(atThree), [false, true, true, false]);
});

test('a window opens and closes with the minute, whatever was asked before', () => {
  const isOpen = compileWindow({ cron: '30 * * * *', timezone: 'Asia/Kolkata' }, 'here');
  const times = ['09:59:59.999', '10:00', '10:00:59.999', '10:01', '10:00'];
  assert.deepEqual(
    times.map((time) => isOpen(Date.parse(`2026-01-01T${time}Z`))),
    [false, true, true, false, true],
  );
});

test('a zone that does not exist is refused by its place', () => {
  assert.throws(
    () => compileWindow({ cron: '* * * * *', timezone: 'Europe/Berlln' }, 'AIPolicy p/q spec.priority[0].during'),
    /^Error: AIPolicy p\/q spec\.priority\[0\]\.during\.timezone: there is no time zone Europe\/Berlln$/,
  );
});
