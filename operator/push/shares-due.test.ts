import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_SHARES, type ShareState, sharesDue } from './shares-due.ts';

const SHARE = { key: 'route:shop/chat', units: 3 };

const wanting = (state: ShareState, revision: number, units?: number): ShareState => ({
  ...state,
  wanted: { revision, shares: units === undefined ? [] : [{ ...SHARE, units }] },
});

/** The state after what is sent at a time. */
function send(state: ShareState, nowMs: number): ShareState {
  const due = sharesDue(state, nowMs);
  assert.ok(due, `nothing is sent at ${nowMs} ms`);
  return due.state;
}

test('shares are told at once when they change, then every ten seconds with an end after thirty', () => {
  const wanted = wanting(NO_SHARES, 7, 3);
  assert.deepEqual(sharesDue(wanted, 5_000)?.shares, { shares: [SHARE], ttlSeconds: 30, version: 7 });
  const told = send(wanted, 5_000);
  assert.equal(sharesDue(told, 14_999), null);
  assert.equal(sharesDue(send(told, 15_000), 24_999), null);
  assert.deepEqual(sharesDue(wanting(told, 8, 2), 5_001)?.shares.shares, [{ ...SHARE, units: 2 }]);
});

test('that nothing is bounded any more is told once, and nothing before anything was weighed', () => {
  assert.equal(sharesDue(NO_SHARES, 1_000_000), null);
  const ended = wanting(send(wanting(NO_SHARES, 1, 3), 0), 2);
  assert.deepEqual(sharesDue(ended, 1)?.shares, { shares: [], ttlSeconds: 30, version: 2 });
  assert.equal(sharesDue(send(ended, 1), 1_000_000), null);
});
