/**
 * What each kind of failure means and what follows from it: the one table that retries, circuit breakers and the reference page go by.
 * A kind that is missing here does not compile.
 */
import type { RetryCondition } from '#contract/resources/route-resilience';
import type { AttemptFailureKind } from './attempt-failure.ts';

export type Follow =
  /** The same target once more after a backoff, if the route retries such failures; else another one. */
  | 'backoff'
  /** The same target once more after the time that the provider states, if that is short; else another one. */
  | 'hint'
  /** Another target; the same one would say the same. */
  | 'next'
  /** Nobody: the request itself is wrong. */
  | 'give-up';

export type Blame =
  /** The service itself does not do its work. */
  | 'provider'
  /** The way to it, which may as well be broken at our end. */
  | 'path'
  /** Our account or its credential. */
  | 'account'
  /** What the client asked for. */
  | 'request'
  | 'nobody';

export interface FailureKindRow {
  /** What was seen, one phrase. */
  readonly meaning: string;
  readonly follow: Follow;
  /** What `retry.on` calls it; null: never tried again on the same target. */
  readonly condition: RetryCondition | null;
  readonly blame: Blame;
}

export const FAILURE_KINDS: Readonly<Record<AttemptFailureKind, FailureKindRow>> = {
  'rate-limited': {
    meaning: '429, or what the API says in its place: too many requests or tokens for now',
    follow: 'hint',
    condition: 'RateLimited',
    blame: 'account',
  },
  quota: {
    meaning: '402, or a 429 that no short wait cures: money, credit or a daily quota is used up',
    follow: 'next',
    condition: null,
    blame: 'account',
  },
  overloaded: {
    meaning: '503, 529, 498 of Groq: the service has no capacity now',
    follow: 'backoff',
    condition: 'Overloaded',
    blame: 'provider',
  },
  'server-error': {
    meaning: '500, 502, 504 and any other 5xx, also inside an answer that began with 200',
    follow: 'backoff',
    condition: 'ServerError',
    blame: 'provider',
  },
  auth: { meaning: '401, 403: the credential is refused', follow: 'next', condition: null, blame: 'account' },
  // Its source has tried more than once already.
  credential: {
    meaning: 'no credential could be had, so that nothing was sent',
    follow: 'next',
    condition: null,
    blame: 'account',
  },
  timeout: {
    meaning: 'no first content within `timeouts.firstToken`, a pause over `timeouts.idle`, or 408',
    follow: 'backoff',
    condition: 'Timeout',
    blame: 'provider',
  },
  rejected: {
    meaning: 'any other 4xx: the request is invalid there',
    follow: 'give-up',
    condition: null,
    blame: 'request',
  },
  'content-filter': {
    meaning: 'refused for its content',
    follow: 'give-up',
    condition: null,
    blame: 'request',
  },
  malformed: {
    meaning: 'a success that is no answer: HTML, half a JSON, an empty body, a stream that ends early',
    follow: 'backoff',
    condition: 'BadResponse',
    blame: 'provider',
  },
  connect: {
    meaning: 'no connection: refused, unreachable, or not within `timeouts.connect`',
    follow: 'backoff',
    condition: 'ConnectFailure',
    blame: 'path',
  },
  dns: {
    meaning: 'the name of the endpoint does not resolve',
    follow: 'backoff',
    condition: 'ConnectFailure',
    blame: 'path',
  },
  tls: {
    meaning: 'the TLS handshake fails, or the certificate is not trusted',
    follow: 'next',
    condition: null,
    blame: 'path',
  },
  reset: {
    meaning: 'the connection is lost after the request was sent',
    follow: 'backoff',
    condition: 'Reset',
    blame: 'provider',
  },
  protocol: {
    meaning: 'an answer that is not HTTP/1.1, or compressed although it was asked not to be',
    follow: 'backoff',
    condition: 'BadResponse',
    blame: 'provider',
  },
  aborted: {
    meaning: 'ended by the sidecar itself',
    follow: 'backoff',
    condition: 'Timeout',
    blame: 'nobody',
  },
};

/** Whether it tells a circuit breaker that the target does not work; what blames others counts neither way. */
export const isOutage = ({ kind }: { readonly kind: AttemptFailureKind }): boolean => {
  const { blame } = FAILURE_KINDS[kind];
  return blame === 'provider' || blame === 'path';
};
