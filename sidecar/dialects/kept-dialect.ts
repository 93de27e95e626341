/** The dialect of one endpoint of an API for what accounts keep: what it is about is said by the path, and goes on as the client wrote it. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { KeptOperation, KeptRequest, KeptResponse, LaterCall } from '#sidecar/canonical/kept-request';
import type { AnyDialect, Beside, DialectOf, Method } from './dialect.ts';
import { invalid } from './field.ts';
import type { PathValues } from './path-pattern.ts';

/** What is read of a body beside its text. */
export interface KeptBody {
  /** Ids of what must be there already. */
  readonly names?: readonly string[];
  readonly file?: KeptRequest['file'];
  readonly later?: readonly LaterCall[];
  readonly mustRewrite?: boolean;
}

export interface KeptEndpoint {
  readonly operation: KeptOperation;
  readonly method?: Method;
  /** Under the version; every place is the name of something, and the first one an id. */
  readonly path: string;
  /** Default: `none`. */
  readonly content?: AnyDialect['content'];
  /** Top-level keys that `read` reads; twice in one body is refused. */
  readonly readKeys?: readonly string[];
  /** Throws `invalid_request`. */
  read?(body: JsonObject, beside: Beside): KeptBody;
  readonly answersBytes?: true;
  /** What is to be done where the id is one that was made here; undefined: an account gave it. */
  ofSidecar?(id: string, query: URLSearchParams): KeptRequest['ofSidecar'];
  /** What of the answer must be another one for the client. Absent: it goes through as it came. */
  rewrite?(answer: JsonObject): JsonObject;
}

/** What all endpoints of an API have in common. */
export interface KeptApi extends Pick<AnyDialect, 'id' | 'renderError' | 'requestIdHeader' | 'isAskedBy'> {
  /** What precedes the paths: clients differ in what of it the base URL includes. */
  readonly prefixes: readonly string[];
}

const NOTHING_BESIDE: Beside = { query: new URLSearchParams(), file: () => undefined };
const NO_KEYS: readonly string[] = [];

export const keptDialect = ({ prefixes, ...api }: KeptApi, endpoint: KeptEndpoint): DialectOf<KeptOperation> => {
  const { operation, method = 'POST', path, content = 'none', readKeys = NO_KEYS, rewrite } = endpoint;
  return {
    ...api,
    operation,
    method,
    paths: prefixes.map((prefix) => prefix + path),
    content,
    readKeys,
    decodeRequest: (body, values, beside = NOTHING_BESIDE) => decodeRequest(api.id, endpoint, { body, values, beside }),
    ...(rewrite && { encodeResponse: ({ body }: KeptResponse) => rewrite(body) }),
    keeping: ({ keeping }) => keeping,
  };
};

interface Asked {
  readonly body: JsonObject;
  readonly values: PathValues;
  readonly beside: Beside;
}

function decodeRequest(api: string, endpoint: KeptEndpoint, { body, values, beside }: Asked): KeptRequest {
  const { operation, method = 'POST', path, read, answersBytes } = endpoint;
  const { names = [], ...more } = read?.(body, beside) ?? {};
  const [id] = Object.values(values);
  const query = beside.query.toString();
  const ofSidecar = id === undefined ? undefined : endpoint.ofSidecar?.(id, beside.query);
  return {
    operation,
    model: '',
    method,
    path: pathOf(path, values) + (query === '' ? '' : `?${query}`),
    body,
    keeping: { by: api, names: id === undefined ? names : [id, ...names] },
    ...more,
    ...(ofSidecar && { ofSidecar }),
    ...(endpoint.rewrite && { mustRewrite: true }),
    ...(answersBytes && { answersBytes }),
    stream: false,
    includeUsage: true,
  };
}

/** In an id, of what servers that decode a path before they route it would make another path. */
const LEADS_ELSEWHERE = /[/\\?#%;\s\p{Cc}]|^\.{0,2}$/u;

/** A dot segment would lead elsewhere, with our credential (RFC 3986, section 5.2.4). */
const pathOf = (pattern: string, values: PathValues): string =>
  pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    if (LEADS_ELSEWHERE.test(value)) throw invalid(name, 'an id');
    return encodeURIComponent(value);
  });
