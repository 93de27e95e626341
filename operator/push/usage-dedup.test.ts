import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { createUsageDedup } from './usage-dedup.ts';

const record = (instance: string, seq: number): UsageRecord => ({ instance, seq, row: Buffer.alloc(0) });
const seqs = (records: readonly UsageRecord[]): number[] => records.map(({ seq }) => seq);

test('a record that is sent again, on whatever stream, counts once', () => {
  const dedup = createUsageDedup();
  assert.deepEqual(seqs(dedup.fresh([record('pod.1', 1), record('pod.1', 2)], 'pod')), [1, 2]);
  assert.deepEqual(seqs(dedup.fresh([record('pod.1', 2), record('pod.1', 3)], 'pod')), [3]);
});

test('a restarted container numbers anew and counts anew', () => {
  const dedup = createUsageDedup();
  dedup.fresh([record('pod.1', 5)], 'pod');
  assert.deepEqual(seqs(dedup.fresh([record('pod.1', 5), record('pod.2', 1)], 'pod')), [1]);
});

test('a pod cannot report for another one', () => {
  assert.deepEqual(createUsageDedup().fresh([record('victim.1', 1)], 'pod'), []);
});

test('what is remembered is bounded: the instance heard of longest ago is forgotten', () => {
  const dedup = createUsageDedup(2);
  dedup.fresh([record('pod.1', 1), record('pod.2', 1), record('pod.1', 2), record('pod.3', 1)], 'pod');
  assert.deepEqual(dedup.fresh([record('pod.1', 2), record('pod.3', 1)], 'pod'), []);
  assert.deepEqual(seqs(dedup.fresh([record('pod.2', 1)], 'pod')), [1]);
});
