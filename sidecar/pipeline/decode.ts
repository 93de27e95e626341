/** From the client's bytes to the canonical request. */
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { AnyDialect, ContentKind } from '#sidecar/dialects/dialect';
import type { Call } from './call.ts';
import { type Content, readContent } from './content.ts';

export const DEFAULT_CONTENT: ContentKind = 'json';

export interface DecodedRequest {
  readonly dialect: AnyDialect;
  readonly content: Content;
  readonly request: CanonicalRequest;
  /** What the client sent, where that names earlier answers in whose place the content has what they said. */
  readonly said?: Said;
}

interface Said {
  readonly content: Content;
  /** The answer that the client goes on from; absent where it named items alone. */
  readonly goesOnFrom?: string;
  /** Where the client said what stands at a path of the content. */
  clientPath(path: string): string;
}

/** Throws `invalid_json`, `duplicate_key` or `invalid_request`. */
export function decode(bytes: Uint8Array, call: Call): DecodedRequest {
  const { content = DEFAULT_CONTENT, readKeys } = call.endpoint.dialect;
  return decodeContent(readContent(content, { bytes, type: call.headers['content-type'], readKeys }), call);
}

/** Of a body that is read already. Throws `invalid_request`. */
export function decodeContent(content: Content, { endpoint: { dialect, values, query } }: Call): DecodedRequest {
  return { dialect, content, request: dialect.decodeRequest(content.body, values, { query, file: content.file }) };
}
