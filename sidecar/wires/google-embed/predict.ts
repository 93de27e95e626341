/** Vertex AI's predict as its text embedding models answer it (cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api). */
import type { EmbeddingsRequest, EmbeddingsResponse } from '#sidecar/canonical/embeddings';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { mapError } from '#sidecar/wires/gemini-generate-content/map-error';
import type { Losses } from '#sidecar/wires/losses';
import { asArray, asCount, asObject } from '#sidecar/wires/read-field';
import { readVector } from '#sidecar/wires/read-vector';
import { textsOf } from '#sidecar/wires/texts-of';
import type { WireOf } from '#sidecar/wires/wire';
import { knownSettings, onlyOne, readAsked } from './asked.ts';
import type { WireOptions } from './wire-options.ts';

/** The same in an instance and in this API's own words. */
const OF_INSTANCE = { taskType: 'task_type', title: 'title', mimeType: 'mimeType' } as const;
const OF_ALL = ['outputDimensionality', 'autoTruncate'];
const SETTINGS = [...Object.keys(OF_INSTANCE), ...OF_ALL];
/** The page of the API: "supports one instance per request". */
const ONE_TEXT = /^gemini-embedding-001$/;

export const predictWire = ({ name, modelPath }: WireOptions): WireOf<'embeddings'> => ({
  id: 'vertex-predict',
  operation: 'embeddings',
  name,
  path: (model) => `${modelPath(model)}:predict`,
  encodeRequest,
  decodeResponse,
  forwardedHeaders: [],
  mapError,
});

function encodeRequest(request: EmbeddingsRequest, model: string, losses: Losses): JsonObject {
  const texts = textsOf(request.input, losses);
  const asked = readAsked(request, { model, losses, byDefault: { autoTruncate: false } });
  if (ONE_TEXT.test(model)) onlyOne(asked, losses);
  const settings = knownSettings(asked, SETTINGS, losses);
  const parameters = parametersOf(settings, losses);
  return {
    instances: texts.map((content, index) => ({ content, ...instanceOf(settings[index]) })),
    ...(Object.keys(parameters).length > 0 && { parameters }),
  };
}

const instanceOf = (settings: JsonObject = {}): JsonObject =>
  Object.fromEntries(
    Object.entries(OF_INSTANCE).flatMap(([name, word]) =>
      settings[name] === undefined ? [] : [[word, settings[name]]],
    ),
  );

/** One length and one rule for all of a request. */
function parametersOf(settings: readonly JsonObject[], losses: Losses): JsonObject {
  const [first = {}] = settings;
  for (const name of OF_ALL) if (settings.some((each) => each[name] !== first[name])) losses.refuse(`requests.${name}`);
  return Object.fromEntries(OF_ALL.flatMap((name) => (first[name] === undefined ? [] : [[name, first[name]]])));
}

/** Tokens are told per text. */
function decodeResponse({ predictions }: JsonObject): EmbeddingsResponse {
  const answers = asArray(predictions).map((each) => asObject(asObject(each)?.embeddings));
  if (answers.length === 0) throw new Error('no vectors');
  const counts = answers.map((answer) => asCount(asObject(answer?.statistics)?.token_count));
  const inputTokens = counts.reduce<number | undefined>(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
  return {
    model: '',
    vectors: answers.map((answer) => readVector(answer?.values)),
    ...(inputTokens !== undefined && { usage: { ...NO_USAGE, inputTokens } }),
  };
}
