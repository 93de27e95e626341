import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHistory } from '#history/histories';
import { MAX_RECORDS } from '#sidecar/budget/journal-state';
import type { UnnumberedRecord } from '#sidecar/budget/usage-record';
import { allRows } from '#test/history/history-suite';
import { bench } from '#test/treasury/bench';
import { NOON } from '#test/treasury/budgets';
import { UsageKeeper } from './usage-keeper.ts';

const REFUSED: UnnumberedRecord = {
  ...{ timeMs: NOON, attempt: 1, totalMs: 3, costNanoUsd: '0' },
  ...{ outcome: 'refused', failure: 'unknown_model', billing: 'nothing' },
};

test('a journal that is full is in the history after one look', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-keeper-'));
  const store = openHistory(`sqlite:${folder}/history.sqlite`);
  const { gateOf, clock } = bench();
  const gate = gateOf('laptop');
  for (let count = 0; count < MAX_RECORDS; count += 1) gate.keep?.(REFUSED);
  const said: string[] = [];
  const keeper = new UsageKeeper({ store, gate, now: clock.now, timers: clock, say: (text) => void said.push(text) });
  t.after(async () => {
    await keeper.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await keeper.keep();
  assert.deepEqual([gate.backlog.waiting, said], [0, []]);
  assert.equal((await allRows(store)).length, MAX_RECORDS);
});
