/**
 * Google's countTokens, which costs nothing. The Gemini API counts `contents` or a whole request of generateContent
 * (ai.google.dev/api/tokens); Vertex AI takes members of such a request beside the contents instead.
 */
import type { CountTokensResponse } from '#sidecar/canonical/count-tokens';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import { mapError } from '#sidecar/wires/gemini-generate-content/map-error';
import type { Losses } from '#sidecar/wires/losses';
import { asCount, asObject } from '#sidecar/wires/read-field';
import type { WireOf } from '#sidecar/wires/wire';

export interface CountTokensOptions {
  /** For messages to people. */
  readonly name: string;
  /** Path of a model under the endpoint. */
  modelPath(model: string): string;
  /** Takes a request of generateContent as a whole. */
  readonly takesWhole: boolean;
}

const WHOLE = ['generateContentRequest', 'generate_content_request'] as const;
/** What Vertex AI counts; nothing else of a request has tokens. */
const COUNTED = [
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'generationConfig',
  'generation_config',
];

const wholeOf = (body: JsonObject): JsonObject | undefined => asObject(body[WHOLE[0]] ?? body[WHOLE[1]]);

export const geminiCountTokensWire = (options: CountTokensOptions): WireOf<'count_tokens'> => ({
  id: 'gemini-count-tokens',
  operation: 'count_tokens',
  ownClientsOnly: true,
  name: options.name,
  path: (model) => `${options.modelPath(model)}:countTokens`,
  encodeRequest: (request, model, losses) => encodeRequest(options, request, { model, losses }),
  canPass: ({ body }) => (options.takesWhole ? isBare(body) || wholeOf(body) !== undefined : !wholeOf(body)),
  passthroughEdits: (body, { model }) => withModel(body, options.modelPath(model).slice(1)),
  decodeResponse,
  forwardedHeaders: [],
  mapError,
});

const isBare = (body: JsonObject): boolean => Object.keys(body).every((name) => name === 'contents');

/** The model stands in the path, and once more in a whole request. */
function withModel(body: JsonObject, resource: string): Record<string, JsonValue | undefined> {
  const whole = wholeOf(body);
  const named = whole && { [body[WHOLE[0]] === undefined ? WHOLE[1] : WHOLE[0]]: { ...whole, model: resource } };
  return { ...named, ...(body.model !== undefined && { model: undefined }) };
}

function encodeRequest(
  { takesWhole, modelPath }: CountTokensOptions,
  request: VerbatimRequest,
  { model, losses }: { readonly model: string; readonly losses: Losses },
): JsonObject {
  const { model: _, ...body } = request.body;
  const { model: __, ...asked } = wholeOf(body) ?? body;
  if (takesWhole)
    return isBare(asked) ? asked : { generateContentRequest: { model: modelPath(model).slice(1), ...asked } };
  for (const name of Object.keys(asked)) if (!COUNTED.includes(name)) losses.note(name);
  return Object.fromEntries(Object.entries(asked).filter(([name]) => COUNTED.includes(name)));
}

function decodeResponse(body: JsonObject): CountTokensResponse {
  const inputTokens = asCount(body.totalTokens);
  if (inputTokens === undefined) throw new Error('no count');
  return { model: '', inputTokens, usage: NO_USAGE };
}
