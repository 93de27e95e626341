import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CRON, parseCron } from './cron.ts';

/** A cron, a local time, and whether it holds then. 2026-11-23 is a Monday. */
const HOLDING: readonly (readonly [string, string, boolean])[] = [
  ['* 9-17 * * 1-5', '2026-11-23T09:00', true],
  ['* 9-17 * * 1-5', '2026-11-23T17:59', true],
  ['* 9-17 * * 1-5', '2026-11-23T18:00', false],
  ['* 9-17 * * 1-5', '2026-11-22T12:00', false],
  ['*  9-17  * *  Mon-fri', '2026-11-27T12:00', true],
  ['* 22-6 * * *', '2026-11-23T23:10', true],
  ['* 22-6 * * *', '2026-11-23T06:59', true],
  ['* 22-6 * * *', '2026-11-23T07:00', false],
  ['* * * * sat-sun', '2026-11-22T12:00', true],
  ['* * * * 5-7', '2026-11-22T12:00', true],
  ['* * * * 7', '2026-11-22T12:00', true],
  ['* * * * 0', '2026-11-22T12:00', true],
  ['* * * * 5-7', '2026-11-26T12:00', false],
  ['*/15 * * * *', '2026-11-23T12:30', true],
  ['*/15 * * * *', '2026-11-23T12:31', false],
  ['10-20/5,59 * * * *', '2026-11-23T12:15', true],
  ['10-20/5,59 * * * *', '2026-11-23T12:16', false],
  ['10-20/5,59 * * * *', '2026-11-23T12:59', true],
  ['* * 1 JAN,nov *', '2026-11-01T00:00', true],
  ['* * 1 JAN,nov *', '2026-10-01T00:00', false],
  // Both fields of days: either is enough.
  ['* * 1 * mon', '2026-11-23T00:00', true],
  ['* * 1 * mon', '2026-11-01T00:00', true],
  ['* * 1 * mon', '2026-11-02T00:00', true],
  ['* * 1 * mon', '2026-11-03T00:00', false],
  // A star with a step is no such statement.
  ['* * */2 * mon', '2026-11-23T00:00', true],
  ['* * */2 * mon', '2026-11-30T00:00', false],
  ['* * * 12-1 *', '2027-01-05T00:00', true],
];

test('a cron holds for the minutes that crontab(5) says', () => {
  for (const [cron, local, expected] of HOLDING) {
    assert.match(cron, CRON);
    assert.equal(parseCron(cron).holds(new Date(`${local}:00Z`)), expected, `${cron} at ${local}`);
  }
});

test('what is no cron of five fields is none', () => {
  const wrong = ['', '* * * *', '* * * * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * 32 * *', '* * * 13 *'];
  const further = ['* * * * 8', '*/0 * * * *', '5/15 * * * *', '1- * * * *', '@daily', '* * * foo *', 'jan * * * *'];
  for (const cron of [...wrong, ...further, '* * L * *', '*, * * * *', ' * * * * *']) assert.doesNotMatch(cron, CRON);
});

test('a day that no month has is found', () => {
  for (const cron of ['* * 30 2 *', '* * 31 apr,jun,9,11 *']) assert.ok(parseCron(cron).isEmpty, cron);
  for (const cron of ['* * 29 2 *', '* * 30 2 mon', '* * 31 * *', '* * * 2 *'])
    assert.ok(!parseCron(cron).isEmpty, cron);
});
