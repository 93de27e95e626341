/** Google's token counting API as clients of the Gemini API and of Vertex AI speak it. */
import type { CountTokensResponse } from '#sidecar/canonical/count-tokens';
import type { JsonObject } from '#sidecar/canonical/json';
import type { VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import type { DialectOf } from '#sidecar/dialects/dialect';
import { invalid, requiredString } from '#sidecar/dialects/field';
import { fieldsOf } from '#sidecar/dialects/gemini-generate-content/proto-names';
import { renderError } from '#sidecar/dialects/gemini-generate-content/render-error';
import { googlePaths } from '#sidecar/dialects/google-paths';
import type { PathValues } from '#sidecar/dialects/path-pattern';

export const geminiCountTokens: DialectOf<'count_tokens'> = {
  id: 'gemini-count-tokens',
  operation: 'count_tokens',
  paths: googlePaths('countTokens'),
  readKeys: ['model', 'contents', 'generateContentRequest', 'generate_content_request'],
  decodeRequest,
  encodeResponse: ({ inputTokens }: CountTokensResponse) => ({ totalTokens: inputTokens }),
  renderError,
};

/** What is counted stands in `contents`, or is a whole request of generateContent. Throws `invalid_request`. */
function decodeRequest(body: JsonObject, values: PathValues): VerbatimRequest<'count_tokens'> {
  const { contents, generateContentRequest } = fieldsOf(body, 'body');
  if ((contents === undefined) === (generateContentRequest === undefined))
    throw invalid('contents', 'given, or generateContentRequest in its place');
  const model = requiredString(values.model, 'model');
  return { operation: 'count_tokens', model, body: { ...body, model }, stream: false, includeUsage: true };
}
