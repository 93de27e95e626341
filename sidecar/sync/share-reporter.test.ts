import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Share, ShareDemand } from '#contract/policy/share-demand';
import { NO_COUNTS } from '#contract/policy/share-demand';
import { TestClock } from '#test/treasury/clock';
import type { Outbound } from './connection.ts';
import { type SharedUse, ShareReporter } from './share-reporter.ts';

const KEY = 'route:shop/chat';
const demand = (waiting: number): ShareDemand => ({
  ...{ key: KEY, running: NO_COUNTS, throttled: 0, units: 1 },
  waiting: { ...NO_COUNTS, Normal: waiting },
});

function open() {
  const clock = new TestClock(0);
  const told: { shares: readonly Share[]; ttlMs: number }[] = [];
  let waiting = 0;
  const use: SharedUse = {
    onNews: undefined,
    demands: () => (waiting > 0 ? [demand(waiting)] : []),
    reported: () => {},
    connected: () => {},
    tell: (shares, ttlMs) => void told.push({ shares, ttlMs }),
  };
  const reporter = new ShareReporter(() => use, clock);
  const sent: Outbound[] = [];
  return {
    ...{ reporter, clock, told },
    send: (message: Outbound): boolean => sent.push(message) > 0,
    /** A stream begins, and what is said at its begin is over. */
    begin() {
      reporter.connected((message) => sent.push(message) > 0);
      clock.advance(2_000);
      sent.splice(0);
    },
    /** So many wait; `atOnce` where the gate says so. */
    wait(count: number, atOnce = true) {
      waiting = count;
      if (atOnce) use.onNews?.();
    },
    /** What each report since the last call said: who waits, and which shares are in force. */
    reports: () =>
      sent
        .splice(0)
        .map((message) =>
          message.$case === 'shareReport'
            ? [message.value.demands.map(({ waitingNormal }) => waitingNormal), message.value.version]
            : [],
        ),
  };
}

test('a sidecar says once that it is there, and nothing more while there is nothing to tell', () => {
  const { reporter, send, clock, reports } = open();
  reporter.connected(send);
  clock.advance(60_000);
  assert.deepEqual(reports(), [[[], 0]]);
});

test('who begins to wait is told at once, and what follows at most every quarter of a second', () => {
  const { begin, wait, clock, reports } = open();
  begin();
  wait(1);
  assert.deepEqual(reports(), [[[1], 0]]);
  wait(2);
  wait(3);
  clock.advance(249);
  assert.deepEqual(reports(), []);
  clock.advance(1);
  assert.deepEqual(reports(), [[[3], 0]]);
  clock.advance(1_000);
  wait(4);
  assert.deepEqual(reports(), [[[4], 0]]);
});

test('what is not urgent is told every two seconds while it changes, also that there is nothing any more', () => {
  const { begin, wait, clock, reports } = open();
  begin();
  wait(1, false);
  clock.advance(1_999);
  assert.deepEqual(reports(), []);
  clock.advance(1);
  assert.deepEqual(reports(), [[[1], 0]]);
  clock.advance(10_000);
  assert.deepEqual(reports(), []);
  wait(0, false);
  clock.advance(2_000);
  assert.deepEqual(reports(), [[[], 0]]);
});

test('shares reach the gates within bounds whatever the operator says, and are confirmed by their version', () => {
  const { begin, reporter, told, clock, reports } = open();
  begin();
  reporter.told({ shares: [{ key: KEY, units: 3 }], ttlSeconds: 4_294_967_295, version: 7 });
  assert.deepEqual(told, [{ shares: [{ key: KEY, units: 3 }], ttlMs: 600_000 }]);
  assert.deepEqual(reports(), [[[], 7]]);
  clock.advance(10_000);
  assert.deepEqual(reports(), [], 'once');
});

test('a new stream is told all that there is, under no version of the one before', () => {
  const { reporter, send, wait, clock, reports } = open();
  wait(2);
  reporter.connected(send);
  reporter.told({ shares: [], ttlSeconds: 30, version: 4 });
  clock.advance(1_000);
  assert.deepEqual(reports(), [
    [[2], 0],
    [[2], 4],
  ]);
  reporter.disconnected();
  wait(3);
  clock.advance(10_000);
  assert.deepEqual(reports(), []);
  reporter.connected(send);
  assert.deepEqual(reports(), [[[3], 0]]);
  reporter.close();
  wait(4);
  clock.advance(10_000);
  assert.deepEqual(reports(), []);
});
