import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageReport } from '#contract/wire/gen/remora/policy/v1/sync';
import type { UsageRecord } from '#sidecar/budget/usage-record';
import { UsageReporter } from './usage-reporter.ts';

const record = (seq: number, tokens: number): UsageRecord => ({
  ...{ instance: 'pod', seq, requestId: 'r', route: 'ns/r', target: 'ns/p/m', outcome: 'reported', estimated: false },
  ...{ inputTokens: tokens, cachedInputTokens: tokens, outputTokens: tokens, costNanoUsd: 1n },
  ...{ startedUnixMs: 1, durationMs: 1 },
});

test('UsageReporter tells counts that no reader could take as the highest that one can, so that no provider or caller stops all reports', () => {
  const sent: unknown[] = [];
  const pending = [record(1, 9_007_199_254_740_991 * 128), record(2, 7)];
  const outbox = { grants: () => [], pending: () => pending, acknowledge: () => {} };
  const timers = { after: () => () => {}, every: () => () => {} };
  const reporter = new UsageReporter(outbox, timers);
  reporter.connected((message) => {
    assert.ok(message.$case === 'usageReport');
    sent.push(
      UsageReport.decode(UsageReport.encode(message.value).finish()).records.map(({ inputTokens, outputTokens }) => [
        inputTokens,
        outputTokens,
      ]),
    );
    return true;
  });
  reporter.close();
  assert.deepEqual(sent, [
    [
      [9_007_199_254_740_991, 9_007_199_254_740_991],
      [7, 7],
    ],
  ]);
});
