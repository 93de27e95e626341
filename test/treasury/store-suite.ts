/** What every store of books promises, whatever it is made of. A store joins by a line in stores.test.ts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Book, MAX_OPEN_GRANTS, newBook } from '#treasury/book';
import { type BookKey, type BookStep, type GrantStore, StoreUnavailable } from '#treasury/grant-store';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { budgetOf, NOON, NOTHING } from './budgets.ts';
import { replicasOver } from './replicas.ts';

export interface StorePlace {
  /** Opens a store in this place, which keeps its books until the test ends; the suite closes what it opens. */
  open(): GrantStore;
  /** Whether it may be opened anew while it is open. */
  readonly shared: boolean;
}

const DAY = windowAt('Day', NOON);
const KEEP_MS = 48 * 3_600_000;
const LIMIT = 1_000_000n;

const keyOf = (limit: string, window = DAY.id): BookKey => ({
  budgetId: `remora-system/environments/${limit}`,
  window,
});

/** One more is settled; resolves to how many were before. */
const one =
  (key: BookKey): BookStep<bigint> =>
  (book = newBook(key, LIMIT)) => ({ book: { ...book, settled: book.settled + 1n }, result: book.settled });

const add = (store: GrantStore, key: BookKey): Promise<bigint> => store.update(key, one(key));
const settled = async (store: GrantStore, key: BookKey): Promise<bigint | undefined> =>
  (await store.read(key))?.settled;

/** undefined: what it needs is not on this machine, and the test was told so. */
export type PlaceFor = (t: TestContext) => StorePlace | undefined | Promise<StorePlace | undefined>;

/** After so long a pod gives back what it does not use, whoever needs it. */
const IDLE_MS = 60_000;

/** Each test gets a place of its own. */
export function storeSuite(name: string, placeFor: PlaceFor): void {
  const promise = (what: string, prove: (open: () => GrantStore, place: StorePlace) => Promise<void>): void => {
    test(`${name}: ${what}`, async (t) => {
      const place = await placeFor(t);
      if (place === undefined) return;
      const opened: GrantStore[] = [];
      const open = (): GrantStore => {
        const store = place.open();
        opened.push(store);
        return store;
      };
      try {
        await prove(open, place);
      } finally {
        await Promise.all(opened.map((store) => store.close()));
      }
    });
  };
  books(promise);
  writers(promise);
  tidiness(promise);
}

type Promises = (what: string, prove: (open: () => GrantStore, place: StorePlace) => Promise<void>) => void;

