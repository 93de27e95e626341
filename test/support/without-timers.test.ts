import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutTimers } from './without-timers.ts';

test('what ran before ends inside as ever, and nothing that is begun there comes', async (t) => {
  const before = setInterval(() => {}, 60_000);
  const begun: string[] = [];
  await withoutTimers(t, async () => {
    clearInterval(before);
    setTimeout(() => begun.push('passed'), 0);
    await new Promise(setImmediate);
  });
  assert.equal((before as unknown as { readonly _destroyed: boolean })._destroyed, true);
  // Timers of one length come in the order in which they were begun: had it been a real one, it would have come before this.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(begun, []);
});
