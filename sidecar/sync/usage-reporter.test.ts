import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageRow } from '#contract/history/usage-row';
import { UsageReport } from '#contract/wire/gen/remora/policy/v1/sync';
import { type KeptRow, rowText } from '#sidecar/budget/row-text';
import type { UnnumberedRecord } from '#sidecar/budget/usage-record';
import { UsageReporter } from './usage-reporter.ts';

const ROW: UnnumberedRecord = {
  ...{ timeMs: Date.UTC(2026, 10, 21), attempt: 1, totalMs: 1, costNanoUsd: '12' },
  ...{ requestId: 'r', outcome: 'ok', billing: 'reported' },
};
const record = (seq: number, more: Partial<UnnumberedRecord> = {}): KeptRow => ({
  ...{ instance: 'pod', seq },
  text: rowText({ ...ROW, ...more }),
});

/** What a reader gets of the first report. */
function firstReport(pending: readonly KeptRow[]): UsageReport {
  const reports: UsageReport[] = [];
  const outbox = { grants: () => [], pending: (most: number) => pending.slice(0, most), acknowledge: () => {} };
  const timers = { after: () => () => {}, every: () => () => {} };
  const reporter = new UsageReporter(outbox, timers);
  reporter.connected((message) => {
    assert.ok(message.$case === 'usageReport');
    reports.push(UsageReport.decode(UsageReport.encode(message.value).finish()));
    return true;
  });
  reporter.close();
  const [first] = reports;
  assert.ok(first);
  return first;
}

test('a row arrives as history takes it, with exact money and with an unknown cost as unknown', () => {
  const sent = [record(1, { outputTokens: 7, user: 'ann' }), record(2, { costNanoUsd: null })];
  const rows = firstReport(sent).records.map(({ row }) => {
    const { costNanoUsd, ...rest } = JSON.parse(row.toString('utf8'));
    return usageRow.parse({ ...rest, costNanoUsd: costNanoUsd === null ? null : BigInt(costNanoUsd) });
  });
  assert.deepEqual(
    rows.map(({ seq, user, outputTokens, reasoningTokens, costNanoUsd }) => [
      seq,
      user,
      outputTokens,
      reasoningTokens,
      costNanoUsd,
    ]),
    [
      [1, 'ann', 7, 0, 12n],
      [2, '', 0, 0, null],
    ],
  );
});

test('rows wait for each other a few seconds, go at once where a report is full, and are not waited for at the end', () => {
  let [pending, seq] = [[record(1)], 0];
  let look: () => void = () => assert.fail('nobody looks');
  const sizes: number[] = [];
  const every = (_ms: number, task: () => void) => {
    look = task;
    return () => {};
  };
  const timers = { after: () => () => {}, every };
  const acknowledge = (_instance: string, upTo: number): void => {
    pending = pending.filter((row) => row.seq > upTo);
  };
  const outbox = { grants: () => [], pending: (most: number) => pending.slice(0, most), acknowledge };
  const reporter = new UsageReporter(outbox, timers);
  reporter.connected((message) => {
    assert.ok(message.$case === 'usageReport');
    seq = message.value.seq;
    return sizes.push(message.value.records.length) > 0;
  });
  pending.push(record(2));
  reporter.acknowledged(seq);
  for (let count = 1; count < 5; count += 1) look();
  assert.deepEqual(sizes, [1], 'the second row waits for more');
  look();
  reporter.acknowledged(seq);
  pending = Array.from({ length: 1_001 }, (_, index) => record(index + 3));
  look();
  reporter.acknowledged(seq);
  reporter.acknowledged(seq);
  assert.deepEqual(sizes, [1, 1, 500, 500]);
  reporter.finish();
  reporter.acknowledged(seq);
  assert.deepEqual([sizes, reporter.settled], [[1, 1, 500, 500, 1], true]);
});

test('a report has 500 rows at most, and fewer where they are long, in order from the first on', () => {
  const many = Array.from({ length: 600 }, (_, index) => record(index + 1));
  assert.equal(firstReport(many).records.length, 500);
  const long = many.map(({ seq }) => record(seq, { user: 'u'.repeat(2_000) }));
  const { records } = firstReport(long);
  assert.ok(records.length > 400 && records.length < 500, String(records.length));
  assert.ok(records.reduce((bytes, { row }) => bytes + row.length, 0) <= 1_000_000);
  assert.deepEqual(
    records.map(({ seq }) => seq),
    records.map((_, index) => index + 1),
  );
});
