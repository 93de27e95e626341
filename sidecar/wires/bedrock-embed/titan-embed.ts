/** Amazon's Titan text embeddings through Bedrock's InvokeModel (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html): one text per call. */
import type { EmbeddingsRequest, EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { mapError } from '#sidecar/wires/bedrock-converse/map-error';
import { loseForeign } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { asCount } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import { onlyTextOf } from '#sidecar/wires/texts-of';
import type { WireOf } from '#sidecar/wires/wire';
import { invokePath } from './invoke-path.ts';

const WIRE_ID = 'bedrock-titan-embed';
/** The only ones that make vectors of a length that is asked for. */
const HAS_LENGTH = /titan-embed-text-v2/;

export const titanEmbedWire: WireOf<'embeddings'> = {
  id: WIRE_ID,
  operation: 'embeddings',
  name: 'Titan on AWS Bedrock',
  path: invokePath,
  encodeRequest,
  decodeResponse,
  forwardedHeaders: [],
  mapError,
};

/** It makes one vector for all purposes. */
function encodeRequest(request: EmbeddingsRequest, model: string, losses: Losses): JsonObject {
  const { input, dimensions, purpose, user } = request;
  loseForeign(request.extensions, WIRE_ID, losses);
  if (user !== undefined) losses.note('user');
  if (purpose !== undefined) losses.note('input_type');
  const hasLength = dimensions !== undefined && HAS_LENGTH.test(model);
  if (dimensions !== undefined && !hasLength) losses.drop('dimensions');
  return { inputText: onlyTextOf(input, losses), ...(hasLength && { dimensions }) };
}

function decodeResponse(body: JsonObject): EmbeddingsResponse {
  const inputTokens = asCount(body.inputTextTokenCount);
  return {
    model: '',
    vectors: [readVector(body.embedding)],
    ...(inputTokens !== undefined && { usage: { ...NO_USAGE, inputTokens } }),
  };
}
