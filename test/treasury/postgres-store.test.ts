/** What only a store in another process has to promise: that server goes away, comes back, or is not to be trusted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { freePorts } from '#test/support/free-ports';
import { type Postgres, postgres } from '#test/support/postgres';
import { newBook } from '#treasury/book';
import { type BookKey, type GrantStore, StoreUnavailable } from '#treasury/grant-store';
import { openGrantStore } from '#treasury/stores/index';

const KEY: BookKey = { budgetId: 'remora-system/environments/dev', window: 'day-2026-11-21' };

const addOne = (store: GrantStore, key = KEY): Promise<void> =>
  store.update(key, (book = newBook(key, 1_000_000n)) => ({
    book: { ...book, settled: book.settled + 1n },
    result: undefined,
  }));

async function ask(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

test('a server that is killed loses nothing that it confirmed, and the same store goes on when it is back', async (t) => {
  const server = await postgres(t);
  if (server === undefined) return;
  const store = openGrantStore(await server.createDatabase());
  t.after(() => store.close());
  const told = { confirmed: 0, uncertain: 0 };
  await addUntilKilled(store, server, told);
  assert.ok(told.uncertain > 0, 'the kill met changes under way');
  await server.restart();
  await addOne(store);
  told.confirmed += 1;
  const settled = (await store.read(KEY))?.settled ?? 0n;
  assert.ok(settled >= BigInt(told.confirmed), `${settled} of ${told.confirmed} confirmed`);
  assert.ok(settled <= BigInt(told.confirmed + told.uncertain), `${settled} of at most ${JSON.stringify(told)}`);
});

/** Four writers until each has failed once; the server is killed among the first hundred changes. */
async function addUntilKilled(
  store: GrantStore,
  server: Postgres,
  told: { confirmed: number; uncertain: number },
): Promise<void> {
  let killed: Promise<void> | undefined;
  const writer = async (): Promise<void> => {
    for (;;) {
      try {
        await addOne(store);
      } catch (error) {
        assert.ok(error instanceof StoreUnavailable, String(error));
        told.uncertain += 1;
        if (killed !== undefined) return;
        continue;
      }
      told.confirmed += 1;
      if (told.confirmed >= 100) killed ??= server.kill();
    }
  };
  await Promise.all(Array.from({ length: 4 }, writer));
  await killed;
}

test('a server that is not there makes each call unavailable, and the password stays out of what is said', async (t) => {
  const [port = 0] = await freePorts(1);
  const store = openGrantStore(`postgres://remora:hunter2@127.0.0.1:${port}/books`);
  t.after(() => store.close());
  for (const call of [() => addOne(store), () => store.read(KEY), () => store.books(), () => store.sweep(0)])
    await assert.rejects(
      call,
      (error) =>
        error instanceof StoreUnavailable && /^PostgreSQL: /.test(error.message) && !error.message.includes('hunter2'),
    );
});

test('a server that may forget what it has confirmed is refused with what to do', async (t) => {
  const server = await postgres(t);
  const url = await server?.createDatabase();
  if (url === undefined) return;
  await ask(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`);
  const store = openGrantStore(url);
  t.after(() => store.close());
  await assert.rejects(addOne(store), {
    name: 'StoreUnavailable',
    message: /Set it to on for the database or the user/,
  });
});

test('replicas that start together make the table once', async (t) => {
  const server = await postgres(t);
  const url = await server?.createDatabase();
  if (url === undefined) return;
  const stores = Array.from({ length: 6 }, () => openGrantStore(url));
  t.after(() => Promise.all(stores.map((store) => store.close())));
  await Promise.all(stores.map((store, index) => addOne(store, { ...KEY, budgetId: `a/b/limit-${index}` })));
  assert.equal((await stores[0]?.books())?.length, stores.length);
});

test('a user that may only read and write rows can use the table that somebody else made', async (t) => {
  const server = await postgres(t);
  const url = await server?.createDatabase();
  if (url === undefined) return;
  const owner = openGrantStore(url);
  await addOne(owner);
  await owner.close();
  const grants = 'GRANT USAGE ON SCHEMA remora TO clerk; GRANT SELECT, INSERT, UPDATE, DELETE ON remora.book TO clerk';
  await ask(url, `CREATE ROLE clerk LOGIN; ${grants}`);
  const asClerk = new URL(url);
  asClerk.username = 'clerk';
  const store = openGrantStore(asClerk.href);
  t.after(() => store.close());
  await addOne(store);
  assert.equal((await store.read(KEY))?.settled, 2n);
});
