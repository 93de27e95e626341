import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectDelayMs } from './reconnect-delay.ts';

test('the wait doubles from half a second to half a minute, and any moment below it is as likely', () => {
  const most = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map((failures) => reconnectDelayMs(failures, 1));
  assert.deepEqual(most, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(reconnectDelayMs(3, 0), 0);
  assert.equal(reconnectDelayMs(3, 0.5), 2_000);
});
