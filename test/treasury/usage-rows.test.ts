/** Rows of attempts that no budget pays for, and what becomes of rows while the disk refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { usageRow } from '#contract/history/usage-row';
import { Journal } from '#sidecar/budget/journal';
import type { JournalEntry } from '#sidecar/budget/journal-entry';
import { applyEntry, emptyState, MAX_RECORDS, snapshotEntries } from '#sidecar/budget/journal-state';
import { type KeptRow, recordOf, rowText } from '#sidecar/budget/row-text';
import { rowBeginning, rowEnd } from '#sidecar/budget/settlement';
import type { UnnumberedRecord } from '#sidecar/budget/usage-record';
import { encodeLine } from '#sidecar/journal/checked-line';
import { bench, refusalOf, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON, NOTHING, UNKNOWN } from './budgets.ts';

const REFUSED: UnnumberedRecord = {
  ...{ timeMs: NOON, attempt: 1, totalMs: 3, costNanoUsd: '0' },
  ...{ outcome: 'refused', failure: 'unknown_model', billing: 'nothing' },
};

const BEGUN = rowText({ timeMs: NOON, attempt: 2, user: 'ann', model: 'm' });
const lost = (costNanoUsd: string) =>
  rowText({ outcome: 'failed', failure: 'crash', billing: 'possibly_billed', totalMs: 0, costNanoUsd });
const LOST = lost('10');
const endOf = (seq: number): KeptRow => ({
  ...{ instance: 'pod', seq },
  text: rowText({ outcome: 'ok', billing: 'reported', totalMs: 9, costNanoUsd: '4' }),
});
const ofText = (text: string) => recordOf({ instance: 'next', seq: 1, text });

const seqs = (records: readonly { readonly instance: string; readonly seq: number }[]): string[] =>
  records.map(({ instance, seq }) => `${instance} ${seq}`);

test('an attempt that no budget pays for is a row, before it is sent and after', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod-1');
  (await gate.reserve(attemptOf([], 10))).settle(billed(4), { outcome: 'ok', totalMs: 12.4, firstTokenMs: 3 });
  (await gate.reserve(attemptOf([], 10))).settle(NOTHING, { outcome: 'failed', failure: 'connect', totalMs: 1 });
  await gate.reserve(attemptOf([], 10));
  gate.keep?.(REFUSED);
  const rows = gateOf('pod-2')
    .records(10)
    .map((row) => usageRow.parse(row));
  assert.deepEqual(
    rows.map(({ instance, seq, outcome, failure, billing, costNanoUsd }) =>
      [instance, seq, outcome, failure, billing, costNanoUsd].join(' '),
    ),
    [
      'pod-1 1 ok  reported 4',
      'pod-1 2 failed connect nothing 0',
      'pod-1 3 refused unknown_model nothing 0',
      'pod-2 1 failed crash possibly_billed 10',
    ],
  );
  assert.deepEqual([rows[0]?.totalMs, rows[0]?.firstTokenMs], [12, 3]);
});

test('while the disk is full what no hard limit counts goes on in memory, and is on the disk a second after there is room', async () => {
  const { gateOf, disk, clock, treasury } = bench();
  const soft = Object.assign(budgetOf('soft', 1_000n), { soft: true });
  const hard = budgetOf('dev', 1_000n);
  const gate = gateOf('pod-1');
  (await gate.reserve(attemptOf([hard], 10))).settle(billed(10));
  disk.full = true;
  for (const budgets of [[], [soft], []]) (await gate.reserve(attemptOf(budgets, 10))).settle(billed(5));
  for (const budgets of [[hard], [soft, hard]]) {
    const { code, status, message } = await refusalOf(gate.reserve(attemptOf(budgets, 10)));
    assert.deepEqual([code, status], ['ledger_unavailable', 503]);
    assert.match(message, /journal/);
  }
  assert.deepEqual(
    [gate.backlog.waiting, gate.records(10).length],
    [4, 0],
    'a crash would write anew what is told now',
  );
  disk.full = false;
  clock.advance(1_000);
  (await gate.reserve(attemptOf([hard], 10))).settle(billed(1));
  await gate.close();
  await until(async () => (await treasury.status(soft)).held === 0n);
  assert.equal((await treasury.status(soft)).spent, 5n, 'what a soft limit counted in memory is told all the same');
  assert.deepEqual(seqs(gateOf('pod-2').records(10)), ['pod-1 1', 'pod-1 2', 'pod-1 3', 'pod-1 4', 'pod-1 5']);
});

test('rows of a start whose journal cannot be read yet come after those of the start before, none doubled', async () => {
  const { gateOf, disk, clock, treasury } = bench();
  const budget = budgetOf('dev', 1_000n);
  const before = gateOf('pod-1');
  (await before.reserve(attemptOf([], 10))).settle(billed(1));
  await before.reserve(attemptOf([budget], 10));
  disk.full = true;
  const gate = gateOf('pod-2');
  (await gate.reserve(attemptOf([], 10))).settle(billed(2));
  gate.keep?.(REFUSED);
  disk.full = false;
  clock.advance(1_000);
  assert.deepEqual(seqs(gate.records(10)), ['pod-1 1', 'pod-2 1', 'pod-2 2', 'pod-2 3']);
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 10n, 'what was sent and never settled is spent');
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(3));
  assert.equal(gate.records(10).at(-1)?.seq, 4);
});

test('rows that nobody takes are dropped beyond a bound, counted, and the count outlives the process', async () => {
  const { gateOf, disk, clock } = bench();
  const gate = gateOf('pod-1');
  disk.full = true;
  gate.keep?.(REFUSED);
  for (let count = 0; count < MAX_RECORDS + 2; count += 1) gate.keep?.(REFUSED);
  assert.deepEqual([gate.backlog.waiting, gate.backlog.dropped], [MAX_RECORDS, 3]);
  disk.full = false;
  clock.advance(1_000);
  assert.ok(gate.backlog.journalChars > MAX_RECORDS * 100);
  const next = gateOf('pod-2');
  assert.deepEqual([next.backlog.waiting, next.backlog.dropped], [MAX_RECORDS, 3]);
  const rows = next.records(MAX_RECORDS);
  assert.deepEqual([rows[0]?.seq, rows.at(-1)?.seq], [4, MAX_RECORDS + 3]);
});

test('what was said of an attempt when it began is in its row, though more was reserved since: settled, and lost in a crash', () => {
  const { gateOf, disk } = bench();
  const journal = new Journal(disk.mount());
  for (const number of [1, 2]) {
    journal.append({ type: 'dispatch', number, shares: [], begun: BEGUN, ifLost: lost('1') });
    journal.append({ type: 'dispatch', number, shares: [], ifLost: LOST });
  }
  journal.append({ type: 'settle', number: 1, paid: [], record: endOf(1) });
  const [settled, crashed] = gateOf('next').records(10);
  assert.deepEqual(settled, { ...ofText(`${BEGUN},${endOf(1).text}`), instance: 'pod' });
  assert.deepEqual(crashed, ofText(`${BEGUN},${LOST}`));
});

test('a compacted journal says the same, whatever is in it', () => {
  const record = (seq: number): KeptRow => ({ instance: 'pod', seq, text: rowText(REFUSED) });
  const share = [{ grantId: 'g', amount: 5n }];
  const grant: JournalEntry = {
    type: 'grant',
    grant: { id: 'g', budgetId: 'a/b/c', window: 'w', amount: 9n },
    used: 0n,
  };
  const any = fc.oneof(
    fc
      .nat(4)
      .map((number): JournalEntry => ({ type: 'dispatch', number, shares: [], begun: BEGUN, ifLost: lost('1') })),
    fc.nat(4).map((number): JournalEntry => ({ type: 'dispatch', number, shares: share, ifLost: lost('1') })),
    fc.nat(4).map((number): JournalEntry => ({ type: 'dispatch', number, shares: share, begun: BEGUN, ifLost: LOST })),
    fc.nat(4).map((number): JournalEntry => ({ type: 'dispatch', number, shares: [], ifLost: LOST })),
    fc.nat(4).map((number): JournalEntry => ({ type: 'settle', number, paid: share, record: endOf(number) })),
    fc.nat(9).map((seq): JournalEntry => ({ type: 'record', record: record(seq) })),
    fc.nat(9).map((count): JournalEntry => ({ type: 'dropped', count })),
    fc.nat(9).map((seq): JournalEntry => ({ type: 'acknowledged', instance: 'pod', seq })),
    fc.constant<JournalEntry>({ type: 'close', grantId: 'g', final: 5n }),
  );
  const stateOf = (entries: readonly JournalEntry[]) => {
    const state = emptyState();
    for (const entry of entries) applyEntry(state, entry);
    return state;
  };
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), (entries) => {
      const state = stateOf([grant, ...entries]);
      assert.deepEqual(stateOf(snapshotEntries(state)), state);
    }),
  );
});

test('of a journal of an earlier form the money counts, and its records are left out', () => {
  const { gateOf, disk } = bench();
  const old = {
    ...{ requestId: 'r', route: 'ns/r', target: 'mock/echo', outcome: 'unknown', inputTokens: 1, cachedInputTokens: 0 },
    ...{ outputTokens: 1, costNanoUsd: '100', startedUnixMs: NOON, durationMs: 0, estimated: true },
  };
  const grant = { id: 'g1', budgetId: 'a/b/dev', window: 'day-2026-11-21', amount: '1000' };
  const shares = [{ grantId: 'g1', amount: '100' }];
  disk.text = [
    { type: 'grant', grant, used: '0' },
    { type: 'dispatch', number: 1, shares, ifLost: old },
    { type: 'settle', number: 1, paid: shares, record: { ...old, instance: 'old', seq: 1 } },
    { type: 'dispatch', number: 2, shares, ifLost: old },
  ]
    .map((entry) => encodeLine(JSON.stringify(entry)))
    .join('');
  const journal = new Journal(disk.mount());
  journal.load();
  assert.equal(journal.damaged, false);
  const gate = gateOf('new');
  assert.deepEqual(gate.records(10), []);
  assert.match(disk.text, /"type":"close","grantId":"g1","final":"200"/);
});

test('no words of a caller and no count of a provider make a row that history refuses', () => {
  const text = fc.string({ unit: 'binary', maxLength: 700 });
  const count = fc.oneof(fc.nat(), fc.constantFrom(Number.MAX_SAFE_INTEGER, 1e300, Number.NaN, -5, 0.5));
  fc.assert(
    fc.property(
      fc.record({ user: text, session: text, feature: text, model: text, attempt: count }),
      fc.record({ time: fc.oneof(count, fc.constant(NOON)), ms: count, tokens: count, known: fc.boolean() }),
      (labels, { time, ms, tokens, known }) => {
        const outcome = known ? billed(tokens) : UNKNOWN;
        const attempt = { ...attemptOf([], Math.abs(tokens) || 0), labels };
        const admission = { attempt, startedUnixMs: time };
        const end = { outcome: 'ok', totalMs: ms, firstTokenMs: ms } as const;
        const text = `${rowText(rowBeginning(admission))},${rowEnd(admission, outcome, { nowMs: NOON, end })}`;
        const parsed = usageRow.safeParse(ofText(text));
        assert.ok(parsed.success, parsed.error?.message);
      },
    ),
  );
});
