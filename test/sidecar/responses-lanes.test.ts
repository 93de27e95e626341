/** What a route does with Responses clients beside translating: bytes that pass through, fallbacks, guardrails. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { ANTHROPIC, CALLS, OPENAI, postRaw, type Target, type TestContext, WEATHER } from './start-responses.ts';
import { startSidecar } from './start-sidecar.ts';

/** Two targets, of which the first fails. */
async function startTwo(t: TestContext, first: Target, second: Target) {
  const one = await startFakeProvider({ dialect: first.fake });
  const two = await startFakeProvider({ dialect: second.fake });
  t.after(() => one.close());
  t.after(() => two.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { one: { type: first.type, endpoint: one.url }, two: { type: second.type, endpoint: two.url } },
      routes: [{ targets: [{ provider: 'one' }], fallbacks: [{ provider: 'two', model: 'claude-sonnet-4-5' }] }],
    },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  return { one, two, running, client };
}

test('an error event after response.created, before any content, falls back', async (t) => {
  const { one, client, running } = await startTwo(t, OPENAI, ANTHROPIC);
  one.respondWith({ fault: { kind: 'error-in-stream', afterEvents: 2 } });
  const answer = await client.responses.stream({ model: 'chat', input: 'Hi' }).finalResponse();
  assert.equal(answer.output_text, 'Hello from anthropic.');
  assert.deepEqual(
    running.records[0]?.attempts.map(({ outcome }) => outcome),
    ['server-error', 'ok'],
  );
});

test('a conversation that Anthropic began goes on with OpenAI, which is not shown what it could not read', async (t) => {
  const { one, two, client, running } = await startTwo(t, OPENAI, ANTHROPIC);
  one.respondOnce({ fault: { kind: 'status', status: 503 } });
  two.respondOnce({ reasoning: 'Hm.', toolCalls: CALLS.slice(0, 1) });
  const input: ResponseInput = [{ role: 'user', content: 'Weather?' }];
  const first = await client.responses.create({ model: 'chat', input, tools: [WEATHER] });
  const result = { type: 'function_call_output', call_id: 'call_1', output: 'Rain.' } as const;
  const { data, response } = await client.responses
    .create({ model: 'chat', input: [...input, ...(first.output as ResponseInput), result], tools: [WEATHER] })
    .withResponse();
  assert.equal(data.output_text, 'Hello from openai-responses.');
  assert.equal(response.headers.get('x-remora-dropped'), 'input[1].reasoning');
  assert.equal(running.records[1]?.lane, 'translate');
  assert.deepEqual(one.requests[1]?.body?.input, [
    { type: 'message', role: 'user', content: 'Weather?' },
    { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Köln"}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'Rain.' },
  ]);
});

test('guardrails on what OpenAI answers leave the rest of a Responses stream as the API has it', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai-responses' });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p' }] }],
      guardrails: [
        {
          policy: 'remora-system/organisation',
          name: 'mail',
          stage: 'Output',
          detect: ['Email'],
          patterns: [],
          action: 'Mask',
          unlessTags: [],
        },
      ],
    },
  });
  provider.respondWith({ reasoning: 'Hm.', text: 'Ask ada@example.org for it.', toolCalls: CALLS });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  const final = await client.responses.stream({ model: 'chat', input: 'Whom?', tools: [WEATHER] }).finalResponse();
  assert.doesNotMatch(final.output_text, /ada@/);
  assert.match(final.output_text, /^Ask .* for it\.$/);
  const [reasoning, , call] = final.output;
  assert.equal(reasoning?.type === 'reasoning' && reasoning.encrypted_content, 'gAAAAfake-encrypted-reasoning');
  assert.equal(call?.type === 'function_call' && call.call_id, 'call_1');
  // The next turn holds ids that were made here; OpenAI gets the reasoning without them.
  await client.responses.create({ model: 'chat', input: final.output as ResponseInput, tools: [WEATHER] });
  const [item] = (provider.requests[1]?.body?.input as readonly unknown[] | undefined) ?? [];
  assert.deepEqual(item, {
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'Hm.' }],
    encrypted_content: 'gAAAAfake-encrypted-reasoning',
  });
});

/** Answers every request with these bytes and remembers what it was sent. */
async function startVerbatim(t: TestContext, type: string, body: Buffer) {
  const received: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

const FIXTURES = join(import.meta.dirname, '../../sidecar/wires/openai-responses/fixtures');
const USED = {
  ...NO_USAGE,
  inputTokens: 16,
  cacheReadTokens: 10,
  cacheWriteTokens: 4,
  outputTokens: 7,
  reasoningTokens: 5,
};

for (const [name, type, calls] of [
  ['hosted-tool.sse', 'text/event-stream', { toolCalls: { webSearch: 1 } }],
  ['reasoning.sse', 'text/event-stream', {}],
  ['hosted-tool.json', 'application/json', { toolCalls: { webSearch: 1 } }],
] as const)
  test(`what OpenAI answers (${name}) and is asked passes through byte for byte, and is metered`, async (t) => {
    const body = readFileSync(join(FIXTURES, name));
    const provider = await startVerbatim(t, type, body);
    const running = await startSidecar(t, {
      policy: {
        providers: { p: { type: 'OpenAI', endpoint: provider.url } },
        routes: [{ targets: [{ provider: 'p', model: 'gpt-5' }] }],
      },
    });
    const asked = `{"stream": ${name.endsWith('.sse')}, "model" : "chat","input":[{"type":"item_reference","id":"msg_1"}],"previous_response_id":"resp_0","x":1.0e3 }`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${running.url}/v1/responses`, { method: 'POST', headers, body: asked });
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(body));
    assert.deepEqual(provider.received, [asked.replace('"chat"', '"gpt-5"')]);
    assert.deepEqual(running.gate.settled, [{ usage: { ...USED, ...calls }, billing: 'reported' }]);
  });

test('a response that failed under HTTP 200 falls back, as the failure that it reports', async (t) => {
  const failed = {
    id: 'resp_1',
    object: 'response',
    status: 'failed',
    output: [],
    error: { code: 'rate_limit_exceeded' },
  };
  const provider = await startVerbatim(t, 'application/json', Buffer.from(JSON.stringify(failed)));
  const other = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => other.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url }, other: { type: 'Anthropic', endpoint: other.url } },
      routes: [{ targets: [{ provider: 'p' }], fallbacks: [{ provider: 'other' }] }],
    },
  });
  const answer = await postRaw(running.url, { model: 'chat', input: 'Hi' });
  assert.equal(JSON.parse(answer.text).status, 'completed');
  assert.deepEqual(
    running.records[0]?.attempts.map(({ outcome }) => outcome),
    ['rate-limited', 'ok'],
  );
});
