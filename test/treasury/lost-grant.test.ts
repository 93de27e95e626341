/** Grants whose message never arrived: they come back, and nothing can be spent from them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyTimeZone } from '#contract/policy/time-zone';
import type { Grant } from '#treasury/grant-authority';
import { windowAt } from '#treasury/window';
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON } from './budgets.ts';
import { MemoryDisk } from './memory-journal.ts';

const DAY = windowAt('Day', NOON).id;
const BUDGET = budgetOf('dev', 1_000n);

test('a grant that never arrived is given back when the books say that the sidecar holds it', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([BUDGET], 10))).settle(billed(10));
  const known = new Set(gate.usage().map(({ grantId }) => grantId));
  assert.equal((await treasury.ask('pod', BUDGET, DAY, 500n)).granted, true);
  assert.equal((await treasury.status(BUDGET)).held, 530n);
  await treasury.recallUnnamed('pod', [BUDGET], known);
  await until(async () => (await treasury.status(BUDGET)).held === 30n);
  assert.equal((await treasury.status(BUDGET)).spent, 10n);
});

test('a grant that never arrived is given back when the days of its limit are those of another time zone', async () => {
  // Noon in UTC is the next day there.
  const timezone: PolicyTimeZone = { name: 'Pacific/Auckland', offsets: [[0, 13 * 60]] };
  const budget = budgetOf('dev', 1_000n, { timezone });
  const { gateOf, treasury } = bench();
  gateOf('pod');
  const { id: day } = windowAt('Day', NOON, timezone);
  assert.match(day, /^day-2026-11-22/);
  assert.equal((await treasury.ask('pod', budget, day, 500n)).granted, true);
  await treasury.recallUnnamed('pod', [budget], new Set());
  await until(async () => (await treasury.status(budget)).held === 0n);
});

test('what another one lost is recalled when somebody needs it', async () => {
  const { gateOf, treasury } = bench();
  gateOf('a');
  assert.equal((await treasury.ask('a', BUDGET, DAY, 900n)).granted, true);
  const b = gateOf('b', new MemoryDisk());
  (await b.reserve(attemptOf([BUDGET], 800))).settle(billed(800));
  await until(async () => (await treasury.status(BUDGET)).spent === 800n);
});

test('a grant that was given back since it was lost is not spent from when it comes after all', async () => {
  const late: (() => void)[] = [];
  const { gateOf, treasury, clock } = bench((authority) => ({
    ...authority,
    ask: async (...args) => {
      const answer = await authority.ask(...args);
      await new Promise<void>((resolve) => late.push(resolve));
      return answer;
    },
  }));
  const gate = gateOf('pod');
  const refused = refusalOf(gate.reserve(attemptOf([BUDGET], 100)));
  await until(() => late.length === 1);
  assert.ok((await treasury.status(BUDGET)).held > 0n);
  await treasury.recallUnnamed('pod', [BUDGET], new Set());
  await until(async () => (await treasury.status(BUDGET)).held === 0n);
  late.shift()?.();
  // It is asked for anew, and that grant is as good as any.
  await until(() => late.length === 1);
  clock.advance(2_000);
  assert.equal((await refused).code, 'budget_unavailable');
  late.shift()?.();
  await soon();
  assert.deepEqual(
    gate.usage().map(({ reserved }) => reserved),
    [0n],
  );
  assert.equal((await treasury.status(BUDGET)).held, gate.usage()[0]?.amount);
});

test('a sidecar whose journal lost a part disowns nothing, nor do those that start after it', async () => {
  const { gateOf, treasury, disk } = bench();
  const first = gateOf('pod');
  (await first.reserve(attemptOf([BUDGET], 10))).settle(billed(10));
  const [held] = first.usage();
  assert.ok(held);
  // The line of the grant is damaged: who starts next knows nothing of what was spent from it.
  disk.text = disk.text.replace(`"${held.grantId}"`, `"${held.grantId}x"`);
  for (let start = 0; start < 2; start++) {
    gateOf('pod');
    await treasury.recallUnnamed('pod', [BUDGET], new Set());
    await soon();
    await soon();
    assert.equal((await treasury.status(BUDGET)).held + (await treasury.status(BUDGET)).spent, held.amount);
  }
});

test('a grant on its way back is not disowned: its return says what was spent', async () => {
  let away = true;
  const returned: [Grant, bigint][] = [];
  const { gateOf, treasury, clock } = bench((authority) => ({
    ...authority,
    giveBack: async (grant, final) => {
      if (away) throw new Error('no connection');
      returned.push([grant, final]);
      await authority.giveBack(grant, final);
    },
  }));
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([BUDGET], 10))).settle(billed(10));
  clock.advance(60_000);
  await soon();
  assert.deepEqual(gate.usage(), []);
  away = false;
  await treasury.recallUnnamed('pod', [BUDGET], new Set());
  await until(async () => {
    clock.advance(1_000);
    await soon();
    return (await treasury.status(BUDGET)).held === 0n;
  });
  assert.deepEqual(
    returned.map(([, final]) => final),
    [10n],
  );
  assert.equal((await treasury.status(BUDGET)).spent, 10n);
});
