/** OpenAI's embeddings API as clients speak it. */
import { type EmbeddingsResponse, vectorBase64, vectorNumbers } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import type { RequestOf } from '#sidecar/canonical/request';
import { totalInputTokens } from '#sidecar/canonical/usage';
import type { DialectOf, EncodeContext } from '#sidecar/dialects/dialect';
import { renderError } from '#sidecar/dialects/openai-chat/render-error';
import { limitHeaders } from '#sidecar/dialects/openai-limits';
import { openaiPaths } from '#sidecar/dialects/openai-paths';
import { decodeRequest, READ_KEYS } from './decode-request.ts';

export const openaiEmbeddings: DialectOf<'embeddings'> = {
  id: 'openai-embeddings',
  operation: 'embeddings',
  paths: openaiPaths('/embeddings'),
  readKeys: READ_KEYS,
  besideAnswer: ['user'],
  decodeRequest,
  encodeResponse,
  limitHeaders,
  renderError,
};

function encodeResponse(
  { vectors, model, usage }: EmbeddingsResponse,
  { request }: EncodeContext<RequestOf<'embeddings'>>,
): JsonObject {
  const tokens = usage === undefined ? 0 : totalInputTokens(usage);
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: request.encoding === 'base64' ? vectorBase64(vector) : [...vectorNumbers(vector)],
    })),
    model: model === '' ? request.model : model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
