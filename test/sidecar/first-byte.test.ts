/** A route that says FirstByte begins a stream with the first event of its provider, and takes what comes after it as it comes. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { chatBytes, closed, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

/** Events of the fake before its first content. */
const PREAMBLE = { openai: 1, anthropic: 2 } as const;

async function stage(t: Parameters<typeof startSidecar>[0], dialect: 'openai' | 'anthropic', holdUntil?: 'FirstByte') {
  const provider = await startFakeProvider({ dialect });
  const other = await startFakeProvider({ dialect: 'openai' });
  for (const each of [provider, other]) t.after(() => each.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        p: { type: dialect === 'openai' ? 'OpenAI' : 'Anthropic', endpoint: provider.url },
        other: { type: 'OpenAI', endpoint: other.url },
      },
      routes: [
        {
          targets: [{ provider: 'p', maxRetries: 0 }, { provider: 'other' }],
          ...(holdUntil && { stream: { holdUntil } }),
        },
      ],
    },
  });
  return { provider, other, running };
}

for (const dialect of ['openai', 'anthropic'] as const) {
  test(`the head leaves before the first content of ${dialect}, whose time is measured all the same`, async (t) => {
    const { provider, running } = await stage(t, dialect, 'FirstByte');
    const { promise, resolve: release } = Promise.withResolvers<void>();
    provider.respondWith({ text: 'one two', hold: { afterEvents: PREAMBLE[dialect], until: promise } });
    const socket = connect(running.port, '127.0.0.1').setEncoding('utf8');
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.write(chatBytes(STREAMED_CHAT));
    await until(() => text.includes('HTTP/1.1 200'), 'the head is here');
    const heldMs = performance.now();
    assert.ok(!text.includes('one'));
    while (performance.now() - heldMs < 20) await new Promise((resolve) => setImmediate(resolve));
    release();
    await closed(socket);
    assert.ok(text.includes('data: [DONE]'));
    await until(() => running.records.length === 1, 'the request is recorded');
    assert.ok(
      (running.records[0]?.attempts[0]?.timeToFirstChunkMs ?? 0) >= 20,
      'the first content, not the first byte',
    );
  });

  test(`an error of ${dialect} before content goes to the next target with FirstContent, and to the client with FirstByte`, async (t) => {
    const fault = { kind: 'error-in-stream', afterEvents: PREAMBLE[dialect] } as const;
    const waiting = await stage(t, dialect);
    waiting.provider.respondWith({ fault });
    assert.match((await post(waiting.running.url, STREAMED_CHAT)).text, /data: \[DONE\]/);
    assert.equal(waiting.other.requests.length, 1);

    const early = await stage(t, dialect, 'FirstByte');
    early.provider.respondWith({ fault });
    const answer = await post(early.running.url, STREAMED_CHAT);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /data: \{"error":.*"stream_broken".*\}\n\n$/);
    assert.equal(early.other.requests.length, 0);
    assert.deepEqual(early.running.faults, []);
  });
}

test('what fails before the first byte goes to the next target with FirstByte too', async (t) => {
  const { provider, other, running } = await stage(t, 'openai', 'FirstByte');
  provider.respondWith({ fault: { kind: 'status', status: 500 } });
  assert.match((await post(running.url, STREAMED_CHAT)).text, /data: \[DONE\]/);
  assert.equal(other.requests.length, 1);
});
