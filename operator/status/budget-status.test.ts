import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aiBudget } from '#contract/resources/ai-budget';
import { windowAt } from '#treasury/window';
import { budgetReport, limitsOf } from './budget-status.ts';

const budget = aiBudget.parse({
  kind: 'AIBudget',
  metadata: { name: 'environments', namespace: 'remora-system', uid: 'u1' },
  spec: {
    limits: [
      { name: 'dev', match: { environment: 'dev', team: 'a' }, usd: 50, every: 'Day' },
      { name: 'other', match: { namespace: 'support' }, tokens: 1000, every: 'Hour' },
      { name: 'agents', per: ['run'], requests: 100, every: 'Run' },
    ],
  },
});

const reading = (index: number, spent: bigint, limit: bigint) => ({
  limit: limitsOf(budget)[index]!,
  status: {
    limit,
    spent,
    held: 1n,
    remaining: limit - spent - 1n,
    percent: Number((spent * 100n) / limit),
    windowStartMs: 0,
    windowEndMs: 86_400_000,
  },
});

test('limitsOf() gives every limit under the id that sidecars use, whatever it matches', () => {
  assert.deepEqual(
    limitsOf(budget).map(({ id, unit }) => [id, unit]),
    [
      ['remora-system/environments/dev', 'nanoUsd'],
      ['remora-system/environments/other', 'tokens'],
      ['remora-system/environments/agents', 'requests'],
    ],
  );
});

test('budgetReport() puts the most used limit on top, with units', () => {
  const report = budgetReport([reading(0, 12_500_000_000n, 50_000_000_000n), reading(1, 900n, 1000n)]);
  assert.deepEqual([report.spent, report.remaining, report.percent], ['900 tokens', '99 tokens', '90%']);
  assert.equal(report.limits[0]?.spent, '12.50 USD');
  assert.equal(report.limits[0]?.percent, 25);
  assert.equal(report.limits[0]?.windowEnd, '1970-01-02T00:00:00Z');
});

test('budgetReport() tells of no window where windows are runs, and of more than all where a limit only alerts', () => {
  const run = reading(2, 130n, 100n);
  const { limits } = budgetReport([
    { ...run, status: { ...run.status, held: 0n, remaining: 0n, windowEndMs: windowAt('Run', 0).endMs } },
  ]);
  assert.deepEqual(limits, [
    { name: 'agents', spent: '130 requests', granted: '0 requests', remaining: '0 requests', percent: 130 },
  ]);
});
