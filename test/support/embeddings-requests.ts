/** What clients of each API ask for vectors, as their own dialect reads it: all that they can say, and what only they can. */
import type { EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { endpointAt } from '#sidecar/dialects/index';

function ask(path: string, body: JsonObject): EmbeddingsRequest {
  const endpoint = endpointAt(path);
  const request = endpoint?.dialect.decodeRequest(body, endpoint.values);
  if (request?.operation !== 'embeddings') throw new Error(`no embeddings at ${path}`);
  return request;
}

const openai = (body: JsonObject) => ask('/v1/embeddings', { model: 'vectors', ...body });
const gemini = (method: string, body: JsonObject) => ask(`/v1beta/models/vectors:${method}`, body);
const vertex = (method: string, body: JsonObject) => ask(`/v1/publishers/google/models/vectors:${method}`, body);

const MODEL = 'models/vectors';
const text = (words: string): JsonObject => ({ parts: [{ text: words }] });
const PICTURE = { parts: [{ text: 'A cat' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] };

export const EMBEDDINGS_REQUESTS: Readonly<Record<string, EmbeddingsRequest>> = {
  'openai-one': openai({ input: 'one' }),
  'openai-full': openai({
    input: ['one'],
    dimensions: 256,
    encoding_format: 'base64',
    user: 'ann',
    input_type: 'query',
  }),
  'openai-several': openai({ input: ['one', 'two'] }),
  'openai-tokens': openai({ input: [1, 2, 3] }),
  'gemini-full': gemini('embedContent', {
    content: text('one'),
    taskType: 'RETRIEVAL_DOCUMENT',
    title: 'Numbers',
    outputDimensionality: 256,
  }),
  'gemini-other-task': gemini('embedContent', { content: text('one'), task_type: 'SEMANTIC_SIMILARITY' }),
  'gemini-picture': gemini('embedContent', { content: PICTURE }),
  'gemini-batch': gemini('batchEmbedContents', {
    requests: [
      { model: MODEL, content: text('one'), taskType: 'CLUSTERING' },
      { model: MODEL, content: text('two'), taskType: 'CLUSTERING' },
    ],
  }),
  'gemini-batch-of-kinds': gemini('batchEmbedContents', {
    requests: [
      { model: MODEL, content: text('one'), taskType: 'RETRIEVAL_QUERY' },
      { model: MODEL, content: text('two'), taskType: 'RETRIEVAL_DOCUMENT' },
    ],
  }),
  'vertex-config': vertex('embedContent', {
    content: text('one'),
    embedContentConfig: { taskType: 'RETRIEVAL_QUERY', autoTruncate: true, documentOcr: true },
  }),
  'vertex-predict': vertex('predict', {
    instances: [{ content: 'one', task_type: 'RETRIEVAL_DOCUMENT', title: 'Numbers' }],
    parameters: { outputDimensionality: 256, autoTruncate: true },
  }),
};
