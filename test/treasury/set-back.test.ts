/** What becomes of the cap when the store is restored to an earlier state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import type { Book } from '#treasury/book';
import { GrantRefused } from '#treasury/grant-authority';
import { type BookKey, type GrantStore, StoreUnavailable } from '#treasury/grant-store';
import type { HolderWord } from '#treasury/holder-word';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { MemoryDisk } from './memory-journal.ts';
import { PLACES } from './store-places.ts';

const BUDGET = budgetOf('dev', 1_000n);
const KEY: BookKey = { budgetId: BUDGET.id, window: windowAt('Day', NOON).id };
const MINUTE_MS = 60_000;
const NO_USE = { used: 0n, closing: [] };

class Fleet {
  readonly clock = new TestClock(NOON);
  readonly store: GrantStore;
  readonly behind: BookKey[] = [];
  readonly gates = new Map<string, SidecarBudgetGate>();
  treasury: Treasury;
  #ids = 0;

  constructor(store: GrantStore) {
    this.store = store;
    this.treasury = this.#newTreasury();
  }

  gate(pod: string): SidecarBudgetGate {
    const known = this.gates.get(pod);
    if (known !== undefined) return known;
    const { clock } = this;
    // Whichever treasury is the present one.
    const authority = {
      ask: (...[budget, window, needed]: Parameters<ReturnType<Treasury['authorityFor']>['ask']>) =>
        this.treasury.ask(pod, budget, window, needed),
      giveBack: ({ id, ...key }: { id: string } & BookKey, final: bigint) => this.treasury.giveBack(key, id, final),
      report: () => undefined,
    };
    const journal = new Journal(new MemoryDisk().mount());
    const gate = createBudgetGate({ authority, journal, instance: `${pod}.1`, now: clock.now, timers: clock });
    this.gates.set(pod, gate);
    return gate;
  }

  async spend(pod: string, amount: number): Promise<void> {
    (await this.gate(pod).reserve(attemptOf([BUDGET], amount))).settle(billed(amount));
  }

  /** Gives back all that is idle, durably. */
  async giveBackIdle(): Promise<void> {
    this.clock.advance(61_000);
    await until(async () => (await this.treasury.status(BUDGET)).held === 0n);
    await soon();
  }

  /** As Hello does. */
  async greet(pod: string): Promise<void> {
    const gate = this.gate(pod);
    const open = gate.usage().map(({ grantId: id, amount = 0n, used }) => ({ id, amount, used }));
    const { used: closed, closing } = gate.closed().find(({ budgetId }) => budgetId === BUDGET.id) ?? NO_USE;
    await this.treasury.hear(BUDGET, KEY.window, { holder: pod, closed, closing, open });
  }

  backup(): Promise<Book | undefined> {
    return this.store.read(KEY);
  }

  async restore(book: Book | undefined): Promise<void> {
    assert.ok(book);
    await this.store.update(KEY, () => ({ book: { ...book }, result: undefined }));
  }

  async restartOperator(): Promise<void> {
    await this.treasury.close();
    this.treasury = this.#newTreasury();
  }

  async counted(): Promise<bigint> {
    const book = await this.store.read(KEY);
    const open = Object.values(book?.grants ?? {}).reduce((sum, { amount }) => sum + amount, 0n);
    return (book?.settled ?? 0n) + (book?.overrun ?? 0n) + open;
  }

  #newTreasury(): Treasury {
    const { clock } = this;
    return new Treasury({
      store: this.store,
      now: clock.now,
      newId: () => `grant-${this.#ids++}`,
      after: (ms, task) => clock.after(ms, task),
      onBehind: (key) => void this.behind.push(key),
    });
  }
}

function promise(what: string, prove: (fleet: Fleet) => Promise<void>): void {
  for (const [form, placeFor] of Object.entries(PLACES)) {
    test(`${form}: ${what}`, async (t) => {
      const place = await placeFor(t);
      if (place === undefined) return;
      const fleet = new Fleet(place.open());
      try {
        await prove(fleet);
      } finally {
        await fleet.treasury.close();
        await fleet.store.close();
      }
    });
  }
}

promise(
  'a store that is set back under a running operator grants nothing until all have told what they know',
  async (fleet) => {
    await fleet.spend('a', 100);
    const old = await fleet.backup();
    await fleet.spend('a', 200);
    await fleet.spend('b', 300);
    await fleet.giveBackIdle();
    await fleet.restore(old);

    const refused = await refusalOf(fleet.gate('c').reserve(attemptOf([BUDGET], 600)));
    assert.match(refused.message, /set back to an earlier state/);
    assert.equal(fleet.behind.length, 1);
    await Promise.all(['a', 'b', 'c'].map((pod) => fleet.greet(pod)));
    fleet.clock.advance(MINUTE_MS);
    assert.equal((await refusalOf(fleet.gate('c').reserve(attemptOf([BUDGET], 401)))).code, 'budget_exceeded');
    fleet.clock.advance(1_000);
    // What a held at the backup and has given back since is still open in the book, until a is asked for it.
    const [open] = Object.keys((await fleet.backup())?.grants ?? {});
    if (open !== undefined) await fleet.treasury.giveBack(KEY, open, 0n);
    await fleet.spend('c', 400);
    await fleet.giveBackIdle();
    assert.equal(await fleet.counted(), 1_000n);
  },
);

