/** Parses a request body (RFC 8259) into one JSON object, refusing what is not UTF-8, not JSON, not an object or nested too deep. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { endOfString } from './end-of-string.ts';

export type BodyFailureReason = 'empty' | 'not-utf8' | 'syntax' | 'too-deep' | 'not-object' | 'too-many' | 'long-key';

export type ParsedBody =
  | { readonly ok: true; readonly body: JsonObject }
  /** `message` says in one sentence what is wrong and never quotes the body. */
  | { readonly ok: false; readonly reason: BodyFailureReason; readonly message: string };

export const DEFAULT_MAX_DEPTH = 64;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const QUOTE = 0x22;

type Failure = Extract<ParsedBody, { ok: false }>;

const WORDS: Readonly<Record<BodyFailureReason, string>> = {
  empty: 'The body is empty.',
  'not-utf8': 'The body is not valid UTF-8.',
  syntax: 'The body is not valid JSON.',
  'too-deep': 'The body nests deeper than',
  'not-object': 'The body is JSON, but not an object.',
  'too-many': 'The body holds more values than a request can need.',
  'long-key': 'The body has a key of hundreds of kilobytes.',
};

export const failureOf = (reason: BodyFailureReason, { maxDepth }: { readonly maxDepth: number }): Failure => ({
  ok: false,
  reason,
  message: reason === 'too-deep' ? `${WORDS[reason]} ${maxDepth} levels.` : WORDS[reason],
});

/** Never throws. `__proto__` becomes an own member, as JSON.parse makes it, and changes no prototype. */
export function parseBody(bytes: Uint8Array, limits: { readonly maxDepth: number }): ParsedBody {
  if (bytes.length === 0) return failureOf('empty', limits);
  if (isDeeperThan(bytes, limits.maxDepth)) return failureOf('too-deep', limits);
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return failureOf('not-utf8', limits);
  }
  const value = parseJson(text);
  if (value === undefined) return failureOf('syntax', limits);
  return isJsonObject(value) ? { ok: true, body: value } : failureOf('not-object', limits);
}

/** The parsed value, or undefined when the text is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Counts brackets outside strings before anything is parsed, so that depth costs no stack. */
function isDeeperThan(bytes: Uint8Array, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at) - 1;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}
