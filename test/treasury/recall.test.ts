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
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON, NOTHING } from './budgets.ts';
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
async function spendAll(disk: GrantStore, budget: PolicyBudget, sidecars: number): Promise<Spent> {
  const clock = new TestClock(NOON);
  const random = numbers(20261122);
  const { store, settled: stored } = watched(disk);
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
    await stored();
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

/** A store and when nothing is under way in it, so that time does not pass while a real disk works. */
function watched(disk: GrantStore): { store: GrantStore; settled: () => Promise<void> } {
  let running = 0;
  const store: GrantStore = {
    watched: disk.watched,
    read: (key) => disk.read(key),
    books: (limitId) => disk.books(limitId),
    sweep: (nowMs) => disk.sweep(nowMs),
    close: () => disk.close(),
    update: (key, step) => {
      running += 1;
      return disk.update(key, step).finally(() => {
        running -= 1;
      });
    },
  };
  const settled = async (): Promise<void> => {
    for (let calm = 0; calm < 4; calm = running === 0 ? calm + 1 : 0) await soon();
  };
  return { store, settled };
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

const clusterStore = (): GrantStore =>
  new ClusterGrantStore({ objects: new LedgerServer().client(), ownerOf: () => undefined });

test('50 sidecars on one cap: not one nano-dollar too much, and at most 1 percent is left when all are refused', async (t) => {
  const { settled, requests } = await spendAll(clusterStore(), budgetOf('dev', 20_000n), 50);
  t.diagnostic(`${settled} of 20000 in ${requests} requests of 5 to 40`);
  assert.ok(settled <= 20_000n && settled >= 19_800n, `${settled}`);
});

test('so it is over books on a disk', async (t) => {
  const store = fileStore(t);
  const { settled } = await spendAll(store, budgetOf('dev', 4_000n), 10);
  await store.close();
  assert.ok(settled <= 4_000n && settled >= 3_960n, `${settled}`);
});

const heldBy = async (store: GrantStore, budget: PolicyBudget): Promise<Record<string, bigint>> => {
  const book = await store.read({ budgetId: budget.id, window: DAY });
  return Object.fromEntries(Object.values(book?.grants ?? {}).map(({ holder, amount }) => [holder, amount]));
};

test('a recall takes what is idle of a grant and nothing of what a request under way may spend', async () => {
  const { gateOf, treasury, store, disk } = bench();
  const budget = budgetOf('dev', 100n);
  const a = gateOf('a');
  const running = await a.reserve(attemptOf([budget], 20));
  assert.deepEqual(await heldBy(store, budget), { a: 33n });
  const b = gateOf('b', new MemoryDisk());
  (await b.reserve(attemptOf([budget], 80))).settle(billed(80));
  await until(async () => (await treasury.status(budget)).spent === 80n);
  assert.deepEqual(await heldBy(store, budget), { a: 20n });
  assert.equal((await refusalOf(b.reserve(attemptOf([budget], 1)))).code, 'budget_exceeded');
  // A crash finds in the journal what was given up.
  const again = gateOf('a.2', disk);
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 100n);
  assert.deepEqual(again.usage(), []);
  running.settle(NOTHING);
});

test('of two who both need what the other one has one is served', async () => {
  const { gateOf, clock } = bench();
  const budget = budgetOf('dev', 100n);
  const gates = ['a', 'b'].map((name) => gateOf(name, new MemoryDisk()));
  // Each has 25 and 5 of it in use.
  for (const gate of gates) (await gate.reserve(attemptOf([budget], 5))).settle(NOTHING);
  let served = 0;
  let answered = 0;
  for (const gate of gates) {
    gate
      .reserve(attemptOf([budget], 90))
      .then(() => (served += 1))
      .catch(() => undefined)
      .finally(() => (answered += 1));
  }
  await until(() => {
    clock.advance(5);
    return answered === 2;
  });
  assert.equal(served, 1);
});

test('a holder that does not answer delays a denial by half a second, and one that cannot be told by nothing', async () => {
  const { treasury, clock } = bench();
  const budget = budgetOf('dev', 100n);
  await treasury.ask('a', budget, DAY, 90n);
  assert.equal((await treasury.ask('b', budget, DAY, 20n)).granted, false);
  treasury.recallsTo('a', () => true);
  const startMs = clock.now();
  let denied = false;
  void treasury.ask('b', budget, DAY, 20n).then(({ granted }) => {
    denied = !granted;
  });
  await until(() => {
    clock.advance(5);
    return denied;
  });
  assert.ok(clock.now() - startMs <= 600, `${clock.now() - startMs} ms`);
});

test('asks at an empty cap recall each grant at most once in half a second', async () => {
  const { treasury, clock } = bench();
  const budget = budgetOf('dev', 1_000n);
  let recalls = 0;
  for (let n = 0; n < 10; n++) await treasury.ask(`holder-${n}`, budget, DAY, 100n);
  for (let n = 0; n < 10; n++) {
    treasury.recallsTo(`holder-${n}`, () => {
      recalls += 1;
      return true;
    });
  }
  let open = 0;
  for (let ms = 0; ms < 2_000; ms += 10) {
    for (let n = 0; n < 5; n++) {
      open += 1;
      void treasury.ask(`asker-${n}`, budget, DAY, 90n).finally(() => (open -= 1));
    }
    clock.advance(10);
    await soon();
  }
  await until(() => {
    clock.advance(10);
    return open === 0;
  });
  assert.ok(recalls >= 5 && recalls <= 10 * 5, `${recalls}`);
});

test('a sidecar that needs 5 of 100 holds no more than a third of it, and what it gave back unspent is no demand', async () => {
  const { treasury } = bench();
  const budget = budgetOf('dev', 100n);
  const amounts: bigint[] = [];
  for (let n = 0; n < 5; n++) {
    const answer = await treasury.ask('a', budget, DAY, 5n);
    assert.ok(answer.granted);
    amounts.push(answer.grant.amount);
    await treasury.giveBack(answer.grant, answer.grant.id, 1n);
  }
  assert.ok(
    amounts.every((amount) => amount <= 20n),
    `${amounts}`,
  );
});

test('a thousand asks at once hold no more than the cap, and each that fits is served', async () => {
  const { treasury } = bench();
  const budget = budgetOf('dev', 5_000n);
  const asks = Array.from({ length: 1_000 }, (_, n) => treasury.ask(`pod-${n}`, budget, DAY, 5n));
  const answers = await Promise.all(asks);
  const total = answers.reduce((sum, answer) => sum + (answer.granted ? answer.grant.amount : 0n), 0n);
  assert.ok(total <= 5_000n && total > 4_995n, `${total}`);
  assert.ok(answers.filter(({ granted }) => granted).length > 600);
});
