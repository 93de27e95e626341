/** What is refused before a body is read: heads that two parsers could read differently, and names that we do not know. */
import type { IncomingMessage } from 'node:http';
import { REMORA_HEADER_PREFIX, REQUEST_HEADER } from '#contract/names/headers';
import { LATENCIES } from '#contract/resources/request-class';
import type { ContentKind } from '#sidecar/dialects/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { isPriority } from '#sidecar/pipeline/admission/priority';

const KNOWN_HEADERS: ReadonlySet<string> = new Set(Object.values(REQUEST_HEADER));
/** A host that holds one of these is read as a part of a URL by some parsers. */
const NOT_IN_HOST = /[/?#@\\\s]/;

/** By how the body is to be written: what its Content-Type must be, and the advice where it is not. A body without one is taken for JSON. */
const CONTENT: Readonly<Record<ContentKind, { readonly type: RegExp; readonly advice: string }>> = {
  json: {
    type: /^(application\/([a-z0-9.+-]+\+)?json\s*(;|$)|$)/i,
    advice: 'The request body is not declared as JSON. Send it with Content-Type: application/json.',
  },
  none: { type: /^/, advice: '' },
  form: {
    type: /^multipart\/form-data\s*;/i,
    advice: 'The request body is not declared as a form. Send it with Content-Type: multipart/form-data.',
  },
};

/** The path without its query. Throws `invalid_host`, `unknown_header` or `invalid_request`. */
export function checkHead(request: Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'url'>): string {
  checkHeaders(request.rawHeaders);
  checkFraming(request.headers['transfer-encoding']);
  checkLatency(request.headers[REQUEST_HEADER.latency]);
  checkRegion(request.headers[REQUEST_HEADER.region]);
  const target = request.url ?? '';
  if (!target.startsWith('/')) {
    throw invalidHost('The request target is not a path. Send the path alone and the host in the Host header.');
  }
  return pathOf(target);
}

/** Without the query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** Empty where there is none. Without the key that some clients of Google put there, which goes no further. */
export function queryOf(target: string): URLSearchParams {
  const query = new URLSearchParams(target.slice(pathOf(target).length));
  query.delete('key');
  return query;
}

/** Throws `unsupported_content_type`. */
export function checkContent(request: IncomingMessage, kind: ContentKind = 'json'): void {
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw contentType('The request body is compressed. Send it without Content-Encoding.');
  }
  const { type, advice } = CONTENT[kind];
  if (!type.test(request.headers['content-type'] ?? '')) throw contentType(advice);
}

/** One walk over the raw list, since Node's parsed headers hide a second Host. */
function checkHeaders(raw: readonly string[]): void {
  let hosts = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    // By length first: nearly every header is neither, and lower case costs a copy.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      hosts += 1;
      if (isBadHost(raw[index + 1] ?? ''))
        throw invalidHost('The Host header is empty or malformed. Send one plain host.');
    } else if (name.length >= REMORA_HEADER_PREFIX.length && /^x-remora-/i.test(name)) {
      checkOwnHeader(name.toLowerCase(), raw[index + 1] ?? '');
    }
  }
  if (hosts !== 1) throw invalidHost(`The request has ${hosts} Host headers. Send exactly one.`);
}

const isBadHost = (host: string): boolean => host === '' || NOT_IN_HOST.test(host);

/** What is wrong with a value, and what to do. */
const WORDS: Readonly<Record<string, (value: string) => string | undefined>> = {
  [REQUEST_HEADER.priority]: (value) => (isPriority(value) ? undefined : 'names no class. Send high, normal or low'),
  [REQUEST_HEADER.explain]: (value) => (value === 'true' ? undefined : 'must be true. Correct it'),
  [REQUEST_HEADER.cache]: (value) =>
    value === 'no-cache' || value === 'no-store' ? undefined : 'must be no-cache or no-store. Correct it',
};

function checkOwnHeader(name: string, value: string): void {
  const wrong = WORDS[name]?.(value);
  if (wrong !== undefined)
    throw new RemoraError({
      code: 'invalid_request',
      message: `The header ${name} ${wrong}, or leave it out.`,
      param: name,
    });
  if (KNOWN_HEADERS.has(name)) return;
  const shown = name.slice(0, 64).replace(/[^a-z0-9_-]/g, '?');
  throw new RemoraError({
    code: 'unknown_header',
    message: `The header ${shown} is not one of ours. Remove it, or use ${[...KNOWN_HEADERS].join(' or ')}.`,
    param: shown,
  });
}

const LATENCY_WORDS: readonly string[] = Object.values(LATENCIES);

/** Twice is refused too, since it says two things or one needlessly: Node joins them. */
function checkLatency(stated: string | string[] | undefined): void {
  if (stated === undefined || (typeof stated === 'string' && LATENCY_WORDS.includes(stated))) return;
  throw new RemoraError({
    code: 'invalid_request',
    message: `The header ${REQUEST_HEADER.latency} must be ${LATENCY_WORDS.join(' or ')}. Correct it, or leave it out.`,
    param: REQUEST_HEADER.latency,
  });
}

/** What a label can say as well, and once. */
const REGION = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function checkRegion(stated: string | string[] | undefined): void {
  if (stated === undefined || (typeof stated === 'string' && REGION.test(stated))) return;
  throw new RemoraError({
    code: 'invalid_request',
    message: `The header ${REQUEST_HEADER.region} must name one region by letters, digits, "-", "_" and ".", such as eu. Correct it, or leave it out.`,
    param: REQUEST_HEADER.region,
  });
}

/** Node refuses most doubtful framing; a coding before `chunked` it lets through and does not decode. */
function checkFraming(transferEncoding: string | undefined): void {
  if (transferEncoding === undefined || transferEncoding.toLowerCase() === 'chunked') return;
  throw new RemoraError({
    code: 'invalid_request',
    status: 501,
    message: 'The Transfer-Encoding is not supported. Send the body with Content-Length or as chunked alone.',
  });
}

const invalidHost = (message: string): RemoraError => new RemoraError({ code: 'invalid_host', message });
const contentType = (message: string): RemoraError => new RemoraError({ code: 'unsupported_content_type', message });
