import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formerWord, type MatchingSidecar, programmed } from './programmed.ts';

const sidecar = (pod: string, rest: Partial<MatchingSidecar> = {}): MatchingSidecar => ({
  pod,
  connected: true,
  heard: true,
  generation: 4,
  refusal: undefined,
  ...rest,
});

test('programmed() is True when every matching sidecar runs the generation', () => {
  const { condition, count } = programmed(4, [sidecar('default/a'), sidecar('default/b')]);
  assert.equal(count, '2/2');
  assert.equal(condition.status, 'True');
  assert.equal(condition.message, '2/2 sidecars run generation 4');
});

test('programmed() names who is missing and whether it is connected', () => {
  const { condition, count } = programmed(4, [
    sidecar('default/a'),
    sidecar('default/app-x', { generation: 3 }),
    sidecar('default/app-y', { generation: undefined, connected: false }),
  ]);
  assert.equal(count, '1/3');
  assert.equal(condition.reason, 'Pending');
  assert.equal(
    condition.message,
    '1/3 sidecars run generation 4; waiting for default/app-x (connected, not acknowledged), default/app-y (not connected)',
  );
});

test('programmed() shows a refusal with its reason before those that are only waiting', () => {
  const { condition } = programmed(4, [
    sidecar('default/a', { generation: 3 }),
    sidecar('default/app-x', { generation: 3, refusal: 'pattern 1 is not RE2' }),
  ]);
  assert.equal(condition.reason, 'Rejected');
  assert.equal(
    condition.message,
    '0/2 sidecars run generation 4; default/app-x refused it: pattern 1 is not RE2; waiting for default/a (connected, not acknowledged)',
  );
});

test('programmed() names five and counts the rest', () => {
  const many = Array.from({ length: 8 }, (_, index) => sidecar(`default/p${index}`, { generation: undefined }));
  assert.match(programmed(4, many).condition.message, /default\/p4 \(connected, not acknowledged\); and 3 more$/);
});

test('programmed() of no pods is True with reason NoWorkloads', () => {
  const { condition, count } = programmed(1, []);
  assert.deepEqual([condition.status, condition.reason, count], ['True', 'NoWorkloads', '0/0']);
});

test('programmed() says that an older generation still runs when the present one is not accepted', () => {
  const { condition, count } = programmed(4, [sidecar('default/a', { generation: 3 })], 3);
  assert.equal(count, '0/1');
  assert.equal(condition.message, 'Generation 4 is not accepted; 1/1 sidecars run generation 3');
});

test('formerWord() stands after a restart only while nothing at all was heard from who is missing', () => {
  const before = programmed(4, [sidecar('default/a'), sidecar('default/b')]);
  const written = { ...before.condition, observedGeneration: 4, lastTransitionTime: '2026-01-01T00:00:00Z' };
  const status = { conditions: [written], programmed: before.count };
  const silent = { generation: undefined, connected: false, heard: false };
  const restarted = programmed(4, [sidecar('default/a'), sidecar('default/b', silent)]);
  assert.equal(formerWord(restarted, 4, status)?.count, '2/2');
  assert.equal(formerWord(restarted, 5, status), undefined);
  const lost = programmed(4, [sidecar('default/a'), sidecar('default/b', { ...silent, heard: true })]);
  assert.equal(formerWord(lost, 4, status), undefined);
  const more = programmed(4, [sidecar('default/a'), sidecar('default/b'), sidecar('default/c', silent)]);
  assert.equal(formerWord(more, 4, status), undefined);
});