function books(promise: Promises): void {
  promise('a book is what the last step made of it, here and after the store was opened anew', async (open) => {
    const store = open();
    const [dev, prod] = [keyOf('dev'), keyOf('prod')];
    assert.equal(await store.read(dev), undefined);
    assert.deepEqual([await add(store, dev), await add(store, dev), await add(store, prod)], [0n, 1n, 0n]);
    assert.equal(await settled(store, dev), 2n);
    await store.close();
    const again = open();
    assert.deepEqual([await settled(again, dev), await settled(again, prod)], [2n, 1n]);
    assert.equal(await add(again, dev), 2n);
  });

  promise('a step that returns no book, or the one that came in, leaves all as it is', async (open) => {
    const store = open();
    const key = keyOf('dev');
    assert.equal(await store.update(key, () => ({ book: undefined, result: 'none' })), 'none');
    assert.deepEqual(await store.books(), []);
    await add(store, key);
    assert.equal(await store.update(key, (book) => ({ book, result: book?.settled })), 1n);
    assert.equal(await store.update(key, () => ({ book: undefined, result: 'kept' })), 'kept');
    assert.equal(await settled(store, key), 1n);
  });

  promise('a step that throws leaves all as it is, and the next one is taken', async (open) => {
    const store = open();
    const key = keyOf('dev');
    await add(store, key);
    const fail = (): never => {
      throw new RangeError('no');
    };
    await assert.rejects(store.update(key, fail), RangeError);
    assert.equal(await add(store, key), 1n);
  });

  promise('the fullest book that there may be comes back to the last digit', async (open) => {
    const key = keyOf('full');
    const amount = 10n ** 29n + 1n;
    const grants = Array.from({ length: MAX_OPEN_GRANTS }, (_, n) => [
      `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
      { holder: `11111111-1111-4111-8111-${String(n).padStart(12, '1')}`, amount, used: 1n },
    ]);
    const full: Book = { ...newBook(key, amount), overrun: amount, grants: Object.fromEntries(grants) };
    const store = open();
    await store.update(key, () => ({ book: full, result: undefined }));
    assert.deepEqual(await store.read(key), full);
  });

  promise('books() names every book, also those whose names are alike', async (open) => {
    const store = open();
    // As long as Kubernetes lets them be.
    const long = [...'xy'].map(
      (end) => `${'n'.repeat(63)}/${'very.long-name.'.repeat(16)}longer.than${end}/${'l'.repeat(63)}`,
    );
    const windows = [DAY.id, windowAt('Minute', NOON).id];
    const keys = ['a/b.c/d', 'a/b/c-d', 'a/b-c/d', ...long].flatMap((budgetId) =>
      windows.map((window) => ({ budgetId, window })),
    );
    await Promise.all(keys.map((key) => add(store, key)));
    const text = (key: BookKey): string => `${key.budgetId} ${key.window}`;
    assert.deepEqual((await store.books()).map(text).sort(), keys.map(text).sort());
  });

  promise('books() of one limit names those of all its partitions and windows, and no other', async (open) => {
    const store = open();
    const partition = 'a'.repeat(32);
    const mine = ['a/b/c', `a/b/c/${partition}`].flatMap((budgetId) => [
      { budgetId, window: DAY.id },
      { budgetId, window: windowAt('Minute', NOON).id },
    ]);
    const others = ['a/b/cd', `a/b/d/${partition}`, 'x/b/c'].map((budgetId) => ({ budgetId, window: DAY.id }));
    for (const key of [...mine, ...others]) await add(store, key);
    const text = (key: BookKey): string => `${key.budgetId} ${key.window}`;
    assert.deepEqual((await store.books('a/b/c')).map(text).sort(), mine.map(text).sort());
    assert.deepEqual(await store.books('a/b/none'), []);
  });
}

function writers(promise: Promises): void {
  promise('of changes at the same time none is lost', async (open) => {
    const store = open();
    const keys = Array.from({ length: 8 }, (_, n) => keyOf(`limit-${n}`));
    await Promise.all(Array.from({ length: 5 }, () => keys.map((key) => add(store, key))).flat());
    for (const key of keys) assert.equal(await settled(store, key), 5n);
  });

  promise('a second opening writes the same books without a loss, or is refused', async (open, { shared }) => {
    const first = open();
    const key = keyOf('dev');
    if (!shared) {
      assert.throws(open, StoreUnavailable);
      return;
    }
    const both = [first, open()];
    for (let round = 0; round < 30; round++) await Promise.all(both.map((store) => add(store, key)));
    assert.deepEqual(await Promise.all(both.map((store) => settled(store, key))), [60n, 60n]);
  });

  promise('what a pod of one replica holds idle is recalled for a pod of another one', async (open, { shared }) => {
    if (!shared) return;
    const { clock, pods, reserve } = replicasOver(open);
    const [a, b] = pods;
    const budget = budgetOf('dev', 100n);
    (await reserve(a, budget, 10)).settle(NOTHING);
    // To and fro: each hears the other.
    for (const pod of [b, a]) {
      const sinceMs = clock.now();
      (await reserve(pod, budget, 100)).settle(NOTHING);
      assert.ok(clock.now() - sinceMs < IDLE_MS, 'long before it is given back by itself');
    }
  });

  promise('a treasury over it grants to the cap and never beyond, also after it was opened anew', async (open) => {
    const budget = budgetOf('dev', 1_000n);
    let ids = 0;
    let total = 0n;
    for (let life = 0; life < 3; life++) {
      const store = open();
      const newId = (): string => `grant-${ids++}`;
      const treasury = new Treasury({ store, now: () => NOON, newId });
      const asks = Array.from({ length: 40 }, (_, n) => treasury.ask(`pod-${n % 9}`, budget, DAY.id, 11n));
      for (const answer of await Promise.all(asks)) if (answer.granted) total += answer.grant.amount;
      assert.ok(total <= 1_000n, `${total}`);
      assert.equal((await treasury.status(budget)).held, total);
      await treasury.close();
      await store.close();
    }
    assert.ok(total > 989n, `${total}`);
  });
}

function tidiness(promise: Promises): void {
  promise('sweep() deletes the books of windows that ended more than 48 hours ago, and no other', async (open) => {
    const store = open();
    const hour = windowAt('Hour', NOON - 2 * 3_600_000);
    const keys = [keyOf('dev'), keyOf('prod'), keyOf('dev', hour.id)];
    for (const key of keys) await add(store, key);
    const windows = async (): Promise<string[]> => (await store.books()).map(({ window }) => window).sort();
    assert.equal(await store.sweep(hour.endMs + KEEP_MS), 0);
    assert.equal(await store.sweep(hour.endMs + KEEP_MS + 1), 1);
    assert.deepEqual(await windows(), [DAY.id, DAY.id]);
    assert.equal(await store.sweep(DAY.endMs + KEEP_MS), 0);
    assert.equal(await settled(store, keyOf('dev')), 1n);
    assert.equal(await store.sweep(DAY.endMs + KEEP_MS + 1), 2);
    assert.deepEqual(await windows(), []);
    assert.equal(await store.read(keyOf('dev')), undefined);
    assert.equal(await add(store, keyOf('dev')), 0n);
  });

  promise('sweep() deletes the books of partitions sooner, since there is one for each of them', async (open) => {
    const store = open();
    const minute = windowAt('Minute', NOON);
    const partition = keyOf(`each/${'a'.repeat(32)}`, minute.id);
    for (const key of [partition, keyOf('each', minute.id)]) await add(store, key);
    assert.equal(await store.sweep(minute.endMs + 30 * 60_000), 0);
    assert.equal(await store.sweep(minute.endMs + 30 * 60_000 + 1), 1);
    assert.equal(await store.read(partition), undefined);
    assert.equal(await settled(store, keyOf('each', minute.id)), 1n);
  });

  promise('sweep() deletes the book of a second two minutes after it, whoever it is for', async (open) => {
    const store = open();
    const second = windowAt('Second', NOON);
    for (const name of ['all', `each/${'a'.repeat(32)}`]) await add(store, keyOf(name, second.id));
    assert.equal(await store.sweep(second.endMs + 120_000), 0);
    assert.equal(await store.sweep(second.endMs + 120_001), 2);
    assert.deepEqual(await store.books(), []);
  });

  promise(
    'the book of a run is kept for 7 days after what was granted last, and then the run begins anew',
    async (open) => {
      const store = open();
      const limit = budgetOf('agents', 100n, { every: 'Run', per: ['run'] });
      const run = { ...limit, id: `${limit.id}/${'a'.repeat(32)}` };
      let [nowMs, ids] = [NOON, 0];
      const treasury = new Treasury({ store, now: () => nowMs, newId: () => `grant-${ids++}` });
      const ask = async (): Promise<boolean> => (await treasury.ask('pod', run, 'run', 60n)).granted;
      const week = 7 * 24 * 3_600_000;
      assert.equal(await ask(), true);
      await treasury.giveBack({ budgetId: run.id, window: 'run' }, 'grant-0', 10n);
      nowMs += week;
      assert.equal(await store.sweep(nowMs), 0);
      assert.equal(await ask(), true);
      nowMs += week;
      assert.equal(await store.sweep(nowMs), 0);
      assert.equal(await ask(), false);
      assert.equal(await store.sweep(nowMs + 1), 1);
      assert.equal(await ask(), true);
      await treasury.close();
    },
  );

  promise('close() waits for changes under way, after it none is taken, and it may be called twice', async (open) => {
    const store = open();
    const key = keyOf('dev');
    let written = 0;
    const writes = [1, 2, 3].map(async () => {
      await add(store, key);
      written += 1;
    });
    await store.close();
    assert.equal(written, 3);
    await Promise.all(writes);
    await assert.rejects(add(store, key), StoreUnavailable);
    await assert.rejects(store.sweep(DAY.endMs + KEEP_MS + 1), StoreUnavailable);
    await store.close();
    assert.equal(await settled(open(), key), 3n);
  });
}
