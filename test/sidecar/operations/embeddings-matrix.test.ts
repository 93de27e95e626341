/** Every dialect of embeddings, spoken by its official client, over every provider that embeds: a dialect or a provider without a row fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI, { APIError } from 'openai';
import type { PolicyProvider } from '#contract/policy/policy';
import { PROVIDER_TYPES } from '#contract/resources/provider-type';
import { DIALECTS } from '#sidecar/dialects/index';
import { adapterFor } from '#sidecar/providers/index';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildProvider } from '#test/support/build-policy';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';

/** Vectors of the texts, by a client at the address. */
type Embed = (url: string, texts: string[], dimensions: number) => Promise<readonly (readonly number[] | undefined)[]>;

const google = (url: string, isVertex: boolean) =>
  new GoogleGenAI({ vertexai: isVertex, apiKey: 'placeholder', httpOptions: { baseUrl: url } });

/** Google's client tells by the model which method it calls. */
const viaGoogle =
  (model: string, isVertex: boolean): Embed =>
  async (url, contents, outputDimensionality) => {
    const config = { outputDimensionality, taskType: 'RETRIEVAL_QUERY' };
    const { embeddings = [] } = await google(url, isVertex).models.embedContent({ model, contents, config });
    return embeddings.map(({ values }) => values);
  };

const CLIENTS: Readonly<Record<string, Embed>> = {
  async 'openai-embeddings'(url, input, dimensions) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
    const { data } = await client.embeddings.create({ model: 'vectors', input, dimensions });
    return data.map(({ embedding }) => embedding);
  },
  'gemini-batch-embed-contents': viaGoogle('vectors', false),
  'gemini-embed-content': viaGoogle('gemini-vectors', true),
  'vertex-predict': viaGoogle('vectors', true),
};

interface Service {
  readonly fake: FakeDialect;
  readonly provider: Parameters<typeof buildProvider>[1] & Pick<PolicyProvider, 'type'>;
  readonly model: string;
  readonly isOneEach?: true;
}

const VERTEX = { type: 'VertexAI', vertex: { project: 'my-project', location: 'europe-west4' } } as const;
const BEDROCK = { type: 'Bedrock', aws: { region: 'us-east-1' } } as const;
const AZURE = { deployments: [{ name: 'text-embedding-3-small', deployment: 'prod-4o' }] };

const SERVICES: Readonly<Record<string, Service>> = {
  OpenAI: { fake: 'openai', provider: { type: 'OpenAI' }, model: 'text-embedding-3-small' },
  'an OpenAI alike': { fake: 'openai', provider: { type: 'OpenAICompatible' }, model: 'bge-m3' },
  'Azure OpenAI': {
    fake: 'azure',
    provider: { type: 'AzureOpenAI', azure: AZURE },
    model: 'text-embedding-3-small',
  },
  'Azure OpenAI, dated version': {
    fake: 'azure-dated',
    provider: { type: 'AzureOpenAI', azure: { ...AZURE, apiVersion: '2024-10-21' } },
    model: 'text-embedding-3-small',
  },
  Cohere: { fake: 'cohere', provider: { type: 'Cohere' }, model: 'embed-v4.0' },
  Gemini: { fake: 'gemini', provider: { type: 'Gemini' }, model: 'gemini-embedding-001' },
  'Vertex AI, text-embedding-005': { fake: 'vertex', provider: VERTEX, model: 'text-embedding-005' },
  'Vertex AI, gemini-embedding-001': {
    fake: 'vertex',
    provider: VERTEX,
    model: 'gemini-embedding-001',
    isOneEach: true,
  },
  'Vertex AI, gemini-embedding-2': { fake: 'vertex', provider: VERTEX, model: 'gemini-embedding-2', isOneEach: true },
  'Bedrock, Titan': { fake: 'bedrock', provider: BEDROCK, model: 'amazon.titan-embed-text-v2:0', isOneEach: true },
  'Bedrock, Cohere': { fake: 'bedrock', provider: BEDROCK, model: 'cohere.embed-v4:0' },
};

const wiresOf = ({ provider, model }: Service) => {
  const adapter = adapterFor(buildProvider('default/p', provider));
  return adapter.wiresFor?.(model) ?? adapter.wires;
};

test('every dialect and every provider that embeds has a row here', () => {
  const dialects = DIALECTS.filter(({ operation }) => operation === 'embeddings').map(({ id }) => id);
  assert.deepEqual(Object.keys(CLIENTS).sort(), dialects.sort());
  const types = new Set(Object.values(SERVICES).map(({ provider }) => provider.type));
  for (const service of Object.values(SERVICES))
    assert.ok(
      wiresOf(service).some(({ operation }) => operation === 'embeddings'),
      service.model,
    );
  for (const type of PROVIDER_TYPES) {
    const { wires } = adapterFor(buildProvider('default/p', { type }));
    if (wires.some(({ operation }) => operation === 'embeddings')) assert.ok(types.has(type), type);
  }
});

async function start(t: Parameters<typeof startSidecar>[0], { fake, provider: words, model }: Service) {
  const provider = await startFakeProvider({ dialect: fake, acceptKey: 'right-key' });
  t.after(() => provider.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { ...words, endpoint: provider.url, credential: 'key' } },
      routes: [{ models: ['vectors', 'gemini-vectors'], targets: [{ provider: 'p', model }] }],
    },
    credentials: { key: 'right-key' },
  });
  return { provider, running };
}

for (const [name, service] of Object.entries(SERVICES))
  for (const [dialect, embed] of Object.entries(CLIENTS)) {
    test(`${dialect} over ${name}: a vector of the asked length, its tokens counted`, async (t) => {
      const { provider, running } = await start(t, service);
      const vectors = await embed(running.url, ['one text'], 8);
      assert.deepEqual(
        vectors.map((vector) => [vector?.length, vector?.every(Number.isFinite)]),
        [[8, true]],
      );
      const [record] = running.records;
      // What the client writes for Vertex AI has an object that the Gemini API refuses.
      const isForVertex = dialect === 'gemini-embed-content' && service.fake === 'gemini';
      const passes = !isForVertex && wiresOf(service).some(({ id }) => id === dialect);
      assert.deepEqual(
        [record?.outcome, record?.dialect, record?.lane],
        ['ok', dialect, passes ? 'passthrough' : 'translate'],
      );
      assert.ok((record?.usage.inputTokens ?? 0) > 0);
      assert.equal(running.gate.settled[0]?.billing, 'reported');
      assert.equal(provider.requests.length, 1);
      assert.deepEqual(running.faults, []);
    });

    // Its client takes one content for this method.
    if (dialect === 'gemini-embed-content') continue;
    test(`${dialect} over ${name}: several texts keep their order, or are refused before anything is sent`, async (t) => {
      const { provider, running } = await start(t, service);
      const asked = embed(running.url, ['a', 'three'], 8);
      const isPassed = wiresOf(service).some(({ id }) => id === dialect);
      if (service.isOneEach === true && !isPassed) {
        await assert.rejects(asked, (error) => {
          assert.ok(error instanceof ApiError || error instanceof APIError);
          assert.equal(error.status, 400);
          assert.match(error.message, /input\[1\].*one text in each/);
          return true;
        });
        assert.equal(provider.requests.length, 0);
        return;
      }
      if (service.isOneEach === true) return assert.rejects(asked, /Only one instance/);
      const both = await asked;
      const [first] = await embed(running.url, ['a'], 8);
      const [second] = await embed(running.url, ['three'], 8);
      assert.deepEqual(
        both.map((vector) => vector && [...vector]),
        [first, second].map((vector) => vector && [...vector]),
      );
    });
  }