promise('an operator that was restarted over an older book hears of it from the first who greets', async (fleet) => {
  await fleet.spend('a', 100);
  await fleet.giveBackIdle();
  const old = await fleet.backup();
  await fleet.spend('a', 200);
  await fleet.giveBackIdle();
  // Under way while the store is set back.
  const running = await fleet.gate('b').reserve(attemptOf([BUDGET], 300));
  await fleet.restartOperator();
  await fleet.restore(old);

  await fleet.greet('b');
  assert.deepEqual(fleet.behind, [KEY]);
  assert.match((await refusalOf(fleet.gate('c').reserve(attemptOf([BUDGET], 10)))).message, /set back/);
  await fleet.greet('a');
  running.settle(billed(250));
  await fleet.greet('b');
  fleet.clock.advance(MINUTE_MS + 1_000);
  await fleet.giveBackIdle();
  assert.equal(await fleet.counted(), 550n);
  await fleet.spend('c', 450);
  assert.equal((await refusalOf(fleet.gate('c').reserve(attemptOf([BUDGET], 1)))).code, 'budget_exceeded');
});

promise('a greeting changes nothing in a book that knows all of it, however often and late it comes', async (fleet) => {
  await fleet.spend('a', 100);
  await fleet.giveBackIdle();
  await fleet.spend('a', 200);
  const running = await fleet.gate('a').reserve(attemptOf([BUDGET], 50));
  const before = await fleet.backup();
  for (let n = 0; n < 3; n++) await fleet.greet('a');
  await fleet.restartOperator();
  await fleet.greet('a');
  assert.deepEqual(await fleet.backup(), before);
  running.settle(billed(50));
  await fleet.giveBackIdle();
  await fleet.greet('a');
  assert.deepEqual(fleet.behind, []);
  assert.equal(await fleet.counted(), 350n);
});

promise('what is lost with a restored backup is at most what holders that are gone spent since', async (fleet) => {
  await fleet.spend('a', 100);
  await fleet.giveBackIdle();
  const old = await fleet.backup();
  await fleet.spend('a', 200);
  await fleet.spend('gone', 150);
  await fleet.giveBackIdle();
  await fleet.restartOperator();
  await fleet.restore(old);
  await fleet.greet('a');
  assert.equal(await fleet.counted(), 300n);
});

promise('a book that is not there any more is made anew out of what holders know', async (fleet) => {
  await fleet.spend('a', 100);
  await fleet.giveBackIdle();
  const word: HolderWord = { holder: 'b', closed: 40n, closing: [], open: [{ id: 'of-b', amount: 60n, used: 5n }] };
  const other = budgetOf('new', 1_000n);
  await fleet.treasury.hear(other, KEY.window, word);
  const book = await fleet.store.read({ budgetId: other.id, window: KEY.window });
  assert.deepEqual([book?.settled, book?.grants['of-b']?.amount], [40n, 60n]);
  await assert.rejects(fleet.treasury.ask('c', other, KEY.window, 1n), GrantRefused);
  // A window of which nothing can be asked needs no book.
  await fleet.treasury.hear(other, 'day-2026-11-01', word);
  assert.equal(await fleet.store.read({ budgetId: other.id, window: 'day-2026-11-01' }), undefined);
});

test('a write that failed is no proof that the store was set back', async () => {
  const place = await PLACES['cluster:']?.({} as never);
  assert.ok(place);
  const real = place.open();
  let failing = false;
  const store: GrantStore = {
    watched: true,
    read: (key) => real.read(key),
    books: (limit) => real.books(limit),
    sweep: (nowMs) => real.sweep(nowMs),
    close: () => real.close(),
    // The step runs, and nothing of it is written.
    update: (key, step) =>
      failing
        ? real.update(key, (book) => {
            step(book);
            throw new StoreUnavailable('no');
          })
        : real.update(key, step),
  };
  const fleet = new Fleet(store);
  await fleet.spend('a', 10);
  failing = true;
  await assert.rejects(fleet.treasury.ask('b', BUDGET, KEY.window, 10n), StoreUnavailable);
  failing = false;
  assert.equal((await fleet.treasury.ask('b', BUDGET, KEY.window, 10n)).granted, true);
  assert.deepEqual(fleet.behind, []);
});
