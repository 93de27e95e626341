/** OpenAI's embeddings request → canonical request. What this API alone knows stays in `extensions`, verbatim. */
import type { EmbeddingPurpose, EmbeddingsInput, EmbeddingsRequest } from '#sidecar/canonical/embeddings';
import type { Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { invalid, optionalInteger, optionalString, requiredString, restOf } from '#sidecar/dialects/field';
import type { PathValues } from '#sidecar/dialects/path-pattern';

/** `input_type` is not OpenAI's, but what servers of its API ask for whose models tell queries from documents. */
export const READ_KEYS: readonly string[] = ['model', 'input', 'dimensions', 'encoding_format', 'user', 'input_type'];

const KNOWN = new Set(READ_KEYS);

/** As Voyage, NVIDIA and Cohere name them. */
const PURPOSES: Readonly<Record<string, EmbeddingPurpose>> = {
  query: 'query',
  search_query: 'query',
  document: 'document',
  passage: 'document',
  search_document: 'document',
  classification: 'classification',
  clustering: 'clustering',
};

/** A model of the path wins over that of the body, as at Azure. Throws `invalid_request`. */
export function decodeRequest(body: JsonObject, { model }: PathValues = {}): EmbeddingsRequest {
  const dimensions = optionalInteger(body.dimensions, 'dimensions', 1);
  const user = optionalString(body.user, 'user');
  const purpose = PURPOSES[optionalString(body.input_type, 'input_type') ?? ''];
  return {
    operation: 'embeddings',
    model: model ?? requiredString(body.model, 'model'),
    input: decodeInput(body.input),
    encoding: decodeEncoding(body.encoding_format),
    stream: false,
    includeUsage: false,
    extensions: decodeExtensions(body),
    ...(dimensions !== undefined && { dimensions }),
    ...(purpose !== undefined && { purpose }),
    ...(user !== undefined && { user }),
  };
}

const EXPECTED = 'a text, an array of texts, an array of token ids, or an array of such arrays';

function decodeInput(value: JsonValue | undefined): EmbeddingsInput {
  if (typeof value === 'string') return { kind: 'texts', texts: [value] };
  if (!Array.isArray(value) || value.length === 0) throw invalid('input', EXPECTED);
  if (isTokens(value)) return { kind: 'tokens', tokens: [value] };
  if (value.every((item) => typeof item === 'string')) return { kind: 'texts', texts: value };
  if (value.every(isTokens)) return { kind: 'tokens', tokens: value };
  throw invalid('input', EXPECTED);
}

const isTokens = (value: JsonValue): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number' && Number.isInteger(item));

function decodeEncoding(value: JsonValue | undefined): EmbeddingsRequest['encoding'] {
  const encoding = optionalString(value, 'encoding_format') ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') throw invalid('encoding_format', "'float' or 'base64'");
  return encoding;
}

function decodeExtensions(body: JsonObject): Extensions {
  const essential = restOf(body, KNOWN) ?? {};
  const restated: JsonObject = body.input_type == null ? {} : { input_type: body.input_type };
  return { 'openai-embeddings': { essential, inert: {}, restated } };
}
