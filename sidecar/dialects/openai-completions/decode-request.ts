/** OpenAI's legacy completions request: kept as it came, with what metering and budgets need. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import {
  optionalBoolean,
  optionalInteger,
  optionalObject,
  optionalString,
  requiredString,
} from '#sidecar/dialects/field';
import type { PathValues } from '#sidecar/dialects/path-pattern';

export const READ_KEYS: readonly string[] = [
  'model',
  'prompt',
  'max_tokens',
  'n',
  'best_of',
  'stream',
  'stream_options',
  'user',
];

/** A model of the path wins over that of the body, as at Azure. Throws `invalid_request`. */
export function decodeRequest(body: JsonObject, { model }: PathValues = {}): VerbatimRequest<'text_completion'> {
  const maxOutputTokens = optionalInteger(body.max_tokens, 'max_tokens', 0);
  const user = optionalString(body.user, 'user');
  const streamOptions = optionalObject(body.stream_options, 'stream_options');
  return {
    operation: 'text_completion',
    model: model ?? requiredString(body.model, 'model'),
    body,
    choiceCount: choicesOf(body) * promptsIn(body.prompt),
    stream: optionalBoolean(body.stream, 'stream') ?? false,
    includeUsage: optionalBoolean(streamOptions?.include_usage, 'stream_options.include_usage') ?? false,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(user !== undefined && { user }),
  };
}

/** The candidates of `best_of` are billed, also those that are not returned. */
const choicesOf = (body: JsonObject): number =>
  Math.max(optionalInteger(body.n, 'n', 1) ?? 1, optionalInteger(body.best_of, 'best_of', 1) ?? 1);

/** An array of numbers is one prompt; an array of anything else is one prompt each. */
const promptsIn = (prompt: JsonValue | undefined): number =>
  Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
