/** What breaks clients of Messages behind other gateways, through a whole sidecar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic, { APIError, BadRequestError } from '@anthropic-ai/sdk';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { ANTHROPIC, ASK, OPENAI, startMessages, TOOLS } from './start-messages.ts';
import { startSidecar } from './start-sidecar.ts';

test('Anthropic’s client gets answers of the Mock provider, plain and streamed', async (t) => {
  const running = await startSidecar(t, {
    policy: { providers: { demo: { type: 'Mock' } }, routes: [{ targets: [{ provider: 'demo', model: 'any' }] }] },
  });
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  for (const message of [await client.messages.create(ASK), await client.messages.stream(ASK).finalMessage()]) {
    const [block] = message.content;
    assert.match((block?.type === 'text' && block.text) || '', /Mock answer from demo\/any: you said Say hello\./);
    assert.ok(message.usage.output_tokens > 0);
  }
});

test('a request passes to Anthropic byte by byte but for the model, so that cache breakpoints and signatures hold', async (t) => {
  const { provider, running } = await startMessages(t, ANTHROPIC);
  const body = (model: string) =>
    `{ "model" : "${model}",\n "max_tokens": 1e2, "system": [{"text":"\\u0041","type":"text","cache_control":{"type":"ephemeral","scope":"global"}}],` +
    '"messages":[{"content":[{"signature":"EqQB","type":"thinking","thinking":""},{"text":"x","type":"text"}],"role":"assistant"},{"role":"user","content":"y"}],"future":1.0}';
  const response = await fetch(`${running.url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      authorization: 'Bearer of-the-app',
    },
    body: body('chat'),
  });
  assert.equal(response.status, 200);
  const [sent] = provider.requests;
  assert.equal(sent?.rawBody, body('real-model'));
  assert.deepEqual([sent?.headers['x-api-key'], sent?.headers.authorization], ['right-key', undefined]);
  assert.equal(running.records[0]?.lane, 'passthrough');
  assert.ok((running.gate.settled[0]?.usage?.outputTokens ?? 0) > 0);
});

test('thinking that another provider wrote never reaches Anthropic, and that of Anthropic comes back to it whole', async (t) => {
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  const other = await startFakeProvider({ dialect: 'openai' });
  t.after(() => anthropic.close());
  t.after(() => other.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        a: { type: 'Anthropic', endpoint: anthropic.url, credential: 'key' },
        b: { type: 'OpenAICompatible', endpoint: other.url, credential: 'key' },
      },
      routes: [{ targets: [{ provider: 'a' }], fallbacks: [{ provider: 'b' }] }],
    },
    credentials: { key: 'k' },
  });
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  const messages: Anthropic.MessageParam[] = [...ASK.messages];
  const turn = async () => {
    const { content } = await client.messages.create({ ...ASK, messages });
    messages.push({ role: 'assistant', content }, { role: 'user', content: 'Go on.' });
  };
  anthropic.respondWith({ reasoning: 'Signed.' });
  other.respondWith({ reasoning: 'Unsigned.' });
  await turn();
  anthropic.respondOnce({ fault: { kind: 'status', status: 529 } });
  await turn();
  await turn();
  assert.doesNotMatch(other.requests[0]?.rawBody ?? '', /Signed\./);
  const last = anthropic.requests[2]?.rawBody ?? '';
  assert.match(last, /"thinking":"Signed\.","signature":"ZmFrZS1zaWduYXR1cmU="/);
  assert.doesNotMatch(last, /Unsigned\./);
  assert.deepEqual(
    running.records.map(({ lane }) => lane),
    ['passthrough', 'translate', 'translate'],
  );
});

test('an error of Anthropic keeps its status, its type and its request id: a 529 is an overload', async (t) => {
  const { client, provider } = await startMessages(t, ANTHROPIC);
  provider.respondWith({ fault: { kind: 'status', status: 529 } });
  await assert.rejects(client.messages.create(ASK), (thrown) => {
    assert.ok(thrown instanceof APIError);
    assert.deepEqual([thrown.status, thrown.type, thrown.requestID], [529, 'overloaded_error', 'request-1']);
    assert.match(JSON.stringify(thrown.error), /"requestId":"req_1"/);
    return true;
  });
});

test('an error within 200 before any content is answered by the next target', async (t) => {
  const first = await startFakeProvider({ dialect: 'anthropic' });
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => first.close());
  t.after(() => second.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        a: { type: 'Anthropic', endpoint: first.url, credential: 'key' },
        b: { type: 'OpenAI', endpoint: second.url, credential: 'key' },
      },
      routes: [{ targets: [{ provider: 'a' }], fallbacks: [{ provider: 'b' }] }],
    },
    credentials: { key: 'k' },
  });
  first.respondWith({ fault: { kind: 'error-in-stream', afterEvents: 2 } });
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  const message = await client.messages.stream(ASK).finalMessage();
  assert.deepEqual(
    message.content.map((block) => block.type === 'text' && block.text),
    ['Hello from openai.'],
  );
});

test('what OpenAI cannot express is refused before it is sent, with the name of it, in Anthropic’s shape', async (t) => {
  const { client, provider } = await startMessages(t, OPENAI);
  const tools: Anthropic.ToolUnion[] = [{ type: 'web_search_20250305', name: 'web_search' }];
  await assert.rejects(client.messages.create({ ...ASK, tools }), (thrown) => {
    assert.ok(thrown instanceof BadRequestError);
    assert.equal(thrown.type, 'invalid_request_error');
    assert.match(thrown.message, /tools cannot be expressed in the API of OpenAI/);
    return true;
  });
  assert.equal(provider.requests.length, 0);
});

test('what Claude Code sends is answered by OpenAI, with what it lacks named', async (t) => {
  const { client, provider } = await startMessages(t, OPENAI);
  const mark = { type: 'ephemeral', ttl: '1h' } as const;
  const { data, response } = await client.beta.messages
    .create({
      ...ASK,
      betas: ['claude-code-20250219', 'context-management-2025-06-27'],
      system: [
        { type: 'text', text: 'You are Claude Code.', cache_control: mark },
        { type: 'text', text: 'Be brief.', cache_control: mark },
      ],
      tools: TOOLS.map((tool) => ({ ...tool, eager_input_streaming: true })),
      metadata: { user_id: `user_${'0'.repeat(64)}_account__session_${'0'.repeat(36)}` },
      thinking: { type: 'adaptive' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: mark }] }],
    })
    .withResponse();
  assert.equal(data.stop_reason, 'end_turn');
  assert.deepEqual(response.headers.get('x-remora-dropped')?.split(', ').sort(), [
    'context_management',
    'messages[0].content[0].cache_control',
    'metadata.user_id',
    'system[0].cache_control',
    'system[1].cache_control',
    'thinking',
    'tools[0].eager_input_streaming',
  ]);
  assert.equal(provider.requests[0]?.body?.user, undefined);
});
