/** Google's official client against a whole sidecar: passed through to Gemini and Vertex AI, translated for OpenAI, Anthropic and Claude on Vertex AI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApiError,
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  GoogleGenAI,
} from '@google/genai';
import { type FakeDialect, type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import { type PolicyWords, type RunningSidecar, startSidecar } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];
type ProviderWords = Pick<PolicyWords['providers'][string], 'type' | 'vertex' | 'aws'>;

const VERTEX = { type: 'VertexAI', vertex: { project: 'my-project', location: 'europe-west4' } } as const;

interface Service {
  readonly provider: ProviderWords;
  readonly model: string;
  readonly lane: 'passthrough' | 'translate';
}

const SERVICES = {
  gemini: { provider: { type: 'Gemini' }, model: 'gemini-3.8-flash', lane: 'passthrough' },
  vertex: { provider: VERTEX, model: 'gemini-3.8-flash', lane: 'passthrough' },
  openai: { provider: { type: 'OpenAI' }, model: 'gpt-5-mini', lane: 'translate' },
  anthropic: { provider: { type: 'Anthropic' }, model: 'claude-sonnet-4-6', lane: 'translate' },
  'vertex-claude': { provider: VERTEX, model: 'claude-sonnet-4-6', lane: 'translate' },
  bedrock: {
    provider: { type: 'Bedrock', aws: { region: 'us-east-1' } },
    model: 'anthropic.claude-sonnet-4-6',
    lane: 'translate',
  },
} as const satisfies Partial<Record<FakeDialect, Service>>;

interface Running {
  readonly provider: FakeProvider;
  readonly running: RunningSidecar;
  readonly client: GoogleGenAI;
}

async function start(t: TestContext, fake: keyof typeof SERVICES, words: Partial<PolicyWords> = {}): Promise<Running> {
  const { provider: service, model } = SERVICES[fake];
  const provider = await startFakeProvider({ dialect: fake });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { ...service, endpoint: provider.url } },
      routes: [{ targets: [{ provider: 'p', model }] }],
      ...words,
    },
  });
  const client = new GoogleGenAI({ apiKey: 'placeholder', httpOptions: { baseUrl: running.url } });
  return { provider, running, client };
}

const WEATHER = {
  functionDeclarations: [
    { name: 'weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } } },
  ],
};
const CALLS = [
  { id: 'call_1', name: 'weather', arguments: '{"city":"Köln"}' },
  { id: 'call_2', name: 'weather', arguments: '{"city":"Rom"}' },
];

async function collect(stream: AsyncIterable<GenerateContentResponse>): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

for (const [fake, { lane }] of Object.entries(SERVICES) as [keyof typeof SERVICES, Service][]) {
  test(`the Google client gets a plain and a streamed answer from ${fake}, with usage and a reason`, async (t) => {
    const { client, running } = await start(t, fake);
    const plain = await client.models.generateContent({ model: 'chat', contents: 'Say hello.' });
    assert.equal(plain.text, `Hello from ${fake}.`);
    assert.equal(plain.candidates?.[0]?.finishReason, 'STOP');
    assert.ok((plain.usageMetadata?.promptTokenCount ?? 0) > 0);
    const chunks = await collect(await client.models.generateContentStream({ model: 'chat', contents: 'Say hello.' }));
    assert.equal(chunks.map(({ text }) => text ?? '').join(''), `Hello from ${fake}.`);
    assert.equal(chunks.at(-1)?.candidates?.[0]?.finishReason, 'STOP');
    assert.equal(
      chunks.at(-1)?.usageMetadata?.candidatesTokenCount,
      plain.usageMetadata?.candidatesTokenCount,
      'usage comes last',
    );
    assert.deepEqual(
      running.records.map((record) => [record.outcome, record.lane, record.dialect]),
      Array.from({ length: 2 }, () => ['ok', lane, 'gemini-generate-content']),
    );
    assert.deepEqual(running.faults, []);
  });

  test(`a chat of the Google client runs tools in parallel over two turns with ${fake}, plain and streamed`, async (t) => {
    const { client, provider } = await start(t, fake);
    for (const streams of [false, true]) {
      const chat = client.chats.create({ model: 'chat', config: { tools: [WEATHER] } });
      const send = async (
        message: string | (Content['parts'] & object),
      ): Promise<readonly GenerateContentResponse[]> =>
        streams ? collect(await chat.sendMessageStream({ message })) : [await chat.sendMessage({ message })];
      provider.respondOnce({ text: 'I look.', reasoning: 'Hm.', toolCalls: CALLS });
      const calls = (await send('Weather in Köln and Rom?')).flatMap(({ functionCalls = [] }) => functionCalls);
      assert.deepEqual(
        calls.map(({ name, args }) => [name, args]),
        [
          ['weather', { city: 'Köln' }],
          ['weather', { city: 'Rom' }],
        ],
      );
      const results = calls.map(({ id, name, args }) => ({
        functionResponse: {
          ...(id && { id }),
          ...(name && { name }),
          response: { output: `sun in ${String(args?.city)}` },
        },
      }));
      const answer = await send(results);
      assert.equal(answer.map(({ text }) => text ?? '').join(''), `Hello from ${fake}.`);
      const sent = provider.requests.at(-1)?.rawBody ?? '';
      assert.ok(sent.indexOf('sun in Köln') < sent.indexOf('sun in Rom'));
      // What each of them signed comes back to it: Gemini on the call, Claude with its thoughts.
      if (fake === 'gemini' || fake === 'vertex')
        assert.match(sent, /"thoughtSignature":"ZmFrZS10aG91Z2h0LXNpZ25hdHVyZQ=="/);
      if (fake === 'anthropic' || fake === 'vertex-claude')
        assert.match(sent, /"thinking":"Hm\.","signature":"ZmFrZS1zaWduYXR1cmU="/);
    }
  });

  test(`the Google client's settings, images and schema reach ${fake}`, async (t) => {
    const { client, provider } = await start(t, fake);
    await client.models.generateContent({
      model: 'chat',
      contents: [
        { role: 'user', parts: [{ text: 'Look.' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }] },
      ],
      config: {
        systemInstruction: 'Be brief.',
        maxOutputTokens: 77,
        stopSequences: ['END'],
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object', title: 'Point' },
        safetySettings: [],
      },
    });
    // Bedrock takes a schema as JSON text.
    const sent = (provider.requests[0]?.rawBody ?? '').replaceAll('\\"', '"');
    for (const piece of ['Be brief.', '77', '"END"', '"title":"Point"', 'iVBORw0KGgo='])
      assert.ok(sent.includes(piece), piece);
  });

  test(`errors of ${fake} reach the Google client as its own, before and inside a stream`, async (t) => {
    const { client, provider } = await start(t, fake);
    provider.respondOnce({ fault: { kind: 'status', status: 400, message: 'topK is too high' } });
    await assert.rejects(
      client.models.generateContent({ model: 'chat', contents: 'Hi' }),
      (error) => error instanceof ApiError && error.status === 400 && /topK is too high/.test(error.message),
    );
    for (const kind of ['error-in-stream', 'cut'] as const) {
      provider.respondOnce({ text: 'one two three four five', fault: { kind, afterEvents: 5 } });
      await assert.rejects(
        async () => collect(await client.models.generateContentStream({ model: 'chat', contents: 'Hi' })),
        (error) => error instanceof ApiError && error.status === 502 && /stream_broken/.test(error.message),
        kind,
      );
    }
  });
}

test('what passes through to Gemini is what the client sent, byte for byte, with the model of the target', async (t) => {
  const { provider, running } = await start(t, 'gemini');
  const body =
    '{ "contents" : [{"role":"user","parts":[{"text":"\\u00fc","thoughtSignature":"cw=="}]}], "n":12345678901234567890 }';
  const url = `${running.url}/v1beta/models/chat:streamGenerateContent?alt=sse&key=placeholder`;
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 200);
  const [sent] = provider.requests;
  assert.equal(sent?.rawBody, body);
  assert.equal(sent?.path, '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse');
  // As the fake writes it, which is not how our encoder would.
  assert.match(await answer.text(), /"index":0}\],"usageMetadata".*\r\n\r\n/);
});

test('ids of calls stay away from Vertex AI also where bytes pass through', async (t) => {
  const { client, provider } = await start(t, 'vertex');
  const contents: Content[] = [
    { role: 'user', parts: [{ text: 'Go' }] },
    { role: 'model', parts: [{ functionCall: { id: 'x1', name: 'weather', args: {} }, thoughtSignature: 'cw==' }] },
    { role: 'user', parts: [{ functionResponse: { id: 'x1', name: 'weather', response: { output: 'sun' } } }] },
  ];
  const answer = await client.models.generateContent({ model: 'chat', contents, config: { tools: [WEATHER] } });
  assert.equal(answer.text, 'Hello from vertex.');
  assert.equal(provider.requests[0]?.rawBody.includes('x1'), false);
});

test('a client that was built for Vertex AI is served on its paths, with and without a project', async (t) => {
  const { running } = await start(t, 'openai');
  const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] });
  for (const path of [
    '/v1beta1/projects/x/locations/y/publishers/google/models/chat:generateContent',
    '/v1/projects/x/locations/y/publishers/google/models/chat:generateContent',
    '/v1beta1/publishers/google/models/chat:generateContent',
    '/v1/models/chat:generateContent',
  ]) {
    const answer = await fetch(running.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 200, path);
  }
  const vertex = new GoogleGenAI({ vertexai: true, apiKey: 'placeholder', httpOptions: { baseUrl: running.url } });
  assert.equal((await vertex.models.generateContent({ model: 'chat', contents: 'Hi' })).text, 'Hello from openai.');
});

test('what this API alone knows is refused for others with its name, and methods that are not served are said so', async (t) => {
  const { client, provider, running } = await start(t, 'openai');
  await assert.rejects(
    client.models.generateContent({ model: 'chat', contents: 'Hi', config: { tools: [{ googleSearch: {} }] } }),
    (error) => error instanceof ApiError && error.status === 400 && /tools\.googleSearch/.test(error.message),
  );
  const other = await fetch(`${running.url}/v1beta/models/chat:asyncBatchEmbedContent`, { method: 'POST', body: '{}' });
  assert.equal(other.status, 404);
  assert.match(await other.text(), /generateContent, .*countTokens, embedContent, batchEmbedContents/);
  const array = await fetch(`${running.url}/v1beta/models/chat:streamGenerateContent`, { method: 'POST', body: '{}' });
  const { error } = (await array.json()) as { error: { status: string; message: string } };
  assert.deepEqual([array.status, error.status], [400, 'INVALID_ARGUMENT']);
  assert.match(error.message, /alt=sse/);
  assert.equal(provider.requests.length, 0);
});

test('a forced function of the Google client is one for OpenAI too', async (t) => {
  const { client, provider } = await start(t, 'openai');
  await client.models.generateContent({
    model: 'chat',
    contents: 'Hi',
    config: {
      tools: [WEATHER],
      toolConfig: {
        functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['weather'] },
      },
    },
  });
  assert.deepEqual(provider.requests[0]?.body?.tool_choice, { type: 'function', function: { name: 'weather' } });
});

test('a guardrail that masks takes the Google client over to translation, and nothing of its request is lost', async (t) => {
  const guardrail = {
    policy: 'default/p',
    name: 'mail',
    stage: 'Input',
    detect: ['Email'],
    patterns: [],
    action: 'Mask',
    unlessTags: [],
  } as const;
  const { client, provider, running } = await start(t, 'gemini', {
    guardrails: [{ ...guardrail, detect: [...guardrail.detect], patterns: [], unlessTags: [] }],
  });
  const answer = await client.models.generateContent({
    model: 'chat',
    contents: 'Write to ann@example.com.',
    config: { tools: [{ googleSearch: {} }], topK: 3, thinkingConfig: { includeThoughts: true } },
  });
  assert.equal(answer.text, 'Hello from gemini.');
  assert.equal(running.records[0]?.lane, 'translate');
  const { contents, ...rest } = provider.requests[0]?.body ?? {};
  assert.doesNotMatch(JSON.stringify(contents), /ann@/);
  assert.deepEqual(rest, {
    generationConfig: { topK: 3, thinkingConfig: { includeThoughts: true } },
    tools: [{ googleSearch: {} }],
  });
});
