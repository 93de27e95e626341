import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { embeddingsSuite } from '#test/support/embeddings-suite';
import { batchEmbedContentsWire } from './batch-embed-contents.ts';
import { embedContentWire } from './embed-content.ts';
import { predictWire } from './predict.ts';

const gemini = { name: 'the Gemini API', modelPath: (model: string) => `/models/${model}` };
const vertex = { name: 'Vertex AI', modelPath: (model: string) => `/v1/publishers/google/models/${model}` };
const folder = (name: string) => join(import.meta.dirname, 'fixtures', name);

const batch = batchEmbedContentsWire(gemini);
const single = embedContentWire({ ...gemini, hasConfig: false });
const vertexSingle = embedContentWire({ ...vertex, hasConfig: true });
const predict = predictWire(vertex);

embeddingsSuite(batch, { folder: folder('batch'), model: 'gemini-embedding-001' });
embeddingsSuite(single, { folder: folder('embed-content'), model: 'gemini-embedding-001' });
embeddingsSuite(vertexSingle, { folder: folder('vertex-embed-content'), model: 'gemini-embedding-2' });
embeddingsSuite(predict, { folder: folder('predict'), model: 'text-embedding-005' });
embeddingsSuite(predict, { folder: folder('predict-gemini'), model: 'gemini-embedding-001' });

test('each method stands under the path of its model', () => {
  assert.equal(batch.path('m', false), '/models/m:batchEmbedContents');
  assert.equal(single.path('m', false), '/models/m:embedContent');
  assert.equal(predict.path('m', false), '/v1/publishers/google/models/m:predict');
});

test('bytes that pass through name the model of the target wherever they name one', () => {
  const requests = [{ model: 'models/logical', content: {} }];
  assert.deepEqual(batch.passthroughEdits?.({ requests }, { model: 'real' }), {
    requests: [{ model: 'models/real', content: {} }],
  });
  assert.deepEqual(batch.passthroughEdits?.({ requests }, { model: 'logical' }), {}, 'and stay as they are otherwise');
  assert.deepEqual(single.passthroughEdits?.({ content: {} }, { model: 'real' }), {});
  assert.deepEqual(single.passthroughEdits?.({ model: 'models/a' }, { model: 'real' }), { model: 'models/real' });
  assert.deepEqual(vertexSingle.passthroughEdits?.({ model: 'models/a' }, { model: 'real' }), { model: undefined });
});

test("Vertex AI's object of settings is written anew for the Gemini API, which refuses it", () => {
  const client = (body: JsonObject) => ({ body, model: 'm' }) as Parameters<NonNullable<typeof single.canPass>>[0];
  for (const name of ['embedContentConfig', 'embed_content_config']) {
    assert.equal(single.canPass?.(client({ content: {}, [name]: {} })), false);
    assert.equal(vertexSingle.canPass?.(client({ content: {}, [name]: {} })), true);
  }
  assert.equal(single.canPass?.(client({ content: {}, taskType: 'CLUSTERING' })), true);
});

test('an answer without a vector for a text is none, since all behind it would be shifted', () => {
  assert.throws(() => batch.decodeResponse({ embeddings: [{ values: [1] }, {}] }));
  assert.throws(() => batch.decodeResponse({ embeddings: [null, { values: [1] }] }));
  assert.throws(() => batch.decodeResponse({}));
  assert.throws(() => single.decodeResponse({ embedding: { values: [] } }));
  assert.throws(() => predict.decodeResponse({ predictions: [{ embeddings: { values: [1] } }, {}] }));
  assert.throws(() => predict.decodeResponse({ predictions: [null, { embeddings: { values: [1] } }] }));
  assert.throws(() => predict.decodeResponse({ predictions: [] }));
});

test("failures are read as Google's: a wait that it asks for is known", () => {
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' };
  const body = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota', details: [retry] } };
  for (const wire of [batch, single, predict]) {
    const failure = wire.mapError(429, {}, body);
    assert.deepEqual([failure.class, failure.retryAfterMs], ['rate-limited', 7_000]);
  }
});
