/** Cohere's embedding models through Bedrock's InvokeModel (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html). */
import type { EmbeddingsRequest, EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { mapError } from '#sidecar/wires/bedrock-converse/map-error';
import { decodeResponse, encodeTexts } from '#sidecar/wires/cohere-embed/cohere-embed';
import type { Losses } from '#sidecar/wires/losses';
import { asCount } from '#sidecar/wires/read-field';
import type { ResponseHeaders, WireOf } from '#sidecar/wires/wire';
import { invokePath } from './invoke-path.ts';

/** Older ones make vectors of one length. */
const HAS_LENGTH = /embed-v(?:[4-9]|\d\d)/;

export const bedrockCohereEmbedWire: WireOf<'embeddings'> = {
  id: 'bedrock-cohere-embed',
  operation: 'embeddings',
  name: 'Cohere on AWS Bedrock',
  path: invokePath,
  encodeRequest,
  decodeResponse: decodeWithCount,
  forwardedHeaders: [],
  mapError,
};

function encodeRequest(request: EmbeddingsRequest, model: string, losses: Losses): JsonObject {
  const { dimensions } = request;
  const hasLength = dimensions !== undefined && HAS_LENGTH.test(model);
  if (dimensions !== undefined && !hasLength) losses.drop('dimensions');
  return { ...encodeTexts(request, losses), ...(hasLength && { output_dimension: dimensions }) };
}

/** The service counts in a header what the vendor's own service tells in the body. */
function decodeWithCount(body: JsonObject, headers: ResponseHeaders = {}): EmbeddingsResponse {
  const told = headers['x-amzn-bedrock-input-token-count'] ?? '';
  const inputTokens = /^\d+$/.test(told) ? asCount(Number(told)) : undefined;
  return { ...decodeResponse(body), ...(inputTokens !== undefined && { usage: { ...NO_USAGE, inputTokens } }) };
}
