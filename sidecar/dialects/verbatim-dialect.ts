/** The dialect of an API of which hardly more than the model is read: all else of a request and its answer stays as it came. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { VerbatimOperation, VerbatimRequest } from '#sidecar/canonical/verbatim-request';
import type { AnyDialect, DialectOf } from './dialect.ts';
import { optionalString, requiredString } from './field.ts';

type Stated = 'id' | 'paths' | 'content' | 'besideAnswer' | 'limitHeaders' | 'renderError';

export interface VerbatimOptions extends Pick<AnyDialect, Stated> {
  readonly operation: VerbatimOperation;
  /** What a request without a model asks for. Default: it is refused. */
  readonly defaultModel?: string;
}

/** The last two say how much is billed. */
const READ_KEYS: readonly string[] = ['model', 'user', 'stream', 'n', 'input'];

export const verbatimDialect = ({ defaultModel, ...options }: VerbatimOptions): DialectOf<VerbatimOperation> => ({
  ...options,
  readKeys: READ_KEYS,
  // A model of the path wins over that of the body, as at Azure.
  decodeRequest: (body, { model }) => decodeRequest(options.operation, body, model ?? body.model ?? defaultModel),
});

function decodeRequest(operation: VerbatimOperation, body: JsonObject, model: JsonValue | undefined): VerbatimRequest {
  const user = optionalString(body.user, 'user');
  return {
    operation,
    model: requiredString(model, 'model'),
    body,
    // In a form all values are text.
    stream: body.stream === true || body.stream === 'true',
    includeUsage: true,
    ...(user !== undefined && { user }),
  };
}
