/** Embeddings over the APIs of other providers: what each is asked, and what its answers mean. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { openaiEmbeddings } from '#sidecar/dialects/openai-embeddings/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { cohereEmbedWire } from '#sidecar/wires/cohere-embed/cohere-embed';
import { batchEmbedContentsWire } from '#sidecar/wires/google-embed/batch-embed-contents';
import { Losses } from '#sidecar/wires/losses';
import { openaiEmbeddingsWire } from '#sidecar/wires/openai-embeddings/openai-embeddings';
import { rerankWire } from '#sidecar/wires/rerank/rerank';
import type { WireOf } from '#sidecar/wires/wire';
import { RECORDINGS, requireRecordings } from '#test/support/recordings';

const gemini = batchEmbedContentsWire({ name: 'Gemini', modelPath: (model) => `/models/${model}` });

const requestOf = (body: JsonObject): EmbeddingsRequest =>
  openaiEmbeddings.decodeRequest({ model: 'logical', ...body }, {});

function encode(wire: WireOf<'embeddings'>, body: JsonObject, onUnsupported: 'Refuse' | 'Drop' = 'Refuse') {
  const losses = new Losses(wire.name, onUnsupported);
  return { body: wire.encodeRequest(requestOf(body), 'm', losses), dropped: losses.dropped };
}

const ASKED = { input: ['one', 'two'], dimensions: 8, user: 'ann', input_type: 'query' };

test('Cohere is told what the vectors are for, since it insists; documents unless the client says otherwise', () => {
  assert.deepEqual(encode(cohereEmbedWire, ASKED), {
    body: {
      model: 'm',
      texts: ['one', 'two'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 8,
    },
    dropped: ['user'],
  });
  assert.equal(encode(cohereEmbedWire, { input: 'one' }).body.input_type, 'search_document');
});

test('Gemini gets one request per text, each with the model and the task', () => {
  const settings = { taskType: 'RETRIEVAL_QUERY', outputDimensionality: 8 };
  assert.deepEqual(encode(gemini, ASKED).body, {
    requests: [
      { model: 'models/m', content: { parts: [{ text: 'one' }] }, ...settings },
      { model: 'models/m', content: { parts: [{ text: 'two' }] }, ...settings },
    ],
  });
  assert.equal(gemini.path('m', false), '/models/m:batchEmbedContents');
});

test('token ids mean nothing to another API and are refused, also where a route drops', () => {
  for (const wire of [cohereEmbedWire, gemini])
    assert.throws(
      () => encode(wire, { input: [1, 2] }, 'Drop'),
      (thrown) => thrown instanceof RemoraError && thrown.details.param === 'input',
    );
});

test('what only servers of OpenAI alikes know is refused by other APIs or dropped by its name, and kept by its own', () => {
  const body = { input: 'one', truncate_prompt_tokens: 7 };
  assert.throws(() => encode(cohereEmbedWire, body), RemoraError);
  assert.deepEqual(encode(gemini, body, 'Drop').dropped, ['truncate_prompt_tokens']);
  const own = encode(openaiEmbeddingsWire('x'), { ...body, input_type: 'query' }).body;
  assert.deepEqual([own.truncate_prompt_tokens, own.input_type], [7, 'query']);
});

test('a recorded answer of Cohere becomes what an OpenAI client reads, in numbers and in base64', (t) => {
  if (!requireRecordings(t)) return;
  const body: JsonObject = JSON.parse(readFileSync(join(RECORDINGS, 'cohere/cohere-embedding.json'), 'utf8'));
  const response = cohereEmbedWire.decodeResponse(body);
  assert.equal(response.usage?.inputTokens, 10);
  const write = (encoding: string) => {
    const request = requestOf({ input: ['a', 'b'], encoding_format: encoding });
    return openaiEmbeddings.encodeResponse?.(response, { request, nowSeconds: 1 }) as unknown as {
      data: { index: number; embedding: number[] | string }[];
      model: string;
      usage: object;
    };
  };
  const floats = write('float');
  assert.deepEqual(floats.data[1]?.embedding, [-0.04660034, 0.00037765503, -0.061157227, -0.08239746, -0.010360718]);
  assert.equal(floats.model, 'logical');
  assert.deepEqual(floats.usage, { prompt_tokens: 10, total_tokens: 10 });
  const base64 = write('base64').data[0]?.embedding;
  assert.ok(typeof base64 === 'string');
  assert.equal(Buffer.from(base64, 'base64').readFloatLE(0), Math.fround(0.03302002));
});

test('answers with a hole are no answers, since all vectors behind it would be shifted', () => {
  for (const body of [
    {},
    { data: [] },
    { data: [{ index: 0, embedding: [] }] },
    { data: [{ index: 3, embedding: [1] }] },
  ])
    assert.throws(() => openaiEmbeddingsWire('x').decodeResponse(body));
  assert.throws(() => cohereEmbedWire.decodeResponse({ embeddings: { float: [[1], null] } }));
  assert.throws(() => gemini.decodeResponse({ embeddings: [{ values: 'no' }, {}] }));
});

test('vectors stand in the order of their numbers, whatever order they come in', () => {
  const data = [
    { index: 1, embedding: [2] },
    { index: 0, embedding: [1] },
  ];
  assert.deepEqual(openaiEmbeddingsWire('x').decodeResponse({ data }).vectors, [[1], [2]]);
});

test('a recorded rerank of Cohere is billed by searches, which are no tokens: none are told', (t) => {
  if (!requireRecordings(t)) return;
  const body: JsonObject = JSON.parse(readFileSync(join(RECORDINGS, 'cohere/cohere-reranking.1.json'), 'utf8'));
  assert.equal(rerankWire('Cohere', '/v2/rerank').decodeResponse(body).usage, undefined);
});
