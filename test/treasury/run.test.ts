/** Limits that hold for a whole run of an agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, refusalOf } from './bench.ts';
import { attemptOf, billed, budgetOf, callerOf, NOON } from './budgets.ts';

const DAY_MS = 24 * 3_600_000;
const EACH = budgetOf('agents', 100n, { unit: 'tokens', every: 'Run', per: ['run'] });
const ofRun = (run: string | undefined, tokens: number) =>
  attemptOf([EACH], tokens, { caller: { ...callerOf(), run } });

test('a run has its amount for as long as it goes on, however many days, and each run has its own', async () => {
  const { gateOf, clock } = bench();
  const gate = gateOf('pod');
  for (let day = 0; day < 4; day++) {
    (await gate.reserve(ofRun('one', 25))).settle(billed(25));
    clock.jump(NOON + (day + 1) * 6 * DAY_MS);
  }
  const error = await refusalOf(gate.reserve(ofRun('one', 1)));
  assert.match(
    error.message,
    /Budget exceeded for this run, for limit agents\. .* begin a new run, ask for fewer output/,
  );
  assert.equal(error.details.retryAfterMs, undefined);
  (await gate.reserve(ofRun('two', 100))).settle(billed(100));
  (await gate.reserve(ofRun(undefined, 100))).settle(billed(100));
  assert.match((await refusalOf(gate.reserve(ofRun(undefined, 1)))).message, /for requests that name no run/);
  await gate.close();
});

test('of several limits that refuse, that of the run is told, since no wait helps', async () => {
  const gate = bench().gateOf('pod');
  const day = budgetOf('day', 10n, { unit: 'tokens' });
  const both = { ...ofRun('one', 200), budgets: [day, EACH] };
  assert.equal(
    (await refusalOf(gate.reserve(both))).details.object,
    'AIBudget remora-system/environments limit agents',
  );
});

test('one pod counts 2,000 runs a day, and more on the next one', async () => {
  const { gateOf, clock } = bench();
  const gate = gateOf('pod');
  const small = { ...EACH, amount: '1' };
  const begin = (run: number) => gate.reserve({ ...ofRun(`run-${run}`, 1), budgets: [small] });
  await Promise.all(Array.from({ length: 2_000 }, (_, run) => begin(run)));
  const error = await refusalOf(begin(2_000));
  assert.match(error.message, /has counted 2000 different values of run .* wait until 2026-11-22T00:00:00Z/);
  clock.jump(NOON + DAY_MS);
  (await begin(2_000)).settle(billed(1));
});
