import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldBy, mayHold, observe, released } from './lease-decision.ts';

const NOW = '2026-01-02T03:04:05.000000Z';

test('mayHold() lets a candidate take a free lease, keep its own, and waits out a silent holder', () => {
  assert.equal(mayHold({}, 'a', 0), true);
  assert.equal(mayHold({ holderIdentity: '' }, 'a', 0), true);
  assert.equal(mayHold({ holderIdentity: 'a', leaseDurationSeconds: 15 }, 'a', 0), true);
  assert.equal(mayHold({ holderIdentity: 'b', leaseDurationSeconds: 15 }, 'a', 14_999), false);
  assert.equal(mayHold({ holderIdentity: 'b', leaseDurationSeconds: 15 }, 'a', 15_000), true);
});

test('observe() counts silence from the last change that we saw, never from the times in the lease', () => {
  const first = observe(undefined, '1', 100);
  assert.deepEqual(observe(first, '1', 900), first);
  assert.deepEqual(observe(first, '2', 900), { resourceVersion: '2', observedAt: 900 });
});

test('heldBy() counts a transition only when the holder changes', () => {
  const first = heldBy('a', undefined, NOW);
  assert.equal(first.leaseTransitions, 0);
  assert.equal(heldBy('a', first, '2026-01-02T03:04:07.000000Z').acquireTime, NOW);
  assert.equal(heldBy('b', first, NOW).leaseTransitions, 1);
  assert.equal(mayHold(released(first, NOW), 'b', 0), true);
});
