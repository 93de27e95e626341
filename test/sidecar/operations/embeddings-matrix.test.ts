/** Every dialect of embeddings, spoken by its official client, over every provider that embeds: a dialect or a provider without a row fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI, { APIError } from 'openai';
import { PROVIDER_TYPES } from '#contract/resources/provider-type';
import { adapterFor } from '#sidecar/providers/index';
import { EMBEDDING_DIALECTS, EMBEDDING_SERVICES, type EmbeddingService } from '#test/matrix/embedding-services';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildProvider } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';

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

const wiresOf = ({ provider, model }: EmbeddingService) => {
  const adapter = adapterFor(buildProvider('default/p', provider));
  return adapter.wiresFor?.(model) ?? adapter.wires;
};

test('every dialect and every provider that embeds has a row here', () => {
  assert.deepEqual(Object.keys(CLIENTS).sort(), EMBEDDING_DIALECTS.toSorted());
  const types = new Set(Object.values(EMBEDDING_SERVICES).map(({ provider }) => provider.type));
  for (const service of Object.values(EMBEDDING_SERVICES))
    assert.ok(
      wiresOf(service).some(({ operation }) => operation === 'embeddings'),
      service.model,
    );
  for (const type of PROVIDER_TYPES) {
    const { wires } = adapterFor(buildProvider('default/p', { type }));
    if (wires.some(({ operation }) => operation === 'embeddings')) assert.ok(types.has(type), type);
  }
});

async function start(t: Parameters<typeof startSidecar>[0], { fake, provider: words, model }: EmbeddingService) {
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

for (const [name, service] of Object.entries(EMBEDDING_SERVICES))
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
      if (service.oneEach !== undefined && !isPassed) {
        await assert.rejects(asked, (error) => {
          assert.ok(error instanceof ApiError || error instanceof APIError);
          assert.equal(error.status, 400);
          assert.match(error.message, /input\[1\].*one text in each/);
          return true;
        });
        assert.equal(provider.requests.length, 0);
        return;
      }
      if (service.oneEach !== undefined) return assert.rejects(asked, /Only one instance/);
      const both = await asked;
      const [first] = await embed(running.url, ['a'], 8);
      const [second] = await embed(running.url, ['three'], 8);
      assert.deepEqual(
        both.map((vector) => vector && [...vector]),
        [first, second].map((vector) => vector && [...vector]),
      );
    });
  }
