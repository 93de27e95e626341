/** The answer to a question of how many tokens a request has, and an estimate for targets whose API does not answer it. */

import type { JsonObject, JsonValue } from './json.ts';
import type { Usage } from './usage.ts';
import { foldEach } from './walk.ts';

export interface CountTokensResponse {
  /** Empty: no API says which model counted. */
  readonly model: string;
  readonly inputTokens: number;
  /** Of the counting itself, which costs nothing. */
  readonly usage: Usage;
}

/** Bytes of text that a token has on average; within a tenth on prose and code. */
const BYTES_PER_TOKEN = 4;
/** Of an image or a file, whatever its size: near what an image of full resolution costs at most providers. */
const TOKENS_PER_MEDIUM = 1_600;

/** Of so many bytes of text and so many images or files. At least 1. */
export const tokensOf = (bytes: number, media: number): number =>
  Math.max(1, Math.ceil(bytes / BYTES_PER_TOKEN) + media * TOKENS_PER_MEDIUM);

/** At least 1. Names of members count too, since a JSON schema is mostly names; base64 data counts as one medium. */
export const estimateTokens = (value: JsonValue): number => tokensOf(textBytes(value), mediaIn(value));

function textBytes(value: JsonValue | undefined): number {
  if (typeof value === 'string') return isDataUrl(value) ? 0 : Buffer.byteLength(value);
  if (value === null || typeof value !== 'object') return String(value ?? '').length;
  if (Array.isArray(value)) return sumOf(value, textBytes);
  if (isMedium(value)) return 0;
  return sumOf(Object.entries(value), ([key, member]) => key.length + textBytes(member));
}

function mediaIn(value: JsonValue | undefined): number {
  if (typeof value === 'string') return isDataUrl(value) ? 1 : 0;
  if (value === null || typeof value !== 'object') return 0;
  if (!Array.isArray(value) && isMedium(value)) return 1;
  return sumOf(Object.values(value), mediaIn);
}

const sumOf = <T>(items: readonly T[], numberOf: (item: T) => number): number =>
  foldEach(
    items,
    () => ({ sum: 0 }),
    (state, item) => {
      const more = numberOf(item);
      state.sum += more;
    },
  ).sum;

/** As OpenAI's APIs carry one. */
const isDataUrl = (text: string): boolean => text.startsWith('data:') && text.slice(0, 100).includes(';base64,');

/** As Anthropic writes one, and Google in either spelling of its names. */
const isMedium = ({ type, data, mimeType, mime_type }: JsonObject): boolean =>
  typeof data === 'string' && (type === 'base64' || typeof (mimeType ?? mime_type) === 'string');
