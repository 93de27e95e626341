/** The Gemini API's batchEmbedContents (ai.google.dev/api/embeddings): one request per vector, all in one call. */
import type { EmbeddingsRequest, EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapError } from '#sidecar/wires/gemini-generate-content/map-error';
import type { Losses } from '#sidecar/wires/losses';
import { asArray, asObject, asObjects } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import type { WireOf } from '#sidecar/wires/wire';
import { knownSettings, readAsked } from './asked.ts';
import { readUsage } from './read-usage.ts';
import type { WireOptions } from './wire-options.ts';

const SETTINGS = ['taskType', 'title', 'outputDimensionality'];

export const batchEmbedContentsWire = ({ name, modelPath }: WireOptions): WireOf<'embeddings'> => ({
  id: 'gemini-batch-embed-contents',
  operation: 'embeddings',
  name,
  path: (model) => `${modelPath(model)}:batchEmbedContents`,
  encodeRequest: (request, model, losses) => ({
    requests: encodeRequests(request, model, losses).map((each) => ({ model: modelPath(model).slice(1), ...each })),
  }),
  passthroughEdits: ({ requests }, { model }) => withModel(requests, modelPath(model).slice(1)),
  decodeResponse,
  forwardedHeaders: [],
  mapError,
});

function encodeRequests(request: EmbeddingsRequest, model: string, losses: Losses): readonly JsonObject[] {
  const asked = readAsked(request, { model, losses });
  const settings = knownSettings(asked, SETTINGS, losses);
  return asked.map(({ content }, index) => ({ content, ...settings[index] }));
}

/** Each request of the batch names the model once more, as `models/…`. */
const withModel = (requests: JsonValue | undefined, resource: string): Record<string, JsonValue> =>
  asObjects(requests).every(({ model }) => model === resource)
    ? {}
    : { requests: asObjects(requests).map((each) => ({ ...each, model: resource })) };

function decodeResponse(body: JsonObject): EmbeddingsResponse {
  const vectors = asArray(body.embeddings).map((each) => readVector(asObject(each)?.values));
  if (vectors.length === 0) throw new Error('no vectors');
  return { model: '', vectors, ...readUsage(body) };
}
