/** Google's methods beside generateContent: the official client against a whole sidecar, and what crosses between the two doors and to other APIs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import { type PolicyWords, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';
import { MASK_EMAIL } from './start-operations.ts';

const VERTEX = { type: 'VertexAI', vertex: { project: 'my-project', location: 'europe-west4' } } as const;

const SERVICES = {
  gemini: { provider: { type: 'Gemini' }, chat: 'gemini-3.8-flash', vectors: 'gemini-embedding-001' },
  vertex: { provider: VERTEX, chat: 'gemini-3.8-flash', vectors: 'text-embedding-005' },
  openai: { provider: { type: 'OpenAI' }, chat: 'gpt-5-mini', vectors: 'text-embedding-3-small' },
} as const satisfies Partial<Record<FakeDialect, unknown>>;

async function start(
  t: Parameters<typeof startSidecar>[0],
  fake: keyof typeof SERVICES,
  words: Partial<PolicyWords> & { onUnsupported?: 'Drop' } = {},
) {
  const { provider: service, chat, vectors } = SERVICES[fake];
  const { onUnsupported = 'Refuse', ...policy } = words;
  const provider = await startFakeProvider({ dialect: fake, acceptKey: 'right-key' });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { ...service, endpoint: provider.url, credential: 'key' } },
      routes: [
        { models: ['chat'], targets: [{ provider: 'p', model: chat }] },
        { models: ['vectors'], targets: [{ provider: 'p', model: vectors }], onUnsupported },
      ],
      ...policy,
    },
    credentials: { key: 'right-key' },
  });
  const clientOf = (vertexai: boolean) =>
    new GoogleGenAI({ vertexai, apiKey: 'placeholder', httpOptions: { baseUrl: running.url } });
  const post = async (path: string, body: object) => {
    const response = await fetch(`${running.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  };
  return { provider, running, gemini: clientOf(false), vertex: clientOf(true), post };
}

test('a count of the Gemini API passes through, names the model of the target and costs nothing', async (t) => {
  const { gemini, post, provider, running } = await start(t, 'gemini');
  const answer = await gemini.models.countTokens({ model: 'chat', contents: 'one two three' });
  assert.equal(answer.totalTokens, 3);
  assert.equal(provider.requests[0]?.path, '/v1beta/models/gemini-3.8-flash:countTokens');
  const contents = [{ role: 'user', parts: [{ text: 'one two' }] }];
  const generateContentRequest = { model: 'models/chat', contents, systemInstruction: { parts: [{ text: 'Hm.' }] } };
  const whole = await post('/v1beta/models/chat:countTokens', { generateContentRequest });
  assert.deepEqual([whole.status, whole.body.totalTokens], [200, 2]);
  assert.ok(whole.body.promptTokensDetails, 'byte for byte as it came');
  assert.equal(whole.headers.get('x-remora-estimated'), null);
  assert.deepEqual(provider.requests[1]?.body, {
    generateContentRequest: { ...generateContentRequest, model: 'models/gemini-3.8-flash' },
  });
  assert.deepEqual(
    running.records.map(({ operation, lane, usage }) => [operation, lane, usage.inputTokens]),
    Array.from({ length: 2 }, () => ['count_tokens', 'passthrough', 0]),
  );
  assert.equal(running.gate.reserved[0]?.target.price?.inputPico, '0');
});

test('what a client of Vertex AI counts crosses to the Gemini API as a whole request, and the other way back to members', async (t) => {
  const config = { systemInstruction: 'Be brief.' };
  const atGemini = await start(t, 'gemini');
  await atGemini.vertex.models.countTokens({ model: 'chat', contents: 'one two', config });
  const contents = [{ role: 'user', parts: [{ text: 'one two' }] }];
  const systemInstruction = { role: 'user', parts: [{ text: 'Be brief.' }] };
  assert.deepEqual(atGemini.provider.requests[0]?.body, {
    generateContentRequest: { model: 'models/gemini-3.8-flash', contents, systemInstruction },
  });
  assert.equal(atGemini.running.records[0]?.lane, 'translate');
  const atVertex = await start(t, 'vertex');
  assert.equal(
    (await atVertex.vertex.models.countTokens({ model: 'chat', contents: 'one two', config })).totalTokens,
    2,
  );
  assert.equal(atVertex.running.records[0]?.lane, 'passthrough');
  const whole = { model: 'models/chat', contents, systemInstruction, safetySettings: [] };
  const answer = await atVertex.post('/v1beta/models/chat:countTokens', { generateContentRequest: whole });
  assert.deepEqual(answer.body, { totalTokens: 2 });
  assert.equal(answer.headers.get('x-remora-dropped'), 'safetySettings');
  assert.deepEqual(atVertex.provider.requests[1]?.body, { contents, systemInstruction });
});

test('a target that cannot count is estimated for: a picture as a picture, and not as its bytes in base64', async (t) => {
  const { gemini, post, provider } = await start(t, 'openai');
  const short = await gemini.models.countTokens({ model: 'chat', contents: 'a' });
  const long = await gemini.models.countTokens({ model: 'chat', contents: `a${'bcde'.repeat(100)}` });
  assert.equal((long.totalTokens ?? 0) - (short.totalTokens ?? 0), 100);
  for (const inlineData of [
    { mimeType: 'image/png', data: 'A'.repeat(100_000) },
    { mime_type: 'image/png', data: 'A'.repeat(100_000) },
  ]) {
    const { body, headers } = await post('/v1/models/chat:countTokens', { contents: [{ parts: [{ inlineData }] }] });
    assert.equal(headers.get('x-remora-estimated'), 'input_tokens');
    assert.ok(body.totalTokens > 1_600 && body.totalTokens < 1_700, body.totalTokens);
  }
  assert.equal(provider.requests.length, 0);
});

test("Anthropic's question for tokens never reaches Google in its words: it is estimated", async (t) => {
  const { provider, running } = await start(t, 'gemini');
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  const { response } = await client.messages
    .countTokens({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] })
    .withResponse();
  assert.equal(response.headers.get('x-remora-estimated'), 'input_tokens');
  assert.equal(provider.requests.length, 0);
});

test('a count without contents, or with two of them, is refused with the name of the field', async (t) => {
  const { post, provider } = await start(t, 'gemini');
  for (const body of [{}, { contents: [], generateContentRequest: {} }]) {
    const answer = await post('/v1beta/models/chat:countTokens', body);
    assert.deepEqual([answer.status, answer.body.error.status], [400, 'INVALID_ARGUMENT']);
    assert.match(answer.body.error.message, /contents/);
  }
  assert.equal(provider.requests.length, 0);
});

test('guardrails mask what is counted, and nothing of ours goes with it', async (t) => {
  const { gemini, provider } = await start(t, 'gemini', { guardrails: MASK_EMAIL });
  await gemini.models.countTokens({ model: 'chat', contents: 'from ann@example.com' });
  assert.deepEqual(provider.requests[0]?.body, { contents: [{ role: 'user', parts: [{ text: 'from [EMAIL]' }] }] });
});

test('embedContent of the Gemini API passes through byte for byte', async (t) => {
  const { post, provider, running } = await start(t, 'gemini');
  const body = { content: { parts: [{ text: 'one' }] }, taskType: 'SEMANTIC_SIMILARITY', outputDimensionality: 2 };
  const answer = await post('/v1beta/models/vectors:embedContent', body);
  assert.equal(answer.body.embedding.values.length, 2);
  assert.equal(provider.requests[0]?.path, '/v1beta/models/gemini-embedding-001:embedContent');
  assert.equal(provider.requests[0]?.rawBody, JSON.stringify(body));
  assert.equal(running.records[0]?.usage.inputTokens, answer.body.usageMetadata.promptTokenCount);
});

test('the client reads the tokens of a vector that another API made, at both doors', async (t) => {
  const { gemini, vertex, running } = await start(t, 'openai');
  const ofGemini = await gemini.models.embedContent({ model: 'vectors', contents: 'one' });
  assert.equal(ofGemini.usageMetadata?.promptTokenCount, running.records[0]?.usage.inputTokens);
  const ofVertex = await vertex.models.embedContent({ model: 'vectors', contents: 'one' });
  assert.equal(ofVertex.embeddings?.[0]?.statistics?.tokenCount, running.records[1]?.usage.inputTokens);
});

test('guardrails mask what Google’s clients embed, titles too, and the rest goes on in their own words', async (t) => {
  const config = { taskType: 'RETRIEVAL_DOCUMENT', title: 'Of ann@example.com', outputDimensionality: 2 };
  const asked = { model: 'vectors', contents: 'from ann@example.com', config };
  const atGemini = await start(t, 'gemini', { guardrails: MASK_EMAIL });
  await atGemini.gemini.models.embedContent(asked);
  const masked = { taskType: 'RETRIEVAL_DOCUMENT', title: 'Of [EMAIL]', outputDimensionality: 2 };
  assert.deepEqual(atGemini.provider.requests[0]?.body, {
    requests: [{ model: 'models/gemini-embedding-001', content: { parts: [{ text: 'from [EMAIL]' }] }, ...masked }],
  });
  const atVertex = await start(t, 'vertex', { guardrails: MASK_EMAIL });
  await atVertex.vertex.models.embedContent(asked);
  assert.deepEqual(atVertex.provider.requests[0]?.body, {
    instances: [{ content: 'from [EMAIL]', task_type: 'RETRIEVAL_DOCUMENT', title: 'Of [EMAIL]' }],
    parameters: { outputDimensionality: 2 },
  });
});

test('guardrails read the words beside a picture too', async (t) => {
  const { post, provider } = await start(t, 'gemini', { guardrails: MASK_EMAIL });
  const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' } };
  const content = (words: string) => ({ parts: [{ text: words }, picture] });
  await post('/v1beta/models/vectors:embedContent', { content: content('of ann@example.com') });
  assert.deepEqual(provider.requests[0]?.body, { content: content('of [EMAIL]') });
});

test('what only Google can say is refused for another API with its name, or dropped and named', async (t) => {
  const asked = { model: 'vectors', contents: 'one', config: { title: 'Numbers', taskType: 'FACT_VERIFICATION' } };
  const refusing = await start(t, 'openai');
  await assert.rejects(
    refusing.gemini.models.embedContent(asked),
    (error) => error instanceof ApiError && error.status === 400 && /taskType cannot be expressed/.test(error.message),
  );
  assert.equal(refusing.provider.requests.length, 0);
  const dropping = await start(t, 'openai', { onUnsupported: 'Drop' });
  const { sdkHttpResponse } = await dropping.gemini.models.embedContent(asked);
  assert.equal(sdkHttpResponse?.headers?.['x-remora-dropped'], 'taskType, title');
  assert.deepEqual(dropping.provider.requests[0]?.body, {
    model: 'text-embedding-3-small',
    input: ['one'],
    encoding_format: 'float',
  });
});

test('a picture goes to Google alone: another API embeds no more than a text, also where a route drops', async (t) => {
  const content = { parts: [{ text: 'A cat' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] };
  const atGoogle = await start(t, 'gemini');
  assert.equal((await atGoogle.post('/v1beta/models/vectors:embedContent', { content })).status, 200);
  const elsewhere = await start(t, 'openai', { onUnsupported: 'Drop' });
  const refused = await elsewhere.post('/v1beta/models/vectors:embedContent', { content });
  assert.deepEqual([refused.status, elsewhere.provider.requests.length], [400, 0]);
  assert.match(refused.body.error.message, /content\.parts cannot be expressed/);
});

test('wrong requests for vectors are refused before they are sent, with the name of the field', async (t) => {
  const { post, provider } = await start(t, 'gemini');
  const content = { parts: [{ text: 'one' }] };
  const cases: [string, object, RegExp][] = [
    ['embedContent', {}, /^content must be/],
    ['embedContent', { content: { parts: [] } }, /^content\.parts must be/],
    ['embedContent', { content, outputDimensionality: 0 }, /^outputDimensionality must be/],
    ['embedContent', { content, taskType: 7 }, /^taskType must be/],
    [
      'embedContent',
      { content, taskType: 'CLUSTERING', task_type: 'CLUSTERING' },
      /^body\.taskType must be given once/,
    ],
    ['batchEmbedContents', {}, /^requests must be/],
    ['batchEmbedContents', { requests: [] }, /^requests must be/],
    ['batchEmbedContents', { requests: [{ content }, {}] }, /^requests\[1\]\.content must be/],
  ];
  for (const [method, body, message] of cases) {
    const answer = await post(`/v1beta/models/vectors:${method}`, body);
    assert.equal(answer.status, 400, method);
    assert.match(answer.body.error.message, message);
  }
  const instances = [{ prompt: 'An image, please' }];
  const image = await post('/v1/publishers/google/models/vectors:predict', { instances });
  assert.match(image.body.error.message, /^instances\[0\]\.content must be a text/);
  assert.equal(provider.requests.length, 0);
});
