/** Cohere's Embed API, version 2 (docs.cohere.com/reference/embed). */
import type { EmbeddingPurpose, EmbeddingsRequest, EmbeddingsResponse, Vector } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { loseForeign } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import { asArray, asCount, asObject } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import { textsOf } from '#sidecar/wires/texts-of';
import type { WireOf } from '#sidecar/wires/wire';

const WIRE_ID = 'cohere-embed';

/** The API insists on one, and most of what is embedded is to be found by something else. */
const DEFAULT_PURPOSE: EmbeddingPurpose = 'document';

const INPUT_TYPE: Readonly<Record<EmbeddingPurpose, string>> = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
};

export const cohereEmbedWire: WireOf<'embeddings'> = {
  id: WIRE_ID,
  operation: 'embeddings',
  name: 'Cohere',
  path: () => '/v2/embed',
  encodeRequest,
  decodeResponse,
  forwardedHeaders: [],
  mapError,
};

function encodeRequest(request: EmbeddingsRequest, model: string, losses: Losses): JsonObject {
  const { dimensions } = request;
  return {
    model,
    ...encodeTexts(request, losses),
    ...(dimensions !== undefined && { output_dimension: dimensions }),
  };
}

/** What the vendor's models are asked wherever they are served. */
export function encodeTexts(request: EmbeddingsRequest, losses: Losses): JsonObject {
  const { input, user, purpose = DEFAULT_PURPOSE } = request;
  loseForeign(request.extensions, WIRE_ID, losses);
  if (user !== undefined) losses.note('user');
  return { texts: [...textsOf(input, losses)], input_type: INPUT_TYPE[purpose], embedding_types: ['float'] };
}

export function decodeResponse(body: JsonObject): EmbeddingsResponse {
  const vectors: Vector[] = asArray(asObject(body.embeddings)?.float).map(readVector);
  if (vectors.length === 0) throw new Error('no vectors');
  const inputTokens = asCount(asObject(asObject(body.meta)?.billed_units)?.input_tokens);
  return { model: '', vectors, ...(inputTokens !== undefined && { usage: { ...NO_USAGE, inputTokens } }) };
}
