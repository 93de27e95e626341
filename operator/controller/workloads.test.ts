import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL } from '#contract/names/api';
import { injectedPod } from '#test/support/injected-pod';
import { Workloads } from './workloads.ts';

test('Workloads groups pods with the same attribution and forgets a group with its last pod', () => {
  const workloads = new Workloads(() => undefined);
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
  const workloads = new Workloads(() => labels);
  const [before] = workloads.set(injectedPod('a'));
  labels = { [LABEL.team]: 'search' };
  const touched = workloads.regroup('support');
  assert.equal(touched[0], before);
  assert.equal(workloads.get(before!), undefined);
  assert.equal(workloads.get(workloads.keyOfPod('a')!)?.workload.team, 'search');
});
