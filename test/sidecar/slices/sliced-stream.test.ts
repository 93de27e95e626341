/** What a limit lets through that is smaller than the bound of a stream, and what becomes of the stream when more is late or never comes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Journal, recover } from '#sidecar/budget/journal';
import { CHAT_DIALECTS } from '#test/matrix/cells';
import { until } from '#test/sidecar/start-sidecar';
import { MemoryDisk } from '#test/treasury/memory-journal';
import { limitOf, OPENAI, SERVICES, startSliced } from './start-sliced.ts';

const NEVER = new Promise<never>(() => {});
const WORD = ' seven77';
const words = (count: number): string => WORD.repeat(count);

/** As it comes, read by nobody yet. */
const rawStream = (url: string, signal: AbortSignal | null = null): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    signal,
    body: JSON.stringify({
      model: 'chat',
      stream: true,
      max_tokens: 8_000,
      messages: [{ role: 'user', content: 'Go.' }],
    }),
  });

test('a limit that is smaller than the bound of a stream, and larger than what it uses, lets it through', async (t) => {
  const { provider, running, gate, ask, book } = await startSliced(t, OPENAI, {
    budgets: [limitOf(6_000n, { unit: 'nanoUsd' })],
  });
  provider.respondWith({ text: words(200), usage: { inputTokens: 20, outputTokens: 400 } });
  const plain = await ask('openai-chat', { stream: false });
  assert.equal(plain.status, 429, 'nothing stops a plain call midway: it needs its bound');
  const { status, reading } = await ask();
  assert.deepEqual([status, reading?.finish, reading?.text], [200, 'stop', words(200)]);
  await gate.close();
  // 20 tokens in at 1 nano-dollar, 400 out at 2.
  assert.equal((await book()).spent, 820n);
  assert.equal(running.records.at(-1)?.outcome, 'ok');
});

for (const service of SERVICES)
  for (const dialect of service.dialects ?? CHAT_DIALECTS)
    test(`up to its cut a stream of ${service.name} is what it would have been for a client of ${dialect}`, async (t) => {
      const whole = await startSliced(t, service, { amount: 100_000n });
      const cut = await startSliced(t, service, { amount: 3_000n });
      for (const { provider } of [whole, cut]) provider.respondWith({ text: words(500) });
      const before = steady((await cut.ask(dialect)).body.split(': remora ended')[0]);
      const full = steady((await whole.ask(dialect)).body);
      assert.ok(before.length > 1_000 && full.startsWith(before), `${before.slice(-300)}\n---\n${full.slice(0, 300)}`);
    });

/** Without the time at which the sidecar wrote it, and the ids that it made. */
const steady = (text = ''): string =>
  text.replace(/"created(_at)?":\d+/g, '"created":0').replace(/_remora_[0-9a-f]+/g, '_remora_id');

test('a stream goes on while more is asked for, and waits for it only when its slice is used up', async (t) => {
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  let asks = 0;
  const { provider, ask } = await startSliced(t, OPENAI, {
    amount: 100_000n,
    wrap: (authority) => ({
      ...authority,
      ask: async (...asked) => {
        asks += 1;
        if (asks > 1) await promise;
        return authority.ask(...asked);
      },
    }),
  });
  provider.respondWith({ text: words(1_500) });
  const asked = ask();
  await until(() => asks === 2, 'more than the first grant is needed');
  answer();
  const { reading } = await asked;
  assert.deepEqual([reading?.finish, reading?.text.length], ['stop', words(1_500).length]);
});

test('a stream whose authority never answers ends when what it has is used up and the wait is over', async (t) => {
  let asks = 0;
  const { provider, running, clock, ask, gate, book } = await startSliced(t, OPENAI, {
    amount: 100_000n,
    wrap: (authority) => ({
      ...authority,
      ask: (...asked) => {
        asks += 1;
        return asks > 1 ? NEVER : authority.ask(...asked);
      },
    }),
  });
  provider.respondWith({ text: words(1_500), hold: { afterEvents: 1_200, until: NEVER } });
  let isOver = false;
  const asked = ask().finally(() => {
    isOver = true;
  });
  await until(() => asks === 2, 'more is asked for');
  await until(() => {
    clock.advance(500);
    return isOver;
  }, 'every wait has passed');
  const { reading, body } = await asked;
  assert.equal(reading?.finish, 'length');
  assert.match(body, /: remora ended by AIBudget default\/limits limit day/);
  await until(() => running.records.length === 1, 'it is recorded');
  assert.deepEqual([running.records[0]?.outcome, running.records[0]?.status], ['budget_unavailable', 200]);
  await gate.close();
  const { spent } = await book();
  assert.ok(spent >= BigInt(reading?.text.length ?? 0), `${spent}`);
});

