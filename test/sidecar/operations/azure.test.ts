/** Azure OpenAI beside chat: its official client against a whole sidecar, and a target of Azure's behind each of its two doors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIError, AzureOpenAI, toFile } from 'openai';
import type { PolicyProvider } from '#contract/policy/policy';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';
import { SPEECH } from '#test/support/providers/openai-fake-operations';

const DEPLOYMENTS = [{ name: 'real-model', deployment: 'prod-4o' }];
const VERSION = '2024-10-21';

async function start(t: Parameters<typeof startSidecar>[0], dialect: FakeDialect, apiVersion?: string) {
  const provider = await startFakeProvider({ dialect, acceptKey: 'right-key' });
  t.after(() => provider.close());
  const azure: PolicyProvider['azure'] = {
    deployments: DEPLOYMENTS,
    ...(apiVersion !== undefined && { apiVersion }),
  };
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'AzureOpenAI', endpoint: provider.url, credential: 'key', azure } },
      routes: [{ models: ['logical'], targets: [{ provider: 'p', model: 'real-model' }] }],
    },
    credentials: { key: 'right-key' },
  });
  const client = new AzureOpenAI({
    endpoint: running.url,
    apiKey: 'placeholder',
    apiVersion: '2025-04-01-preview',
    maxRetries: 0,
  });
  return { provider, running, client };
}

test("Responses of Azure's client pass through to the door without versions, under the name of the deployment", async (t) => {
  const { client, provider, running } = await start(t, 'azure-responses');
  const asked = { model: 'logical', input: 'Say hello.', store: false };
  const plain = await client.responses.create(asked);
  assert.equal(plain.output_text, 'Hello from azure-responses.');
  let streamed = '';
  for await (const event of await client.responses.create({ ...asked, stream: true }))
    if (event.type === 'response.output_text.delta') streamed += event.delta;
  assert.equal(streamed, 'Hello from azure-responses.');
  assert.deepEqual(
    provider.requests.map(({ path, headers, body }) => [path, headers['api-key'], body?.model]),
    Array.from({ length: 2 }, () => ['/openai/v1/responses', 'right-key', 'prod-4o']),
  );
  assert.deepEqual(
    running.records.map(({ lane, outcome, dialect }) => [lane, outcome, dialect]),
    Array.from({ length: 2 }, () => ['passthrough', 'ok', 'openai-responses']),
  );
});

test('behind a version from before Responses they are asked as a chat', async (t) => {
  const { client, provider, running } = await start(t, 'azure-dated', VERSION);
  const { output_text } = await client.responses.create({ model: 'logical', input: 'Say hello.', store: false });
  assert.equal(output_text, 'Hello from azure-dated.');
  assert.match(provider.requests[0]?.path ?? '', /^\/openai\/deployments\/prod-4o\/chat\/completions\?/);
  assert.equal(running.records[0]?.lane, 'translate');
});

const DOORS = [
  ['without versions', 'azure', undefined, '/openai/v1', ''],
  ['with versions', 'azure-dated', VERSION, '/openai/deployments/prod-4o', `?api-version=${VERSION}`],
] as const;

for (const [door, fake, version, before, after] of DOORS)
  test(`the operations beside chat stand at the door ${door}, under the name of the deployment`, async (t) => {
    const { client, provider, running } = await start(t, fake, version);
    const vectors = await client.embeddings.create({ model: 'logical', input: ['one', 'two'], dimensions: 8 });
    assert.deepEqual(
      vectors.data.map(({ embedding }) => embedding.length),
      [8, 8],
    );
    const written = await client.completions.create({ model: 'logical', prompt: 'Hi', max_tokens: 5 });
    assert.match(written.choices[0]?.text ?? '', /Hi$/);
    assert.ok((await client.images.generate({ model: 'logical', prompt: 'A cat' })).data?.[0]?.b64_json);
    const speech = await client.audio.speech.create({ model: 'logical', input: 'Hi', voice: 'alloy' });
    assert.deepEqual(Buffer.from(await speech.arrayBuffer()), Buffer.concat(SPEECH));
    const file = await toFile(Buffer.from([1, 2, 3]), 'a.mp3');
    const { text } = await client.audio.transcriptions.create({ model: 'logical', file });
    assert.equal(text, 'What was said.');
    const paths = ['/embeddings', '/completions', '/images/generations', '/audio/speech', '/audio/transcriptions'];
    assert.deepEqual(
      provider.requests.map(({ path }) => path),
      paths.map((path) => before + path + after),
    );
    assert.deepEqual(
      provider.requests.map(({ body, rawBody }) => body?.model ?? /name="model"\r\n\r\n(.*)\r\n/.exec(rawBody)?.[1]),
      paths.map(() => 'prod-4o'),
    );
    assert.ok(running.records.every(({ lane, outcome }) => lane === 'passthrough' && outcome === 'ok'));
  });

test('moderations, which Azure has not, are refused before anything is sent', async (t) => {
  const { running, provider } = await start(t, 'azure');
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  await assert.rejects(
    client.moderations.create({ model: 'logical', input: 'Hi' }),
    (thrown) => thrown instanceof APIError && thrown.code === 'unsupported_operation',
  );
  assert.equal(provider.requests.length, 0);
});
