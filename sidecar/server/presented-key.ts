/** The token of an AIKey that a request came with, in whatever place the APIs of clients put keys. Nothing but its digest goes further. */
import type { IncomingMessage } from 'node:http';
import { TOKEN, TOKEN_PREFIX } from '#contract/names/key-token';
import { sha256 } from '#contract/policy/sha256';

type Head = Pick<IncomingMessage, 'headers' | 'url'>;

/** Of what begins as our tokens do and can be none, or of two that differ. */
const NO_TOKEN = '';
const QUERY_TOKEN = `key=${TOKEN_PREFIX}`;

/** SHA-256 of the token, empty where it can be none. undefined: the request comes without one, as nearly all do. */
export function presentedKey({ headers, url = '' }: Head): string | undefined {
  const { authorization } = headers;
  let token = ours(authorization?.includes(TOKEN_PREFIX) ? authorization.replace(/^bearer +/i, '') : undefined);
  token = oneOf(token, ours(headers['x-api-key']));
  token = oneOf(token, ours(headers['api-key']));
  token = oneOf(token, ours(headers['x-goog-api-key']));
  if (url.includes(QUERY_TOKEN)) token = oneOf(token, ours(inQuery(url)));
  if (token === undefined) return undefined;
  return TOKEN.test(token) ? sha256(token) : NO_TOKEN;
}

const ours = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && value.startsWith(TOKEN_PREFIX) ? value : undefined;

const oneOf = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined || a === b ? (a ?? b) : TOKEN_PREFIX;

const inQuery = (url: string): string | undefined =>
  new URLSearchParams(url.slice(url.indexOf('?'))).get('key') ?? undefined;