test('what a client has read of a stream is no more than a crash would book', async (t) => {
  const { provider, running, disk } = await startSliced(t, OPENAI, { amount: 100_000n });
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  provider.respondWith({ text: words(300), hold: { afterEvents: 250, until: promise } });
  const answer = await rawStream(running.url);
  let read = '';
  for await (const chunk of answer.body ?? []) {
    read += Buffer.from(chunk).toString();
    const delivered = read.split(WORD).length * WORD.length;
    const crashed = new MemoryDisk();
    crashed.text = disk.text;
    const { returns } = recover(new Journal(crashed.mount()), 'next', 0);
    const booked = returns.reduce((sum, { final }) => sum + final, 0n);
    assert.ok(booked >= BigInt(delivered) || read.includes('[DONE]'), `${booked} for ${delivered}`);
    if (delivered > 249 * WORD.length) goOn();
  }
  assert.match(read, /\[DONE\]/);
});

test('two limits: the smaller one ends the stream, and both count the same', async (t) => {
  const wide = limitOf(50_000n, { id: 'default/limits/wide', limit: 'wide' });
  const { provider, gate, treasury, limit, ask } = await startSliced(t, OPENAI, { budgets: [limitOf(2_000n), wide] });
  provider.respondWith({ text: words(1_500), hold: { afterEvents: 600, until: NEVER } });
  const { reading, body } = await ask();
  assert.equal(reading?.finish, 'length');
  assert.match(body, /: remora ended by AIBudget default\/limits limit day/);
  await gate.close();
  const [small, large] = [await treasury.status(limit), await treasury.status(wide)];
  assert.ok(small.spent <= 2_000n && small.spent === large.spent, `${small.spent} and ${large.spent}`);
});

test('an answer that comes with its end and its usage is told whole, though its bytes are more than the limit', async (t) => {
  const chunk = (members: object): string => `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', ...members })}\n\n`;
  const content = { choices: [{ index: 0, delta: { content: words(400) }, finish_reason: null }] };
  const finish = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const usage = { choices: [], usage: { prompt_tokens: 20, completion_tokens: 700 } };
  const atOnce = createServer((request, response) => {
    request.resume();
    response
      .setHeader('content-type', 'text/event-stream')
      .end(`${[content, finish, usage].map(chunk).join('')}data: [DONE]\n\n`);
  }).listen(0, '127.0.0.1');
  t.after(() => void atOnce.close());
  await once(atOnce, 'listening');
  const url = `http://127.0.0.1:${(atOnce.address() as AddressInfo).port}/v1`;
  const { gate, ask, book } = await startSliced(t, OPENAI, { amount: 1_200n, url });
  const { reading } = await ask();
  assert.deepEqual([reading?.finish, reading?.text], ['stop', words(400)]);
  await gate.close();
  assert.equal((await book()).spent, 720n);
});

test('a client that leaves early is booked at no less than what it got, and at no more than what was reserved', async (t) => {
  const { provider, running, gate, book } = await startSliced(t, OPENAI, { amount: 20_000n });
  provider.respondWith({ text: words(1_000), hold: { afterEvents: 200, until: NEVER } });
  const leave = new AbortController();
  const answer = await rawStream(running.url, leave.signal);
  let read = '';
  for await (const chunk of answer.body ?? []) {
    read += Buffer.from(chunk).toString();
    if (read.split(WORD).length > 190) break;
  }
  leave.abort();
  await until(() => running.records.length === 1, 'it is recorded');
  await gate.close();
  const { spent } = await book();
  assert.ok(spent >= BigInt(190 * WORD.length) && spent < 3_500n, `${spent}`);
});
