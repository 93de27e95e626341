/** Sorts what undici and the socket layer throw into the few kinds that the attempt loop decides by. */
import type { UpstreamFaultKind } from '#sidecar/errors/attempt-failure';
import { UpstreamFault } from './upstream.ts';

const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const RESETS: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']);
/** Of getaddrinfo. */
const DNS: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_FAIL',
  'EAI_MEMORY',
]);
/** A door that closed just now may be open at once, as while a load balancer moves; one that did not answer in time is not. */
const AT_THE_DOOR: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

const SENTENCE: Readonly<Record<UpstreamFaultKind, string>> = {
  dns: 'The name of the provider could not be resolved.',
  connect: 'No connection to the provider could be made.',
  timeout: 'The provider did not answer in time.',
  reset: 'The provider closed the connection.',
  tls: 'The TLS handshake with the provider failed.',
  aborted: 'The exchange was ended by the gateway.',
  protocol: 'The provider did not speak HTTP/1.1 as the standard says.',
};

/** `requestSent`: bytes of the request were handed to a socket before the error. */
export function faultOf(error: unknown, requestSent: boolean): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  const code = codeOf(error);
  const kind = kindOf(code, requestSent);
  // The text of foreign errors may hold addresses or header bytes; only its code is shown.
  const message = code === '' ? SENTENCE[kind] : `${SENTENCE[kind].slice(0, -1)} (${code}).`;
  return new UpstreamFault(kind, requestSent, message, error);
}

function kindOf(code: string, requestSent: boolean): UpstreamFaultKind {
  if (TLS.test(code)) return 'tls';
  if (DNS.has(code)) return 'dns';
  if (!requestSent) return 'connect';
  if (TIMEOUTS.has(code)) return 'timeout';
  if (RESETS.has(code)) return 'reset';
  return 'protocol';
}

/** No byte of the request was sent, and a new connection may well stand. */
export const isClosedDoor = ({ kind, requestSent, cause }: UpstreamFault): boolean =>
  kind === 'connect' && !requestSent && AT_THE_DOOR.has(codeOf(cause));

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code) ? error.code : '';
}
