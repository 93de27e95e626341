/** A provider with several servers: its requests spread over them, and a server that is away costs no request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts } from '#test/support/free-ports';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { watchUpstream } from './dialled.ts';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

async function startPool(t: TestContext, endpoints: readonly string[], nowMs: () => number = () => 0) {
  const { upstream, urls: dialled } = watchUpstream();
  const running = await startSidecar(t, {
    policy: {
      providers: { pool: { type: 'OpenAICompatible', endpoint: endpoints[0] ?? '', endpoints: [...endpoints] } },
      routes: [{ targets: [{ provider: 'pool', maxRetries: 1 }] }],
    },
    deps: { monotonicMs: nowMs, upstream },
  });
  return { ...running, dialled };
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

test('a server that cannot be reached costs no attempt, is left alone for a while, and is used again when it is back', async (t) => {
  const [there] = await servers(t, 1);
  const [port = 0] = await freePorts(1);
  assert.ok(there);
  let nowMs = 0;
  const away = `http://127.0.0.1:${port}/`;
  const { url, records, dialled } = await startPool(t, [there.url, `${away}v1`], () => nowMs);
  const timesDialled = () => dialled.filter((asked) => asked.startsWith(away)).length;
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.equal(timesDialled(), 1, 'one request found out, and went to the other server at once');
  const attempts = records.flatMap((record) => record.attempts);
  const { port: answering } = new URL(there.url);
  assert.deepEqual(
    attempts.map(({ outcome, serverPort }) => `${outcome} ${serverPort}`),
    Array(40).fill(`ok ${answering}`),
  );

  nowMs += 4_999;
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.equal(timesDialled(), 1, 'it is left alone');
  nowMs += 1;
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.equal(timesDialled(), 2, 'one request looks whether it is back');

  nowMs += 10_000;
  const back = await startFakeProvider({ dialect: 'openai', port });
  t.after(() => back.close());
  for (let asked = 0; asked < 40; asked += 1) assert.equal((await post(url, CHAT)).status, 200);
  assert.ok(back.requests.length > 5, `${back.requests.length} of 40`);
});

test('when no server can be reached one of them is asked all the same, so that the error tells the truth', async (t) => {
  const ports = await freePorts(2);
  const { url, records, dialled } = await startPool(
    t,
    ports.map((port) => `http://127.0.0.1:${port}/v1`),
  );
  for (let asked = 0; asked < 3; asked += 1) assert.equal((await post(url, CHAT)).status, 502);
  assert.ok(records.every(({ attempts }) => attempts.length === 2));
  assert.equal(dialled.length, 7, 'the first attempt tries both, and each later one of them');
});
