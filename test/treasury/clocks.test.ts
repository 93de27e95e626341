/** Clocks that are wrong, and windows that roll: neither makes money. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { newBook } from '#treasury/book';
import { refusalWhileBehind } from '#treasury/holder-word';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { bench, refusalOf, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { LedgerServer } from './ledger-server.ts';
import { MemoryDisk } from './memory-journal.ts';

const HOUR_MS = 3_600_000;
const BUDGET = budgetOf('dev', 100n, { every: 'Hour' });

/** A treasury and a sidecar, each with a clock of its own. */
function apart() {
  const [ours, theirs] = [new TestClock(NOON), new TestClock(NOON)];
  const store = new ClusterGrantStore({ objects: new LedgerServer().client(), ownerOf: () => undefined });
  let ids = 0;
  const treasury = new Treasury({
    store,
    now: ours.now,
    newId: () => `g${ids++}`,
    after: (ms, task) => ours.after(ms, task),
  });
  const journal = new Journal(new MemoryDisk().mount());
  const gate = createBudgetGate({
    authority: treasury.authorityFor('pod'),
    journal,
    instance: 'pod',
    now: theirs.now,
    timers: theirs,
  });
  return { ours, theirs, store, treasury, gate };
}

test('a sidecar whose clock is a window ahead or behind is granted nothing, and told that it is the clock', async () => {
  for (const byMs of [HOUR_MS, -HOUR_MS, 24 * HOUR_MS, -24 * HOUR_MS]) {
    const { theirs, ours, gate, store } = apart();
    ours.jump(NOON + 15 * 60_000);
    theirs.jump(NOON + 15 * 60_000 + byMs);
    const error = await refusalOf(gate.reserve(attemptOf([BUDGET], 10)));
    assert.equal(error.code, 'budget_unavailable');
    assert.match(error.message, /clock/);
    assert.deepEqual(await store.books(), []);
  }
});

test('what is granted for a window is spent in no other, and is given back when it is over', async () => {
  const { clock, gateOf, treasury, store } = bench();
  const gate = gateOf('pod');
  clock.jump(NOON + HOUR_MS - 5_000);
  (await gate.reserve(attemptOf([BUDGET], 10))).settle(billed(10));
  const [held] = gate.usage();
  const before = windowAt('Hour', NOON).id;
  assert.equal(held?.window, before);
  clock.jump(NOON + HOUR_MS + 1_000);
  (await gate.reserve(attemptOf([BUDGET], 10))).settle(billed(10));
  assert.equal(gate.usage().find(({ grantId }) => grantId === held?.grantId)?.used, 10n);
  clock.advance(12_000);
  const bookOf = (window: string) => store.read({ budgetId: BUDGET.id, window });
  await until(async () => Object.keys((await bookOf(before))?.grants ?? { open: 1 }).length === 0);
  assert.equal((await bookOf(before))?.settled, 10n);
  assert.equal((await treasury.status(BUDGET)).remaining > 0n, true);
});

test("a clock that jumps back to a window that was spent finds it spent, and one that jumps on gives nothing of the next one's", async () => {
  const { clock, gateOf } = bench();
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([BUDGET], 100))).settle(billed(100));
  clock.jump(NOON + HOUR_MS);
  (await gate.reserve(attemptOf([BUDGET], 100))).settle(billed(100));
  for (const atMs of [NOON + 1_000, NOON + HOUR_MS + 1_000, NOON + 2_000]) {
    clock.jump(atMs);
    const code = (await refusalOf(gate.reserve(attemptOf([BUDGET], 1)))).code;
    assert.equal(code, 'budget_exceeded');
  }
});

test('a book that was set back refuses for a minute, also when the clock is set back by days meanwhile', () => {
  const book = { ...newBook({ budgetId: 'a/b/c', window: 'w' }, 1n), behindAtMs: NOON };
  const refuses = (atMs: number): boolean => refusalWhileBehind(book, atMs) !== undefined;
  assert.deepEqual([NOON, NOON + 59_999, NOON + 60_000, NOON - 24 * HOUR_MS].map(refuses), [true, true, false, false]);
});
