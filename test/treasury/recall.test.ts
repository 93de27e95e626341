import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import type { Reservation } from '#sidecar/budget/budget-gate';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import type { Book } from '#treasury/book';
import type { GrantStore } from '#treasury/grant-store';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { openGrantStore } from '#treasury/stores/index';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { soon } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { LedgerServer } from './ledger-server.ts';
import { MemoryDisk } from './memory-journal.ts';

const DAY = windowAt('Day', NOON).id;

/** Small whole numbers, the same ones for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

const open = (book: Book | undefined): bigint =>
  Object.values(book?.grants ?? {}).reduce((sum, { amount }) => sum + amount, 0n);

interface Spent {
  readonly settled: bigint;
  readonly requests: number;
}

/**
 * Each sidecar has two requests under way at a time and goes on until it was refused four times in a row; but every other one falls
 * silent after a few, with what it was granted in hand.
 */
async function spendAll(store: GrantStore, budget: PolicyBudget, sidecars: number): Promise<Spent> {
  const clock = new TestClock(NOON);
  const random = numbers(20261122);
  let ids = 0;
  const treasury = new Treasury({
    store,
    now: clock.now,
    newId: () => `grant-${ids++}`,
    after: (ms, task) => clock.after(ms, task),
  });
  const gates = Array.from({ length: sidecars }, (_, n) => {
    const instance = `pod-${n}`;
    const journal = new Journal(new MemoryDisk().mount());
    return createBudgetGate({
      authority: treasury.authorityFor(instance),
      journal,
      instance,
      now: clock.now,
      timers: clock,
    });
  });
  let settled = 0n;
  let requests = 0;
  let running = 0;
  const spend = async (gate: SidecarBudgetGate, mostRequests: number): Promise<void> => {
    running += 1;
    for (let refusals = 0, begun = 0; refusals < 4 && begun < mostRequests; begun++) {
      const bound = 5 + random(36);
      const reservation: Reservation | undefined = await gate
        .reserve(attemptOf([budget], bound))
        .catch(() => undefined);
      const thinking = soonMs(clock, 1 + random(400));
      if (reservation === undefined) {
        refusals += 1;
        await thinking;
        continue;
      }
      refusals = 0;
      await thinking;
      settled += reservation.settle(billed(1 + random(bound))).costNanoUsd ?? 0n;
      requests += 1;
    }
    running -= 1;
  };
  const all = Promise.all(
    gates.flatMap((gate, n) => [1, 2].map(() => spend(gate, n % 2 === 0 ? 3 : Number.POSITIVE_INFINITY))),
  );
  const limit = BigInt(budget.amount);
  while (running > 0) {
    for (let n = 0; n < 4; n++) await soon();
    clock.advance(20);
    const book = await store.read({ budgetId: budget.id, window: DAY });
    assert.ok((book?.settled ?? 0n) + open(book) <= limit, 'settled and open grants pass the limit');
    assert.equal(book?.overrun ?? 0n, 0n);
  }
  await all;
  await Promise.all(gates.map((gate) => gate.close()));
  const status = await treasury.status(budget);
  assert.deepEqual([status.spent, status.held], [settled, 0n]);
  await treasury.close();
  return { settled, requests };
}

/** Resolves when the test has moved the clock so far. */
const soonMs = (clock: TestClock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

function fileStore(t: TestContext): GrantStore {
  const folder = mkdtempSync(join(tmpdir(), 'remora-books-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return openGrantStore(`file:${folder}`);
}

const STORES: Readonly<Record<string, (t: TestContext) => GrantStore>> = {
  'the API server': () => new ClusterGrantStore({ objects: new LedgerServer().client(), ownerOf: () => undefined }),
  'a file': fileStore,
};

for (const [name, storeFor] of Object.entries(STORES)) {
  test(`50 sidecars on one cap over ${name}: not one nano-dollar too much, and at most 1 percent is left when all are refused`, async (t) => {
    const store = storeFor(t);
    const { settled, requests } = await spendAll(store, budgetOf('dev', 20_000n), 50);
    await store.close();
    t.diagnostic(`${settled} of 20000 in ${requests} requests of 5 to 40`);
    assert.ok(settled <= 20_000n && settled >= 19_800n, `${settled}`);
  });
}
