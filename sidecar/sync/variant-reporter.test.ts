import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MeasuredExperiment, NO_COUNTS } from '#contract/policy/variant-counts';
import { TestClock } from '#test/treasury/clock';
import type { Outbound } from './connection.ts';
import { VariantReporter } from './variant-reporter.ts';

const measured = (experiment: string, requests: number): MeasuredExperiment => ({
  ...{ experiment, run: 1 },
  counts: new Map([['small', { ...NO_COUNTS, requests }]]),
});

function open() {
  const clock = new TestClock(0);
  const now: MeasuredExperiment[] = [];
  const reporter = new VariantReporter('pod.1', () => now, clock);
  const sent: Outbound[] = [];
  const send = (message: Outbound): boolean => sent.push(message) > 0;
  /** What each report since the last call told. */
  const reports = (): unknown[] =>
    sent
      .splice(0)
      .map((message) =>
        message.$case === 'variantReport'
          ? message.value.experiments.map(({ experiment, source, arms }) => [experiment, source, arms[0]?.requests])
          : [],
      );
  return { clock, reporter, now, send, reports };
}

test('nothing is said where nothing was counted, and only what has grown, at most every five seconds', () => {
  const { clock, reporter, now, send, reports } = open();
  reporter.connected(send);
  now.push(measured('one', 0));
  clock.advance(20_000);
  assert.deepEqual(reports(), []);
  now.splice(0, 1, measured('one', 1), measured('two', 7));
  clock.advance(4_999);
  clock.advance(1);
  now.splice(0, 1, measured('one', 2));
  clock.advance(4_999);
  assert.deepEqual(reports(), [
    [
      ['one', 'pod.1.1', 1],
      ['two', 'pod.1.1', 7],
    ],
  ]);
  clock.advance(10_000);
  assert.deepEqual(reports(), [[['one', 'pod.1.1', 2]]]);
});

test('a new stream is told all at once, and nothing is said without one', () => {
  const { clock, reporter, now, send, reports } = open();
  now.push(measured('one', 1));
  clock.advance(20_000);
  reporter.connected(send);
  reporter.disconnected();
  now.splice(0, 1, measured('one', 2));
  clock.advance(20_000);
  reporter.connected(send);
  assert.deepEqual(reports(), [[['one', 'pod.1.1', 1]], [['one', 'pod.1.1', 2]]]);
});
