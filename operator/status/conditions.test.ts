import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeConditions, statusChange, transitions, type WantedCondition, withReady } from './conditions.ts';

const accepted: WantedCondition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
const unresolved: WantedCondition = {
  type: 'ResolvedRefs',
  status: 'False',
  reason: 'SecretNotFound',
  message: 'Secret support/openai does not exist.',
};
const EARLIER = '2026-01-01T00:00:00Z';
const NOW = '2026-01-02T00:00:00Z';

test('withReady() is True only when all are, and names what is missing', () => {
  assert.equal(withReady([accepted]).at(-1)?.status, 'True');
  const ready = withReady([accepted, unresolved]).at(-1);
  assert.deepEqual(ready, {
    type: 'Ready',
    status: 'False',
    reason: 'SecretNotFound',
    message: 'ResolvedRefs: Secret support/openai does not exist.',
  });
});

test('mergeConditions() moves lastTransitionTime only with the status', () => {
  const first = mergeConditions({ present: undefined, wanted: [accepted], generation: 1, now: EARLIER });
  const again = { ...accepted, message: 'still' };
  const second = mergeConditions({ present: first, wanted: [again], generation: 2, now: NOW });
  assert.equal(second[0]?.lastTransitionTime, EARLIER);
  assert.equal(second[0]?.observedGeneration, 2);
  const lost = mergeConditions({ present: second, wanted: [{ ...again, status: 'False' }], generation: 2, now: NOW });
  assert.equal(lost[0]?.lastTransitionTime, NOW);
  assert.deepEqual(transitions(second, lost), lost);
  assert.deepEqual(transitions(first, second), []);
});

test('statusChange() is nothing when the object already says so, whatever the order of its members', () => {
  assert.equal(statusChange({ b: 1, a: [1] }, { a: [1], b: 1 }), undefined);
  assert.deepEqual(statusChange({ a: 1 }, { a: 2 }), { a: 2 });
  assert.deepEqual(statusChange(undefined, {}), {});
});
