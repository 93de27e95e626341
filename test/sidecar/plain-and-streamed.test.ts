/** The official client against a whole sidecar: what an unchanged app sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { startSidecar } from './start-sidecar.ts';

const MESSAGES = [{ role: 'user' as const, content: 'Say hello.' }];

for (const dialect of ['openai', 'anthropic'] as const) {
  const start = async (t: Parameters<typeof startSidecar>[0]) => {
    const provider = await startFakeProvider({ dialect, acceptKey: 'right-key' });
    t.after(() => provider.close());
    const running = await startSidecar(t, {
      policy: {
        providers: {
          p: { type: dialect === 'openai' ? 'OpenAI' : 'Anthropic', endpoint: provider.url, credential: 'key' },
        },
        routes: [{ targets: [{ provider: 'p', model: 'real-model' }] }],
      },
      credentials: { key: 'right-key' },
    });
    const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
    return { provider, running, client };
  };

  test(`an unchanged OpenAI client gets a plain answer from ${dialect}`, async (t) => {
    const { client, running, provider } = await start(t);
    const { data, response } = await client.chat.completions
      .create({ model: 'chat', messages: MESSAGES })
      .withResponse();
    assert.equal(data.choices[0]?.message.content, `Hello from ${dialect}.`);
    assert.equal(data.choices[0]?.finish_reason, 'stop');
    assert.equal(response.headers.get('x-request-id'), 'request-1');
    assert.equal(response.headers.get('x-remora-target'), 'p/real-model');
    assert.equal(response.headers.get('x-remora-attempts'), '1');
    assert.equal(response.headers.get('x-remora-cost-usd'), '0.0000015');
    assert.equal(provider.requests[0]?.body?.model, 'real-model');
    assert.equal(running.records[0]?.outcome, 'ok');
    assert.equal(running.records[0]?.lane, dialect === 'openai' ? 'passthrough' : 'translate');
    assert.equal(running.gate.settled[0]?.billing, 'reported');
  });

  test(`an unchanged OpenAI client gets a streamed answer from ${dialect}, with usage only where it asked`, async (t) => {
    const { client, running } = await start(t);
    for (const include of [false, true]) {
      const stream = await client.chat.completions.create({
        model: 'chat',
        messages: MESSAGES,
        stream: true,
        ...(include ? { stream_options: { include_usage: true } } : {}),
      });
      let text = '';
      let usages = 0;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        if (chunk.usage) usages += 1;
      }
      assert.equal(text, `Hello from ${dialect}.`);
      assert.equal(usages, include ? 1 : 0);
    }
    assert.deepEqual(
      running.gate.settled.map(({ billing }) => billing),
      ['reported', 'reported'],
    );
  });

  test(`an unchanged OpenAI client gets tool calls from ${dialect}, plain and streamed`, async (t) => {
    const { client, provider } = await start(t);
    const call = { id: 'call_1', name: 'weather', arguments: '{"city":"Köln"}' };
    provider.respondWith({ toolCalls: [call] });
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }];
    const plain = await client.chat.completions.create({ model: 'chat', messages: MESSAGES, tools });
    const made = plain.choices[0]?.message.tool_calls?.[0];
    assert.ok(made?.type === 'function');
    assert.equal(made.function.name, 'weather');
    assert.deepEqual(JSON.parse(made.function.arguments), { city: 'Köln' });
    const streamed = client.chat.completions.stream({ model: 'chat', messages: MESSAGES, tools });
    const final = await streamed.finalChatCompletion();
    const streamedCall = final.choices[0]?.message.tool_calls?.[0];
    assert.ok(streamedCall?.type === 'function');
    assert.deepEqual(JSON.parse(streamedCall.function.arguments), { city: 'Köln' });
    assert.equal(final.choices[0]?.finish_reason, 'tool_calls');
  });
}

test('the Mock provider answers inside the sidecar and names itself', async (t) => {
  const running = await startSidecar(t, {
    policy: { providers: { demo: { type: 'Mock' } }, routes: [{ targets: [{ provider: 'demo', model: 'any' }] }] },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  const answer = await client.chat.completions.create({ model: 'chat', messages: MESSAGES });
  assert.match(answer.choices[0]?.message.content ?? '', /Mock answer from demo\/any/);
});

test('GET /v1/models lists the logical models and no wildcard', async (t) => {
  const running = await startSidecar(t, {
    policy: {
      providers: { demo: { type: 'Mock' } },
      routes: [
        { models: ['summaries', 'chat'], targets: [{ provider: 'demo' }] },
        { models: ['*'], targets: [{ provider: 'demo' }] },
      ],
    },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    ['chat', 'summaries'],
  );
});
