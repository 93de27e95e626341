/** A provider with several servers: its requests spread over them, and a server that is away costs no request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

async function startPool(t: TestContext, endpoints: readonly string[], nowMs: () => number = () => 0) {
  return startSidecar(t, {
    policy: {
      providers: { pool: { type: 'OpenAICompatible', endpoint: endpoints[0] ?? '', endpoints: [...endpoints] } },
      routes: [{ targets: [{ provider: 'pool', maxRetries: 1 }] }],
    },
    deps: { monotonicMs: nowMs },
  });
}

const servers = (t: TestContext, count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const server = await startFakeProvider({ dialect: 'openai' });
      t.after(() => server.close());
      return server;
    }),
  );

test('requests go to the server that has less under way', async (t) => {
  const [one, two] = await servers(t, 2);
  assert.ok(one && two);
  const held = Promise.withResolvers<void>();
  for (const server of [one, two]) server.respondWith({ hold: { afterEvents: 1, until: held.promise } });
  const { url, records } = await startPool(t, [one.url, two.url]);
  const open: Promise<{ status: number }>[] = [];
  for (let asked = 1; asked <= 12; asked += 1) {
    open.push(post(url, STREAMED_CHAT));
    await until(() => one.requests.length + two.requests.length === asked, `${asked} requests arrived`);
    assert.ok(Math.abs(one.requests.length - two.requests.length) <= 1, `${one.requests.length} of ${asked}`);
  }
  held.resolve();
  for (const { status } of await Promise.all(open)) assert.equal(status, 200);
  await until(() => records.length === 12, 'all are recorded');
  const ports = new Set(records.map(({ attempts }) => attempts[0]?.serverPort));
  assert.deepEqual([...ports].toSorted(), [one, two].map((server) => Number(new URL(server.url).port)).toSorted());
});

test('a server that cannot be reached fails no request, is left alone for a while, and is used again when it is back', async (t) => {
  const [there] = await servers(t, 1);
  const [port = 0] = await freePorts(1);
  assert.ok(there);
  let nowMs = 0;
  const { url, records } = await startPool(t, [there.url, `http://127.0.0.1:${port}/v1`], () => nowMs);
  const attempts = () => records.map((record) => record.attempts.map(({ outcome }) => outcome).join(' '));
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  const failed = attempts().filter((outcomes) => outcomes === 'connect ok');
  assert.equal(failed.length, 1, 'one request found out, and its second attempt went to the other server');
  assert.equal(attempts().filter((outcomes) => outcomes === 'ok').length, 39);

  nowMs += 5_000;
  const back = await startFakeProvider({ dialect: 'openai', port });
  t.after(() => back.close());
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.ok(back.requests.length > 5, `${back.requests.length} of 40`);
});

test('when no server can be reached one of them is asked all the same, so that the error tells the truth', async (t) => {
  const ports = await freePorts(2);
  const { url, records } = await startPool(
    t,
    ports.map((port) => `http://127.0.0.1:${port}/v1`),
  );
  for (let asked = 0; asked < 3; asked += 1) assert.equal((await post(url, CHAT)).status, 502);
  assert.ok(records.every(({ attempts }) => attempts.length === 2));
});
