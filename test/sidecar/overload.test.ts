/** Beyond the requests that a sidecar may have under way each further one is refused at once; the others end as if nothing were. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { withoutTimers } from '#test/support/without-timers';
import { CHAT, chatBytes, closed, parseAnswer, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

const MOST = 20;
const TOO_MANY = 200;

/** A client that reads to the end. */
function ask(port: number, bytes: string) {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.write(bytes);
  return {
    ended: closed(socket),
    answer: () => parseAnswer(text),
    text: () => text,
    leave: () => void socket.destroy(),
  };
}

/** A request whose body never comes. */
async function refusedByHead(port: number, body: string): Promise<void> {
  const refused = ask(port, chatBytes(body).slice(0, -body.length));
  await until(() => refused.text().endsWith('}'), 'it is answered');
  refused.leave();
  await refused.ended;
  const { status, headers, body: said } = refused.answer();
  assert.equal(status, 503);
  assert.equal(headers['retry-after'], '1');
  assert.equal(headers['x-should-retry'], 'true');
  assert.match(JSON.parse(said).error.message, /has as many requests under way as it may. Retry after a second/);
}

test('beyond the bound each request is refused with a time to come again, by its head and with no timer running, while the probes answer, and afterwards all is as before', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const { promise, resolve: release } = Promise.withResolvers<void>();
  provider.respondWith({ text: 'one two three', hold: { afterEvents: 2, until: promise } });
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
    config: { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, requests: MOST } },
  });
  const streams = Array.from({ length: MOST }, () => ask(running.port, chatBytes(STREAMED_CHAT)));
  await until(() => streams.every(({ text }) => text().includes('one')), 'all streams have begun');

  await withoutTimers(t, async () => {
    const waits: number[] = [];
    for (let count = 0; count < TOO_MANY; count += 1) {
      const sinceMs = performance.now();
      await refusedByHead(running.port, count % 2 === 0 ? CHAT : STREAMED_CHAT);
      waits.push(performance.now() - sinceMs);
    }
    const median = waits.sort((a, b) => a - b)[TOO_MANY / 2] ?? Number.NaN;
    t.diagnostic(`median of a refusal with its connection: ${median.toFixed(2)} ms; promised are 5 ms`);
    assert.equal(provider.requests.length, MOST, 'what is refused reaches nobody');
    for (const path of ['livez', 'readyz']) assert.equal((await fetch(`${running.healthUrl}/${path}`)).status, 200);
    assert.equal((await fetch(`${running.url}/v1/models`)).status, 200);
  });

  release();
  for (const stream of streams) {
    await stream.ended;
    assert.ok(stream.text().includes('data: [DONE]'), 'no stream is cut');
  }
  await until(() => running.records.length >= MOST + TOO_MANY, 'each request is recorded');
  const outcomes = Map.groupBy(running.records, ({ outcome }) => outcome);
  const counts = Object.fromEntries([...outcomes].map(([outcome, { length }]) => [outcome, length]));
  assert.deepEqual(counts, { ok: MOST, overloaded: TOO_MANY }, 'each once, although clients leave amid their bodies');
  assert.equal((await post(running.url, CHAT)).status, 200);
  assert.deepEqual(running.faults, []);
});

test('a large body that is refused is not read into memory, and its sender can read why', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  provider.respondWith({ fault: { kind: 'hang' } });
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
    config: { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, requests: 1, retainedBytes: 10_000 } },
  });
  const holder = connect(running.port, '127.0.0.1');
  t.after(async () => void holder.destroy());
  holder.write(chatBytes(CHAT));
  await until(() => provider.requests.length === 1, 'one is under way');
  const answer = await post(running.url, JSON.stringify({ ...JSON.parse(CHAT), user: 'u'.repeat(5_000_000) }));
  assert.equal(answer.status, 503);
  assert.match(answer.json().error.message, /requests under way/);
});

/** About 1.2 MB, of which a tree of forty thousand objects is made. */
const MANY_TURNS = JSON.stringify({
  model: 'chat',
  stream: true,
  messages: Array.from({ length: 40_000 }, () => ({ role: 'user', content: 'x' })),
});

test('a body that takes many times its bytes in memory is weighed by that: a second one of its kind is refused, and one text beside it is not', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const { promise, resolve: release } = Promise.withResolvers<void>();
  provider.respondWith({ text: 'one two three', hold: { afterEvents: 2, until: promise } });
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
    config: { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, retainedBytes: 8 * 1024 * 1024 } },
  });
  const first = ask(running.port, chatBytes(MANY_TURNS));
  await until(() => first.text().includes('one'), 'the first has begun');
  const refused = await post(running.url, MANY_TURNS);
  assert.equal(refused.status, 503);
  assert.match(refused.text, /holds as many bytes of requests and results as it may. Retry after a second/);
  const text = JSON.stringify({
    model: 'chat',
    stream: true,
    messages: [{ role: 'user', content: 'x'.repeat(1_200_000) }],
  });
  const beside = ask(running.port, chatBytes(text));
  await until(() => beside.text().includes('one'), 'one text has begun beside it');
  release();
  await Promise.all([first.ended, beside.ended]);
  assert.equal((await post(running.url, MANY_TURNS)).status, 200, 'what was held is given back');
});
