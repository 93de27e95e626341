/** OpenAI's embeddings API, and that of the servers that imitate it. */
import type { EmbeddingsRequest, EmbeddingsResponse, Vector } from '#sidecar/canonical/embeddings';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import { loseForeign } from '#sidecar/wires/foreign-extensions';
import type { Losses } from '#sidecar/wires/losses';
import { mapError } from '#sidecar/wires/openai-chat/map-error';
import { readUsage } from '#sidecar/wires/openai-chat/read-usage';
import { asArray, asCount, asObject, asString } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import { textsOf } from '#sidecar/wires/texts-of';
import type { WireOf } from '#sidecar/wires/wire';

const WIRE_ID = 'openai-embeddings';

/** `name`: of the service, for messages to people. */
export const openaiEmbeddingsWire = (name: string): WireOf<'embeddings'> => ({
  id: WIRE_ID,
  operation: 'embeddings',
  name,
  path: () => '/embeddings',
  encodeRequest,
  passthroughEdits: (_body, { model }) => ({ model }),
  decodeResponse,
  forwardedHeaders: [],
  mapError,
});

/** A purpose of another dialect is nothing that OpenAI's models know: they make one vector for all purposes. */
function encodeRequest(request: EmbeddingsRequest, model: string, losses: Losses): JsonObject {
  const { input, dimensions, purpose, user, encoding, extensions } = request;
  loseForeign(extensions, WIRE_ID, losses);
  if (purpose !== undefined && extensions[WIRE_ID] === undefined) losses.note('input_type');
  return {
    model,
    input: input.kind === 'tokens' ? input.tokens.map((tokens) => [...tokens]) : [...textsOf(input, losses)],
    ...(dimensions !== undefined && { dimensions }),
    ...(user !== undefined && { user }),
    encoding_format: encoding,
    ...allOf(extensions[WIRE_ID]),
  };
}

function decodeResponse(body: JsonObject): EmbeddingsResponse {
  const vectors: Vector[] = [];
  for (const [place, value] of asArray(body.data).entries()) {
    const item = asObject(value);
    vectors[asCount(item?.index) ?? place] = readVector(item?.embedding);
  }
  if (vectors.length === 0 || vectors.length !== asArray(body.data).length) throw new Error('not one vector per input');
  const usage = readUsage(body);
  return { model: asString(body.model) ?? '', vectors, ...(usage !== undefined && { usage }) };
}
