/** After the first content event nothing is retried: a stream that breaks ends in an error event, never in a fake end. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar } from './start-sidecar.ts';

const ENDS = [
  { name: 'is cut', fault: { kind: 'cut', afterEvents: 0 } },
  { name: 'reports an error', fault: { kind: 'error-in-stream', afterEvents: 0 } },
] as const;

for (const dialect of ['openai', 'anthropic'] as const) {
  for (const { name, fault } of ENDS) {
    test(`a stream from ${dialect} that ${name} after any event ends in an error event and never in [DONE]`, async (t) => {
      const provider = await startFakeProvider({ dialect });
      const other = await startFakeProvider({ dialect: 'openai' });
      t.after(() => provider.close());
      t.after(() => other.close());
      const running = await startSidecar(t, {
        policy: {
          providers: {
            p: { type: dialect === 'openai' ? 'OpenAI' : 'Anthropic', endpoint: provider.url },
            other: { type: 'OpenAI', endpoint: other.url },
          },
          routes: [{ targets: [{ provider: 'p', maxRetries: 0 }, { provider: 'other' }] }],
        },
      });
      let committed = 0;
      for (let afterEvents = 0; afterEvents < 9; afterEvents += 1) {
        const before = other.requests.length;
        provider.respondOnce({ text: 'one two three', fault: { ...fault, afterEvents } });
        const answer = await post(running.url, STREAMED_CHAT);
        const fellOver = other.requests.length > before;
        const hasContent = answer.text.includes('one');
        assert.equal(answer.status, 200);
        if (fellOver) {
          assert.ok(!hasContent, 'content of the first target was delivered before the fallback');
          assert.ok(answer.text.endsWith('data: [DONE]\n\n'));
        } else if (!answer.text.endsWith('data: [DONE]\n\n')) {
          committed += 1;
          assert.ok(hasContent);
          assert.match(answer.text, /data: \{"error":.*"stream_broken".*\}\n\n$/);
          assert.ok(!answer.text.includes('[DONE]'));
        }
      }
      assert.ok(committed >= 3, `only ${committed} of the cuts were after the commit point`);
      assert.equal(running.faults.length, 0);
    });
  }
}

async function breakingStream(t: TestContext) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
    },
  });
  provider.respondWith({ text: 'one two three', fault: { kind: 'cut', afterEvents: 3 } });
  return { provider, running };
}

test('the official client raises on a stream that breaks', async (t) => {
  const { provider, running } = await breakingStream(t);
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 2 });
  const stream = await client.chat.completions.create({
    model: 'chat',
    messages: [{ role: 'user', content: 'count' }],
    stream: true,
  });
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  }, OpenAI.APIError);
  assert.match(text, /^one/);
  assert.equal(provider.requests.length, 1);
  assert.equal(running.records[0]?.outcome, 'stream_broken');
  assert.equal(running.gate.settled[0]?.billing, 'unknown');
});

test('the official client of Messages raises on a stream that breaks', async (t) => {
  const { provider, running } = await breakingStream(t);
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 2 });
  const stream = client.messages.stream({
    model: 'chat',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'count' }],
  });
  let text = '';
  stream.on('text', (piece) => {
    text += piece;
  });
  await assert.rejects(stream.finalMessage(), APIError);
  assert.match(text, /^one/);
  assert.equal(provider.requests.length, 1);
  assert.equal(running.records[0]?.outcome, 'stream_broken');
});
