import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL } from '#contract/names/api';
import { injectedPod } from '#test/support/injected-pod';
import { Workloads } from './workloads.ts';

test('Workloads groups pods with the same attribution and forgets a group with its last pod', () => {
  const workloads = new Workloads({ labelsOf: () => undefined, selecting: () => new Set() });
  const [key] = workloads.set(injectedPod('a'));
  assert.deepEqual(workloads.set(injectedPod('b')), [key]);
  assert.deepEqual(workloads.set(injectedPod('b', { ready: false })), []);
  assert.equal(workloads.get(key!)?.pods.size, 2);
  workloads.remove('a');
  workloads.remove('b');
  assert.deepEqual([...workloads.values()], []);
});

test('Workloads.regroup() moves pods when the namespace says another team', () => {
  let labels: Record<string, string> = {};
  const workloads = new Workloads({ labelsOf: () => labels, selecting: () => new Set() });
  const [before] = workloads.set(injectedPod('a'));
  labels = { [LABEL.team]: 'search' };
  const touched = workloads.regroup('support');
  assert.equal(touched[0], before);
  assert.equal(workloads.get(before!), undefined);
  assert.equal(workloads.get(workloads.keyOfPod('a')!)?.workload.team, 'search');
});

test('Workloads.regroup() parts pods whose labels an AIPolicy begins to select by, and joins them again after it', () => {
  let selecting = new Set<string>();
  const workloads = new Workloads({ labelsOf: () => undefined, selecting: () => selecting });
  workloads.set(injectedPod('a', { labels: { app: 'bot', 'pod-template-hash': '1' } }));
  workloads.set(injectedPod('b', { labels: { app: 'web', 'pod-template-hash': '2' } }));
  assert.equal(workloads.keyOfPod('a'), workloads.keyOfPod('b'));
  selecting = new Set(['app']);
  workloads.regroup();
  assert.notEqual(workloads.keyOfPod('a'), workloads.keyOfPod('b'));
  assert.deepEqual(workloads.get(workloads.keyOfPod('a')!)?.workload.labels, { app: 'bot' });
  selecting = new Set();
  workloads.regroup();
  assert.equal(workloads.keyOfPod('a'), workloads.keyOfPod('b'));
  assert.equal([...workloads.values()].length, 1);
});
