/** A spec without what may be a secret. Resources name Secrets and hold none, but nothing keeps anybody from writing one into free text. Pure. */
import { canonicalJson, type Json } from '#contract/policy/canonical-json';
import { sha256 } from '#contract/policy/sha256';

const MASK = '[redacted]';
/** Of members, and of what is named in a list of names and values, such as headers. */
const SECRET_NAME =
  /(?:authorization|password|passwd|secret|api[-_]?key|credentials?|cookie|(?:access|auth|bearer|refresh|api)[-_]?token|^token)$/i;
const USER_OF_URL = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi;
const QUERY_OF_URL = /([?&][^=&\s#]+=)[^&\s#]+/g;
const SCHEME_AND_TOKEN = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
/** Keys by how those begin that services give out, and JSON Web Tokens. */
const KEY =
  /\b(?:(?:sk|pk|rk|whsec|hf|ghp|gho|glpat)[-_][\w-]{16,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,}|eyJ[\w-]+\.[\w-]+\.[\w-]*)/g;

/** In place of every text that may be a secret `[redacted]`. */
export function masked(value: Json): Json {
  if (typeof value === 'string') return maskedText(value);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(masked);
  const isSecret = typeof value.name === 'string' && SECRET_NAME.test(value.name);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const hides = typeof member === 'string' && (SECRET_NAME.test(key) || (isSecret && key === 'value'));
      return [key, hides || member === undefined ? MASK : masked(member)];
    }),
  );
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function maskedText(text: string): string {
  const plain = text.replace(USER_OF_URL, `$1${MASK}@`).replace(SCHEME_AND_TOKEN, `$1 ${MASK}`).replace(KEY, MASK);
  return plain.includes('://') ? plain.replace(QUERY_OF_URL, `$1${MASK}`) : plain;
}

/** Of the spec as it is, so that it is the same wherever somebody sees it. */
export const specDigest = (spec: Json | undefined): string => sha256(canonicalJson(spec)).slice(0, 32);
