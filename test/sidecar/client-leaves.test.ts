/** A client that leaves takes its upstream call with it, and what may be billed is booked. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { withoutTimers } from '#test/support/without-timers';
import { CHAT, chatBytes, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

const never = new Promise<never>(() => {});

for (const dialect of ['openai', 'anthropic'] as const) {
  for (const [when, body, script] of [
    ['before the head', CHAT, { holdHead: never }],
    ['before the first content of a stream', STREAMED_CHAT, { hold: { afterEvents: 1, until: never } }],
    ['in the middle of a stream', STREAMED_CHAT, { text: 'one two three', hold: { afterEvents: 4, until: never } }],
  ] as const) {
    test(`a client that leaves ${when} ends the call to ${dialect}, and all that was reserved is booked`, async (t) => {
      const provider = await startFakeProvider({ dialect });
      t.after(() => provider.close());
      const running = await startSidecar(t, {
        policy: {
          providers: { p: { type: dialect === 'openai' ? 'OpenAI' : 'Anthropic', endpoint: provider.url } },
          routes: [{ targets: [{ provider: 'p', maxRetries: 3 }] }],
        },
      });
      provider.respondWith(script);
      const socket = connect(running.port, '127.0.0.1');
      socket.write(chatBytes(body));
      await until(() => provider.requests.length === 1, 'the provider has the request');
      if (when === 'in the middle of a stream') await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
      await until(() => provider.requests[0]?.wasAborted === true, 'the provider sees the abort');
      await until(() => running.records.length === 1, 'the request is recorded');
      assert.equal(running.records[0]?.outcome, 'client_closed');
      assert.deepEqual(running.gate.settled, [{ usage: undefined, billing: 'unknown' }]);
      assert.equal(provider.requests.length, 1);
      assert.equal(running.faults.length, 0);
    });
  }
}

test('the provider sees that the client has left although no timer runs, so that nothing is waited for', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
  });
  provider.respondWith({ text: 'one two three', hold: { afterEvents: 4, until: never } });
  const waits: number[] = [];
  for (let count = 0; count < 9; count += 1) {
    const socket = connect(running.port, '127.0.0.1');
    socket.write(chatBytes(STREAMED_CHAT));
    await new Promise((resolve) => socket.once('data', resolve));
    await withoutTimers(t, async () => {
      const leftMs = performance.now();
      socket.destroy();
      await until(() => provider.requests[count]?.wasAborted === true, 'the provider sees the abort');
      waits.push(performance.now() - leftMs);
    });
  }
  const median = waits.sort((a, b) => a - b)[4] ?? Number.NaN;
  t.diagnostic(`median: ${median.toFixed(1)} ms; promised are 100 ms`);
});

test('a client that leaves while it sends its body costs nothing', async (t) => {
  const running = await startSidecar(t, {
    policy: { providers: { m: { type: 'Mock' } }, routes: [{ targets: [{ provider: 'm' }] }] },
  });
  const socket = connect(running.port, '127.0.0.1');
  socket.write(chatBytes(CHAT).slice(0, -5), () => socket.destroy());
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  assert.equal(running.gate.reserved.length, 0);
});

test('a client that stops reading is cut, and its upstream call with it', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  provider.respondWith({ text: `${'word '.repeat(60_000)}end` });
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
    config: { stallMs: 300 },
  });
  const socket = connect(running.port, '127.0.0.1');
  t.after(async () => void socket.destroy());
  socket.pause();
  socket.write(chatBytes(STREAMED_CHAT));
  await until(() => running.records.length === 1, 'the stalled request is ended');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  await until(() => provider.requests[0]?.wasAborted === true, 'the provider sees the abort');
});
