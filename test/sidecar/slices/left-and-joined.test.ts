/** Slices of a stream that goes on without its client, that another target goes on with, and that lost a race. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { OPENAI, startSliced } from './start-sliced.ts';

const NEVER = new Promise<never>(() => {});
const WORD = ' seven77';
const words = (count: number): string => WORD.repeat(count);
const ASK = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'chat',
    stream: true,
    max_tokens: 8_000,
    messages: [{ role: 'user', content: 'Go.' }],
  }),
};

/** Leaves after the first content. */
async function leave(url: string): Promise<void> {
  const gone = new AbortController();
  const answer = await fetch(`${url}/v1/chat/completions`, { ...ASK, signal: gone.signal });
  await answer.body?.getReader().read();
  gone.abort();
}

const DRAIN = { stream: { onClientGone: 'Drain' } } as const;

test('a stream that is read on without its client is extended as before, and booked as the provider reports', async (t) => {
  const { provider, running, gate, book } = await startSliced(t, OPENAI, { amount: 20_000n, route: DRAIN });
  const { promise, resolve } = Promise.withResolvers<void>();
  provider.respondWith({
    text: words(900),
    usage: { inputTokens: 20, outputTokens: 1_800 },
    hold: { afterEvents: 5, until: promise },
  });
  await leave(running.url);
  resolve();
  await until(() => running.records.length === 1, 'it is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  await gate.close();
  assert.equal((await book()).spent, 1_820n);
});

test('a stream that is read on without its client ends where its limit has no more', async (t) => {
  const { provider, running, gate, book } = await startSliced(t, OPENAI, { amount: 3_000n, route: DRAIN });
  const { promise, resolve } = Promise.withResolvers<void>();
  provider.respondWith({ text: words(2_000), hold: { afterEvents: 5, until: promise } });
  await leave(running.url);
  resolve();
  await until(() => running.records.length === 1, 'it is recorded');
  await gate.close();
  const { spent, held } = await book();
  assert.ok(spent <= 3_000n && spent > 500n && held === 0n, `${spent}`);
});

test('who goes on with a broken stream has slices of its own, and both are booked', async (t) => {
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => second.close());
  const vllm = { ...OPENAI, type: 'OpenAICompatible', settings: { preset: 'VLLM' } } as const;
  const { provider, running, gate, ask, book } = await startSliced(t, vllm, {
    amount: 12_000n,
    route: {
      stream: { onBreak: 'Continue' },
      targets: [{ provider: 'p', model: 'a', maxRetries: 0 }],
      fallbacks: [{ provider: 'second', model: 'b' }],
    },
    providers: { second: { type: 'OpenAICompatible', preset: 'VLLM', endpoint: second.url } },
  });
  provider.respondWith({ text: words(300), fault: { kind: 'cut', afterEvents: 200 } });
  second.respondWith({ text: words(3_000), hold: { afterEvents: 2_000, until: NEVER } });
  const { reading, body } = await ask();
  assert.equal(reading?.finish, 'length');
  assert.match(body, /: remora continued by second\/b[\s\S]*: remora ended by AIBudget/);
  await until(() => running.records.length === 1, 'it is recorded');
  assert.deepEqual(
    running.records[0]?.attempts.map(({ outcome }) => outcome),
    ['reset', 'cut_by_budget'],
  );
  await gate.close();
  const { spent } = await book();
  assert.ok(spent <= 12_000n && spent >= BigInt(reading?.text.length ?? 0), `${spent} for ${reading?.text.length}`);
});

test('of two targets that are asked at one time each has a slice, and the loser keeps none', async (t) => {
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => second.close());
  const { provider, gate, ask, book } = await startSliced(t, OPENAI, {
    amount: 20_000n,
    route: {
      hedge: { afterMs: 1, maxPercent: 100 },
      targets: [{ provider: 'p', model: 'gpt-4o' }],
      fallbacks: [{ provider: 'second', model: 'gpt-4o' }],
    },
    providers: { second: { type: 'OpenAI', endpoint: second.url } },
  });
  provider.respondWith({ text: words(10), hold: { afterEvents: 0, until: NEVER } });
  second.respondWith({ text: words(900), usage: { inputTokens: 20, outputTokens: 1_800 } });
  const { reading } = await ask();
  assert.deepEqual([reading?.finish, reading?.text], ['stop', words(900)]);
  assert.ok(gate.usage().every(({ reserved }) => reserved === 0n));
  await gate.close();
  const { spent } = await book();
  // The loser was sent and never answered: its slice, and the bytes of its request.
  assert.ok(spent > 1_820n + 512n && spent < 1_820n + 1_100n, `${spent}`);
});
