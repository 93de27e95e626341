/** The official OpenAI client against a whole sidecar whose target is AWS Bedrock: two APIs and two framings apart. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import OpenAI from 'openai';
import type { ChatCompletionCreateParamsNonStreaming, ChatCompletionMessageParam } from 'openai/resources';
import { awsEvent } from '#test/support/aws-frames';
import { type FakeProvider, type FakeRequest, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Fault } from '#test/support/providers/script';
import { verifySigV4 } from '#test/support/providers/verify-sigv4';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, type RunningSidecar, startSidecar } from './start-sidecar.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const MESSAGES: ChatCompletionMessageParam[] = [{ role: 'user', content: 'Say hello.' }];
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

interface Started {
  readonly provider: FakeProvider;
  readonly running: RunningSidecar;
  readonly client: OpenAI;
}

interface Options extends Pick<RouteWords, 'onUnsupported'> {
  readonly credential?: string;
}

async function start(t: Parameters<typeof startSidecar>[0], options: Options = {}): Promise<Started> {
  const { credential = 'bedrock-key', onUnsupported = 'Refuse' } = options;
  const provider = await startFakeProvider({ dialect: 'bedrock' });
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  t.after(() => second.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        p: { type: 'Bedrock', endpoint: provider.url, credential: 'key', aws: { region: 'eu-central-1' } },
        second: { type: 'OpenAI', endpoint: second.url, credential: 'second' },
      },
      routes: [
        { targets: [{ provider: 'p', model: MODEL }], onUnsupported },
        { models: ['safe'], targets: [{ provider: 'p', model: MODEL }], fallbacks: [{ provider: 'second' }] },
      ],
    },
    credentials: { key: credential, second: 'second-key' },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  return { provider, running, client };
}

const messagesOf = (request: FakeRequest | undefined): object[] => (request?.body?.messages ?? []) as object[];

const WEATHER = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

test('a plain answer comes back with its usage and the request id of AWS', async (t) => {
  const { client, provider, running } = await start(t);
  provider.respondWith({ usage: { inputTokens: 9, outputTokens: 3 } });
  const { data, response } = await client.chat.completions
    .create({ model: 'chat', messages: MESSAGES, max_completion_tokens: 50 })
    .withResponse();
  assert.equal(data.choices[0]?.message.content, 'Hello from bedrock.');
  assert.equal(data.choices[0]?.finish_reason, 'stop');
  assert.deepEqual([data.usage?.prompt_tokens, data.usage?.completion_tokens], [9, 3]);
  assert.equal(response.headers.get('x-remora-target'), `p/${MODEL}`);
  const [request] = provider.requests;
  assert.equal(request?.path, `/model/${encodeURIComponent(MODEL)}/converse`);
  assert.equal(request?.headers.authorization, 'Bearer bedrock-key');
  assert.deepEqual(request?.body, {
    messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }],
    inferenceConfig: { maxTokens: 50 },
  });
  const [record] = running.records;
  assert.deepEqual([record?.lane, record?.attempts[0]?.upstreamRequestId], ['translate', 'req_1']);
});

test('a streamed answer comes back as server-sent events, its usage, which AWS sends last, included where it was asked for', async (t) => {
  const { client, provider, running } = await start(t);
  provider.respondWith({ text: 'Sharks swim far and wide.', usage: { inputTokens: 4, outputTokens: 6 } });
  for (const include of [true, false]) {
    const stream = await client.chat.completions.create({
      model: 'chat',
      messages: MESSAGES,
      stream: true,
      ...(include && { stream_options: { include_usage: true } }),
    });
    let text = '';
    const usages: number[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.usage) usages.push(chunk.usage.total_tokens);
    }
    assert.equal(text, 'Sharks swim far and wide.');
    assert.deepEqual(usages, include ? [10] : []);
  }
  assert.equal(provider.requests[0]?.path, `/model/${encodeURIComponent(MODEL)}/converse-stream`);
  assert.deepEqual(
    running.gate.settled.map(({ billing, usage }) => [billing, usage?.outputTokens]),
    [
      ['reported', 6],
      ['reported', 6],
    ],
  );
});

test('parallel tool calls come back whole, plain and streamed, and their results go back first in the next turn', async (t) => {
  const { client, provider } = await start(t);
  provider.respondWith({
    text: 'Both.',
    toolCalls: [
      { id: 'tooluse_1', name: 'weather', arguments: '{"city":"Köln"}' },
      { id: 'tooluse_2', name: 'weather', arguments: '{"city":"Oslo"}' },
    ],
  });
  const ask = { model: 'chat', messages: MESSAGES, tools: [WEATHER] };
  const plain = await client.chat.completions.create(ask);
  const streamed = await client.chat.completions.stream(ask).finalChatCompletion();
  for (const { choices } of [plain, streamed]) {
    const calls = choices[0]?.message.tool_calls?.map((call) => [
      call.id,
      'function' in call && call.function.arguments,
    ]);
    assert.deepEqual(calls, [
      ['tooluse_1', '{"city":"Köln"}'],
      ['tooluse_2', '{"city":"Oslo"}'],
    ]);
    assert.equal(choices[0]?.finish_reason, 'tool_calls');
  }
  provider.respondWith({ text: 'Rain.' });
  const [choice] = plain.choices;
  assert.ok(choice);
  await client.chat.completions.create({
    ...ask,
    messages: [
      ...MESSAGES,
      choice.message,
      { role: 'tool', tool_call_id: 'tooluse_1', content: 'rain' },
      { role: 'tool', tool_call_id: 'tooluse_2', content: 'snow' },
      { role: 'user', content: 'So?' },
    ],
  });
  assert.deepEqual(messagesOf(provider.requests[2]).slice(1), [
    {
      role: 'assistant',
      content: [
        { text: 'Both.' },
        { toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Köln' } } },
        { toolUse: { toolUseId: 'tooluse_2', name: 'weather', input: { city: 'Oslo' } } },
      ],
    },
    {
      role: 'user',
      content: [
        { toolResult: { toolUseId: 'tooluse_1', content: [{ text: 'rain' }] } },
        { toolResult: { toolUseId: 'tooluse_2', content: [{ text: 'snow' }] } },
        { text: 'So?' },
      ],
    },
  ]);
});

test('thinking comes back with its signature, and goes back with it in the next turn, from a plain answer and from a stream', async (t) => {
  const { client, provider } = await start(t);
  provider.respondWith({ text: 'Three.', reasoning: 'Count them.' });
  const ask = { model: 'chat', messages: MESSAGES, reasoning_effort: 'low', max_completion_tokens: 9_000 } as const;
  const plain = await client.chat.completions.create(ask);
  let details: unknown[] = [];
  let reasoning = '';
  for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true })) {
    const delta = choices[0]?.delta as { reasoning_content?: string; reasoning_details?: unknown[] } | undefined;
    reasoning += delta?.reasoning_content ?? '';
    details = [...details, ...(delta?.reasoning_details ?? [])];
  }
  assert.equal(reasoning, 'Count them.');
  const ofStream = { role: 'assistant', content: 'Three.', reasoning_details: details };
  for (const message of [plain.choices[0]?.message, ofStream] as ChatCompletionMessageParam[]) {
    await client.chat.completions.create({
      ...ask,
      messages: [...MESSAGES, message, { role: 'user', content: 'Sure?' }],
    });
    const body = provider.requests.at(-1)?.body;
    assert.deepEqual(messagesOf(provider.requests.at(-1))[1], {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Count them.', signature: 'ZmFrZS1zaWduYXR1cmU=' } } },
        { text: 'Three.' },
      ],
    });
    assert.deepEqual(body?.additionalModelRequestFields, { thinking: { type: 'enabled', budget_tokens: 1800 } });
  }
});

test('an image goes as bytes, and a JSON schema as a closed one in a string', async (t) => {
  const { client, provider } = await start(t);
  provider.respondWith({ text: '{"animal":"shark"}' });
  const image_url = { url: 'data:image/png;base64,iVBORw0KGgo=' };
  const schema = { type: 'object', properties: { animal: { type: 'string' } }, required: ['animal'] };
  const answer = await client.chat.completions.create({
    model: 'chat',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url },
          { type: 'text', text: 'Which?' },
        ],
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'animal', schema } },
  });
  assert.deepEqual(JSON.parse(answer.choices[0]?.message.content ?? ''), { animal: 'shark' });
  const body = provider.requests[0]?.body as {
    messages: { content: object[] }[];
    outputConfig: { textFormat: { structure: { jsonSchema: { schema: string } } } };
  };
  assert.deepEqual(body.messages[0]?.content[0], { image: { format: 'png', source: { bytes: 'iVBORw0KGgo=' } } });
  assert.deepEqual(JSON.parse(body.outputConfig.textFormat.structure.jsonSchema.schema), {
    ...schema,
    additionalProperties: false,
  });
});

test('what Bedrock cannot express is refused before it is sent, or dropped by its name where the route says so', async (t) => {
  const ask: ChatCompletionCreateParamsNonStreaming = { model: 'chat', messages: MESSAGES, seed: 7 };
  const refusing = await start(t);
  await assert.rejects(refusing.client.chat.completions.create(ask), {
    status: 400,
    code: 'unsupported_parameter',
    param: 'seed',
  });
  assert.equal(refusing.provider.requests.length, 0);
  const dropping = await start(t, { onUnsupported: 'Drop' });
  const { response } = await dropping.client.chat.completions.create(ask).withResponse();
  assert.equal(response.headers.get('x-remora-dropped'), 'seed');
});

const STOPS: readonly (readonly [string, string])[] = [
  ['guardrail_intervened', 'content_filter'],
  ['content_filtered', 'content_filter'],
  ['refusal', 'content_filter'],
  ['model_context_window_exceeded', 'length'],
  ['stop_sequence', 'stop'],
];

test('an answer that a guardrail, a filter, the model or its context window ended says so, plain and streamed', async (t) => {
  const { client, provider } = await start(t);
  for (const [finishReason, expected] of STOPS) {
    provider.respondWith({ text: 'Sorry.', finishReason });
    const plain = await client.chat.completions.create({ model: 'chat', messages: MESSAGES });
    assert.equal(plain.choices[0]?.finish_reason, expected, finishReason);
    const streamed = await client.chat.completions.stream({ model: 'chat', messages: MESSAGES }).finalChatCompletion();
    assert.equal(streamed.choices[0]?.finish_reason, expected, finishReason);
  }
});

const toSafe = (body: string): string => body.replace('"chat"', '"safe"');

const FALLING: Readonly<Record<string, Fault>> = {
  'reports an exception as the first frame of a 200': { kind: 'error-in-stream', afterEvents: 0 },
  'reports an exception before the first content': {
    kind: 'error-in-stream',
    afterEvents: 1,
    type: 'throttlingException',
    message: 'Too many requests.',
  },
  'is cut before the first content': { kind: 'cut', afterEvents: 1 },
  'answers HTML': { kind: 'html' },
};

for (const [name, fault] of Object.entries(FALLING))
  test(`the next target answers when Bedrock ${name}`, async (t) => {
    const { provider, running } = await start(t);
    provider.respondWith({ fault });
    const answer = await post(running.url, toSafe(STREAMED_CHAT));
    assert.equal(answer.headers.get('x-remora-target'), 'second/m');
    assert.ok(answer.text.endsWith('data: [DONE]\n\n'));
    assert.equal(running.records[0]?.attempts.length, 2);
  });

test('an exception after content, and a cut there, end the stream with an error and no mark of success', async (t) => {
  const { provider, running } = await start(t);
  for (const fault of [
    { kind: 'error-in-stream', afterEvents: 3, type: 'modelStreamErrorException', message: 'The model failed.' },
    { kind: 'cut', afterEvents: 3 },
  ] as const) {
    provider.respondWith({ text: 'one two three four', fault });
    const { text } = await post(running.url, STREAMED_CHAT);
    assert.match(text, /"content":"one"/);
    assert.match(text, /"error":\{/);
    assert.ok(!text.includes('[DONE]') && !text.includes('"finish_reason":"stop"'), text);
  }
});

test('a body that ends after messageStop without its metadata is a whole answer of unknown usage', async (t) => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/vnd.amazon.eventstream');
    for (const frame of [
      awsEvent('messageStart', { role: 'assistant' }),
      awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'One.' } }),
      awsEvent('messageStop', { stopReason: 'end_turn' }),
    ])
      response.write(frame);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'Bedrock', endpoint, aws: { region: 'eu-central-1' } } },
      routes: [{ targets: [{ provider: 'p', model: MODEL }] }],
    },
  });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.match(text, /"content":"One\."/);
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  assert.deepEqual([running.gate.settled[0]?.usage, running.gate.settled[0]?.billing], [undefined, 'reported']);
});

const REFUSALS: readonly (readonly [number, string, number, string])[] = [
  [400, 'ValidationException', 400, 'upstream_rejected'],
  [403, 'AccessDeniedException', 502, 'upstream_auth'],
  [403, 'ExpiredTokenException', 502, 'upstream_auth'],
  [429, 'ThrottlingException', 429, 'upstream_rate_limited'],
  [400, 'ServiceQuotaExceededException', 429, 'upstream_rate_limited'],
  [429, 'ModelNotReadyException', 503, 'upstream_overloaded'],
  [503, 'ServiceUnavailableException', 503, 'upstream_overloaded'],
  [424, 'ModelErrorException', 502, 'upstream_error'],
  [500, 'InternalServerException', 502, 'upstream_error'],
];

for (const [status, type, expectedStatus, code] of REFUSALS)
  test(`${status} ${type} reaches the client with AWS's name and request id`, async (t) => {
    const { provider, running } = await start(t);
    provider.respondWith({ fault: { kind: 'status', status, type, message: 'Words of AWS.' } });
    const answer = await post(running.url, CHAT);
    const { error } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, error.remora.code], [expectedStatus, code], answer.text);
    assert.ok(error.message.includes(`(HTTP ${status} ${type})`), error.message);
    assert.equal(running.records[0]?.attempts[0]?.upstreamRequestId, 'req_1');
  });

test('a key pair signs the bytes, the path and the host that the service really gets, with a session token where there is one', async (t) => {
  const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLE';
  for (const pair of [KEYS, { ...KEYS, sessionToken }]) {
    const { client, provider } = await start(t, { credential: JSON.stringify(pair) });
    await client.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content: 'Grüße 🦈' }] });
    await client.chat.completions.stream({ model: 'chat', messages: MESSAGES }).finalChatCompletion();
    for (const request of provider.requests) {
      assert.deepEqual(verifySigV4(request, KEYS.secretAccessKey), {
        region: 'eu-central-1',
        service: 'bedrock',
        signedHeaders: [
          'content-type',
          'host',
          'x-amz-date',
          ...('sessionToken' in pair ? ['x-amz-security-token'] : []),
        ],
      });
      assert.equal(verifySigV4({ ...request, rawBody: `${request.rawBody} ` }, KEYS.secretAccessKey), undefined);
      assert.equal(request.headers['x-amz-security-token'], 'sessionToken' in pair ? sessionToken : undefined);
    }
  }
});

test('no part of a key pair comes back in the words of a provider that echoes it', async (t) => {
  const { provider, running } = await start(t, { credential: JSON.stringify(KEYS) });
  provider.respondWith({ fault: { kind: 'status', status: 400, message: `Bad secret ${KEYS.secretAccessKey}.` } });
  const { text } = await post(running.url, CHAT);
  assert.match(text, /Bad secret \[redacted\]/);
  assert.ok(!inspect(running.records, { depth: null }).includes(KEYS.secretAccessKey));
});
