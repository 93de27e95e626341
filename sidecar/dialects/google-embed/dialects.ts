/** Google's methods of embedding as clients speak them: two of the Gemini API, and two of Vertex AI, whose older models know `predict` alone. */
import { type EmbeddingsResponse, type Vector, vectorNumbers } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { totalInputTokens } from '#sidecar/canonical/usage';
import type { DialectOf } from '#sidecar/dialects/dialect';
import { renderError } from '#sidecar/dialects/gemini-generate-content/render-error';
import { googlePaths, vertexPaths } from '#sidecar/dialects/google-paths';
import { decodeBatch, decodeEmbedContent, decodePredict } from './decode-request.ts';

const SETTINGS_KEYS = ['embedContentConfig', 'embed_content_config', 'taskType', 'task_type', 'title'];
const LENGTH_KEYS = ['outputDimensionality', 'output_dimensionality'];

const embedContent: DialectOf<'embeddings'> = {
  id: 'gemini-embed-content',
  operation: 'embeddings',
  paths: googlePaths('embedContent'),
  readKeys: ['model', 'content', ...SETTINGS_KEYS, ...LENGTH_KEYS],
  besideAnswer: [],
  decodeRequest: decodeEmbedContent,
  encodeResponse: ({ vectors: [vector = []], usage }: EmbeddingsResponse) => ({
    embedding: valuesOf(vector),
    ...usageOf(usage),
  }),
  renderError,
};

const batchEmbedContents: DialectOf<'embeddings'> = {
  id: 'gemini-batch-embed-contents',
  operation: 'embeddings',
  paths: googlePaths('batchEmbedContents'),
  readKeys: ['requests'],
  besideAnswer: [],
  decodeRequest: decodeBatch,
  encodeResponse: ({ vectors, usage }: EmbeddingsResponse) => ({
    embeddings: vectors.map(valuesOf),
    ...usageOf(usage),
  }),
  renderError,
};

const predict: DialectOf<'embeddings'> = {
  id: 'vertex-predict',
  operation: 'embeddings',
  paths: vertexPaths('predict'),
  readKeys: ['instances', 'parameters'],
  besideAnswer: [],
  decodeRequest: decodePredict,
  encodeResponse: encodePredictions,
  renderError,
};

export const googleEmbed: readonly DialectOf<'embeddings'>[] = [embedContent, batchEmbedContents, predict];

const valuesOf = (vector: Vector): { values: number[] } => ({ values: [...vectorNumbers(vector)] });

const usageOf = (usage: EmbeddingsResponse['usage']): JsonObject =>
  usage === undefined ? {} : { usageMetadata: { promptTokenCount: totalInputTokens(usage) } };

/** The API tells the tokens of each text; others only those of all together, which are known of one text alone. */
function encodePredictions({ vectors, usage }: EmbeddingsResponse): JsonObject {
  const isKnown = usage !== undefined && vectors.length === 1;
  const statistics = isKnown ? { statistics: { token_count: totalInputTokens(usage), truncated: false } } : {};
  return { predictions: vectors.map((vector) => ({ embeddings: { ...valuesOf(vector), ...statistics } })) };
}
