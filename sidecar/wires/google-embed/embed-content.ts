/** embedContent: one vector per call, at the Gemini API (ai.google.dev/api/embeddings) and for the newer models of Vertex AI. */
import type { EmbeddingsRequest, EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { mapError } from '#sidecar/wires/gemini-generate-content/map-error';
import type { Losses } from '#sidecar/wires/losses';
import { asObject } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import type { WireOf } from '#sidecar/wires/wire';
import { knownSettings, onlyOne, readAsked } from './asked.ts';
import { readUsage } from './read-usage.ts';
import type { WireOptions } from './wire-options.ts';

const SETTINGS = ['taskType', 'title', 'outputDimensionality'];
const VERTEX_SETTINGS = [...SETTINGS, 'autoTruncate', 'documentOcr', 'audioTrackExtraction'];

export interface EmbedContentOptions extends WireOptions {
  /** Settings stand in an `embedContentConfig`, and the model in the path alone: as at Vertex AI. */
  readonly hasConfig: boolean;
}

export const embedContentWire = (options: EmbedContentOptions): WireOf<'embeddings'> => ({
  id: 'gemini-embed-content',
  operation: 'embeddings',
  name: options.name,
  path: (model) => `${options.modelPath(model)}:embedContent`,
  encodeRequest: (request, model, losses) => encodeRequest(options, request, { model, losses }),
  // The settings beside the content are older words, which Vertex AI knows too.
  canPass: ({ body }) =>
    options.hasConfig || (body.embedContentConfig === undefined && body.embed_content_config === undefined),
  passthroughEdits: ({ model: named }, { model }) =>
    named === undefined ? {} : { model: options.hasConfig ? undefined : options.modelPath(model).slice(1) },
  decodeResponse,
  forwardedHeaders: [],
  mapError,
});

function encodeRequest(
  { hasConfig }: EmbedContentOptions,
  request: EmbeddingsRequest,
  { model, losses }: { readonly model: string; readonly losses: Losses },
): JsonObject {
  const byDefault = { autoTruncate: false } as const;
  const asked = readAsked(request, { model, losses, ...(hasConfig && { byDefault }) });
  const { content } = onlyOne(asked, losses);
  const [known = {}] = knownSettings(asked, hasConfig ? VERTEX_SETTINGS : SETTINGS, losses);
  if (!hasConfig) return { content, ...known };
  return { content, ...(Object.keys(known).length > 0 && { embedContentConfig: known }) };
}

function decodeResponse(body: JsonObject): EmbeddingsResponse {
  return { model: '', vectors: [readVector(asObject(body.embedding)?.values)], ...readUsage(body) };
}
