/** Recalls between replicas whose books are in PostgreSQL, when the server, a connection or a payload is not as it should be. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { eventually } from '#test/operator/eventually';
import { postgres } from '#test/support/postgres';
import { newBook } from '#treasury/book';
import type { BookKey, GrantStore } from '#treasury/grant-store';
import { openGrantStore } from '#treasury/stores/index';
import { Listener } from '#treasury/stores/postgres/listener';
import { budgetOf, NOON, NOTHING } from './budgets.ts';
import { replicasOver } from './replicas.ts';

const BUDGET = budgetOf('dev', 100n);
const IDLE_MS = 60_000;
const LISTENING = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND application_name = 'remora' AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')`;

async function connected(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  t.after(() => client.end());
  return client;
}

const pidsOf = async (client: Client): Promise<readonly number[]> =>
  (await client.query<{ pid: number }>(LISTENING)).rows.map(({ pid }) => pid);

const keyOf = (limit: string): BookKey => ({
  budgetId: `remora-system/environments/${limit}`,
  window: 'day-2026-11-21',
});

const change = (store: GrantStore, key: BookKey, wantedAtMs: number | null): Promise<void> =>
  store.update(key, (book = newBook(key, 100n)) => ({ book: { ...book, wantedAtMs }, result: undefined }));

test('recalls reach the other replica again after the server was killed and is back', async (t) => {
  const server = await postgres(t);
  if (server === undefined) return;
  const url = await server.createDatabase();
  const stores: GrantStore[] = [];
  t.after(() => Promise.all(stores.map((store) => store.close())));
  const { clock, pods, reserve } = replicasOver(() => {
    const store = openGrantStore(url);
    stores.push(store);
    return store;
  });
  const [a, b] = pods;
  for (const pod of [a, b]) (await reserve(pod, BUDGET, 100)).settle(NOTHING);
  await server.kill();
  await server.restart();
  for (const pod of [a, b, a]) {
    const sinceMs = clock.now();
    (await reserve(pod, BUDGET, 100)).settle(NOTHING);
    assert.ok(clock.now() - sinceMs < IDLE_MS, 'long before it is given back by itself');
  }
});

test('a connection on which the server is silent is left for a new one', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const client = await connected(t, url);
  const heard: string[] = [];
  const hear = (payload: string): void => void heard.push(payload);
  const listener = new Listener({ url, channel: 'news', hear, lookEveryMs: 50, answerWithinMs: 1_000 });
  t.after(() => listener.stop());
  const heardOf = (news: string): Promise<true> =>
    eventually(news, async () => {
      await client.query(`SELECT pg_notify('news', '${news}')`);
      return heard.includes(news) || undefined;
    });
  await heardOf('first');
  const [silent = 0] = await pidsOf(client);
  process.kill(silent, 'SIGSTOP');
  try {
    await eventually('another connection', async () => (await pidsOf(client)).some((pid) => pid !== silent));
    await heardOf('second');
  } finally {
    process.kill(silent, 'SIGCONT');
  }
});

test('a wish alone is told, once to each other store, whatever else is notified', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const client = await connected(t, url);
  const [one, other] = [openGrantStore(url), openGrantStore(url)];
  t.after(() => Promise.all([one.close(), other.close()]));
  const heard: { by: string; limit: string; wantedAtMs: number | null }[] = [];
  for (const [by, store] of Object.entries({ one, other }))
    store.onChange?.(({ budgetId, wantedAtMs }) =>
      heard.push({ by, limit: budgetId.split('/').at(-1) ?? '', wantedAtMs }),
    );
  await eventually('both listen', async () => (await pidsOf(client)).length === 2);
  await change(one, keyOf('dev'), null);
  await change(one, keyOf('unreadable'), null);
  await client.query(`UPDATE remora.book SET book = 'none' WHERE budget_id = $1`, [keyOf('unreadable').budgetId]);
  const { budgetId, window } = keyOf('unreadable');
  const foreign = [
    '',
    'none',
    '{}',
    '[1,2,3]',
    '["me"]',
    '["me","a/b/none","day"]',
    JSON.stringify(['me', budgetId, window]),
  ];
  for (const payload of foreign) await client.query(`SELECT pg_notify('remora_book_wanted', $1)`, [payload]);
  await change(one, keyOf('dev'), NOON);
  await change(one, keyOf('dev'), NOON);
  await change(other, keyOf('prod'), NOON);
  await change(one, keyOf('last'), NOON);
  await eventually('the last wish', () => heard.some(({ by, limit }) => by === 'other' && limit === 'last'));
  await eventually('the wish of the other', () => heard.some(({ by }) => by === 'one'));
  assert.deepEqual(
    heard.toSorted((a, b) => a.limit.localeCompare(b.limit)),
    [
      { by: 'other', limit: 'dev', wantedAtMs: NOON },
      { by: 'other', limit: 'last', wantedAtMs: NOON },
      { by: 'one', limit: 'prod', wantedAtMs: NOON },
    ],
  );
});

test('a store that is closed listens no more', async (t) => {
  const url = await (await postgres(t))?.createDatabase();
  if (url === undefined) return;
  const client = await connected(t, url);
  const store = openGrantStore(url);
  store.onChange?.(() => undefined);
  await eventually('it listens', async () => (await pidsOf(client)).length === 1);
  await store.close();
  await eventually('it has gone', async () => (await pidsOf(client)).length === 0);
});
