/** Limits that only alert, and what becomes of hard ones while the operator is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import type { SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import type { GrantAuthority } from '#treasury/grant-authority';
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, callerOf, NOON, TARGET } from './budgets.ts';

const soft = (amount: bigint, more: Partial<PolicyBudget> = {}): PolicyBudget =>
  budgetOf('soft', amount, { unit: 'tokens', soft: true, ...more });

/** One attempt of so many tokens; the limits that would have refused it. */
async function spend(gate: SidecarBudgetGate, budgets: readonly PolicyBudget[], tokens: number): Promise<string[]> {
  const reservation = await gate.reserve(attemptOf(budgets, tokens));
  reservation.settle(billed(tokens));
  return (reservation.wouldRefuse ?? []).map(({ limit }) => limit);
}

/** A bench whose operator can go away. */
function outage() {
  const network = { isUp: true };
  const around = (authority: GrantAuthority): GrantAuthority => ({
    ...authority,
    ask: (...asked) => (network.isUp ? authority.ask(...asked) : Promise.reject(new Error('away'))),
    giveBack: (...given) => (network.isUp ? authority.giveBack(...given) : Promise.reject(new Error('away'))),
    report: (usage) => network.isUp && authority.report(usage),
    isReachable: () => network.isUp,
  });
  return { ...bench(around), network };
}

test('a soft limit refuses nothing, counts all, and names itself where it would have refused', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const limit = soft(100n);
  const would: string[][] = [];
  for (let n = 0; n < 5; n++) would.push(await spend(gate, [limit], 40));
  assert.deepEqual(would, [[], [], ['soft'], ['soft'], ['soft']]);
  await gate.close();
  const { spent, held, remaining, percent } = await treasury.status(limit);
  assert.deepEqual([spent, held, remaining, percent], [200n, 0n, 0n, 200]);
});

test('1,000 parallel requests of 20 sidecars pass a soft limit, and all are counted', async () => {
  const { gateOf, treasury } = bench();
  const limit = soft(500n);
  const gates = Array.from({ length: 20 }, (_, n) => gateOf(`pod-${n}`));
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => spend(gates[n % 20] ?? assert.fail(), [limit], 7)));
  for (const gate of gates) await gate.close();
  assert.equal((await treasury.status(limit)).spent, 7_000n);
});

test('beside a soft limit a hard one refuses as ever, and then nothing is counted', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const limits = [soft(10n), budgetOf('hard', 100n, { unit: 'tokens' })];
  await spend(gate, limits, 80);
  const error = await refusalOf(gate.reserve(attemptOf(limits, 80)));
  assert.equal(error.details.object, 'AIBudget remora-system/environments limit hard');
  await gate.close();
  assert.deepEqual(await Promise.all(limits.map(async (limit) => (await treasury.status(limit)).spent)), [80n, 80n]);
});

test('a soft limit in dollars lets through what has no price, and one per user what has too many users', async () => {
  const gate = bench().gateOf('pod');
  const dollars = soft(100n, { unit: 'nanoUsd' });
  (await gate.reserve(attemptOf([dollars], 1, { target: { ...TARGET, price: null } }))).settle(billed(1));
  const each = soft(100n, { per: ['user'] });
  const reserve = async (n: number): Promise<void> => {
    const reservation = await gate.reserve(attemptOf([each], 1, { caller: callerOf(`user-${n}`) }));
    reservation.settle(billed(1));
  };
  await Promise.all(Array.from({ length: 2_001 }, (_, n) => reserve(n)));
});

test('a soft limit goes on while nobody grants, and what was used meanwhile is booked afterwards', async () => {
  const { gateOf, treasury, clock, network } = outage();
  const gate = gateOf('pod');
  const limit = soft(100n);
  network.isUp = false;
  for (let n = 0; n < 5; n++) assert.deepEqual(await spend(gate, [limit], 40), []);
  clock.advance(30_000);
  await soon();
  assert.equal((await treasury.status(limit)).spent, 0n);
  network.isUp = true;
  clock.advance(30_000);
  await until(() => gate.usage().some(({ used }) => used === 200n));
  await gate.close();
  assert.equal((await treasury.status(limit)).spent, 200n);
});

test('what is owed is booked when the sidecar ends, if somebody answers then', async () => {
  const { gateOf, treasury, network } = outage();
  const limit = soft(100n);
  for (const isUp of [true, false]) {
    const gate = gateOf(`pod-${isUp}`);
    network.isUp = false;
    await spend(gate, [limit], 40);
    network.isUp = isUp;
    await gate.close();
    assert.equal((await treasury.status(limit)).spent, 40n);
  }
});

test('operatorLoss SpendGrant: what is granted is spent, then all is refused until the operator is back', async () => {
  const { gateOf, network } = outage();
  const gate = gateOf('pod');
  const limit = budgetOf('dev', 1_000n);
  await spend(gate, [limit], 100);
  network.isUp = false;
  await spend(gate, [limit], 100);
  assert.equal((await refusalOf(gate.reserve(attemptOf([limit], 900)))).code, 'budget_unavailable');
  network.isUp = true;
  await spend(gate, [limit], 800);
});

test('operatorLoss Stop: all is refused at once, also what could be paid for', async () => {
  const { gateOf, network } = outage();
  const gate = gateOf('pod');
  const limit = budgetOf('dev', 1_000n, { operatorLoss: 'Stop' });
  await spend(gate, [limit], 100);
  network.isUp = false;
  const error = await refusalOf(gate.reserve(attemptOf([limit], 1)));
  assert.deepEqual([error.code, error.status], ['budget_unavailable', 503]);
  assert.match(error.message, /operatorLoss: Stop/);
  network.isUp = true;
  await spend(gate, [limit], 100);
});

test('operatorLoss Allow: what is granted is spent, then it goes on, and the book tells afterwards how far', async () => {
  const { gateOf, treasury, clock, network } = outage();
  const gate = gateOf('pod');
  const limit = budgetOf('dev', 1_000n, { operatorLoss: 'Allow' });
  await spend(gate, [limit], 100);
  network.isUp = false;
  for (let n = 0; n < 20; n++) await spend(gate, [limit], 100);
  network.isUp = true;
  clock.advance(1_000);
  await until(async () => {
    await soon();
    return !gate.usage().some(({ used }) => used === 0n) && (await treasury.status(limit)).remaining === 0n;
  });
  // The cap holds again: nothing is left of it.
  await until(async () => (await refusalOf(gate.reserve(attemptOf([limit], 1)))).code === 'budget_exceeded');
  await gate.close();
  const { spent, percent } = await treasury.status(limit);
  assert.deepEqual([spent, percent], [2_100n, 210]);
});

test('what would be granted for no window any more is let go of', async () => {
  const { gateOf, treasury, clock, network } = outage();
  const gate = gateOf('pod');
  const limit = soft(100n, { every: 'Second' });
  network.isUp = false;
  await spend(gate, [limit], 40);
  network.isUp = true;
  clock.advance(5_000);
  await soon();
  await spend(gate, [limit], 40);
  await gate.close();
  assert.equal((await treasury.status(limit)).spent, 40n);
  assert.equal(clock.now(), NOON + 5_000);
});
