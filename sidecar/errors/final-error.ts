/** What the client is told when no target could answer: the table from the last failure to the closed set of error codes. */
import type { ErrorCode } from '#contract/names/error-codes';
import type { AttemptFailure, AttemptFailureKind } from './attempt-failure.ts';
import { RemoraError, type RemoraErrorOptions } from './remora-error.ts';

interface FinalForm {
  readonly code: ErrorCode;
  readonly sentence: (failure: AttemptFailure) => string;
  /** Whether the provider's own status is passed on. */
  readonly keepsStatus?: (status: number) => boolean;
}

const answered = (failure: AttemptFailure): string =>
  failure.status === undefined
    ? ''
    : ` (HTTP ${failure.status}${failure.type === undefined ? '' : ` ${failure.type}`})`;

/** A provider's words as a sentence. */
const ended = (words: string): string => (/[.!?\u2026]$/.test(words) ? words : `${words}.`);

const late = (failure: AttemptFailure): string =>
  `AIProvider ${failure.provider} did not answer in time ${NOBODY_ELSE} Retry later, or raise the timeout of the AIRoute.`;

const NOBODY_ELSE = 'and no other target could answer.';

/** What the client is told when a failure of this kind is the last. */
export const finalCodeOf = (kind: AttemptFailureKind): ErrorCode => FORMS[kind].code;

const FORMS: Readonly<Record<AttemptFailureKind, FinalForm>> = {
  'rate-limited': {
    code: 'upstream_rate_limited',
    sentence: (f) =>
      `AIProvider ${f.provider} limits the rate${answered(f)} ${NOBODY_ELSE} Retry ${f.retryAfterMs === undefined ? 'later' : 'after the stated time'}, or add a fallback.`,
  },
  quota: {
    code: 'upstream_rate_limited',
    sentence: (f) =>
      `The account of AIProvider ${f.provider} has no quota left${answered(f)} ${NOBODY_ELSE} Raise the quota at the provider or add a fallback.`,
  },
  overloaded: {
    code: 'upstream_overloaded',
    sentence: (f) =>
      `AIProvider ${f.provider} is overloaded${answered(f)} ${NOBODY_ELSE} Retry later, or add a fallback.`,
    keepsStatus: (status) => status === 529,
  },
  'server-error': {
    code: 'upstream_error',
    sentence: (f) => `AIProvider ${f.provider} failed${answered(f)} ${NOBODY_ELSE} Retry later, or add a fallback.`,
  },
  auth: {
    code: 'upstream_auth',
    sentence: (f) =>
      `AIProvider ${f.provider} refused its credential${answered(f)} ${NOBODY_ELSE} Correct the Secret that the AIProvider names.`,
  },
  credential: { code: 'credential_unavailable', sentence: (f) => f.message },
  timeout: { code: 'upstream_timeout', sentence: late },
  rejected: {
    code: 'upstream_rejected',
    sentence: (f) =>
      `AIProvider ${f.provider} refused the request as invalid${answered(f)}: ${ended(f.message)} Correct what it names and send the request again.`,
    keepsStatus: (status) => status >= 400 && status < 500,
  },
  'content-filter': {
    code: 'upstream_rejected',
    sentence: (f) =>
      `AIProvider ${f.provider} refused the request for its content${answered(f)}: ${ended(f.message)} Change the content, or ask for a model of another provider.`,
    keepsStatus: (status) => status >= 400 && status < 500,
  },
  malformed: {
    code: 'bad_upstream_response',
    sentence: (f) =>
      `AIProvider ${f.provider} answered something that is not its API. Check that its endpoint is the API of its type. ${f.message}`,
  },
  protocol: {
    code: 'bad_upstream_response',
    sentence: (f) =>
      `AIProvider ${f.provider} answered something that is not its API. Check that its endpoint is the API of its type. ${f.message}`,
  },
  connect: {
    code: 'connect_failed',
    sentence: (f) =>
      `AIProvider ${f.provider} could not be reached. Check its endpoint, DNS and egress rules. ${f.message}`,
  },
  dns: {
    code: 'connect_failed',
    sentence: (f) =>
      `The name of the endpoint of AIProvider ${f.provider} could not be resolved. Check the endpoint, and DNS of this pod. ${f.message}`,
  },
  tls: {
    code: 'connect_failed',
    sentence: (f) => `AIProvider ${f.provider} could not be reached safely. Check its certificate. ${f.message}`,
  },
  reset: {
    code: 'upstream_error',
    sentence: (f) => `AIProvider ${f.provider} closed the connection ${NOBODY_ELSE} Retry later, or add a fallback.`,
  },
  aborted: { code: 'upstream_timeout', sentence: late },
};

/**
 * `failures` in order of the attempts, at least one. The last one decides, but a refused or missing credential only when nothing else
 * was seen: a caller can act on a rate limit and not on somebody's Secret. `notTried`: a sentence on targets that could have been meant to help.
 */
export function finalError(failures: readonly AttemptFailure[], notTried = ''): RemoraError {
  const failure = failures.findLast(({ kind }) => kind !== 'auth' && kind !== 'credential') ?? failures.at(-1);
  if (failure === undefined) return RemoraError.from(new Error('no attempt failed'));
  const form = FORMS[failure.kind];
  const keeps = failure.status !== undefined && form.keepsStatus?.(failure.status) === true;
  return new RemoraError({
    code: form.code,
    message: `${form.sentence(failure)} ${notTried}`.trimEnd(),
    object: `AIProvider ${failure.provider}`,
    upstream: upstreamOf(failure),
    ...(keeps ? { status: failure.status } : {}),
    ...(failure.param === undefined ? {} : { param: failure.param }),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
}

/** The answer had begun: no other target can take it over. */
export const brokenStreamError = (failure: AttemptFailure): RemoraError =>
  new RemoraError({
    code: 'stream_broken',
    message: `AIProvider ${failure.provider} ended the stream early. Send the request again if the partial answer is not enough.`,
    object: `AIProvider ${failure.provider}`,
    upstream: upstreamOf(failure),
  });

const upstreamOf = ({ provider, status, type, code, requestId }: AttemptFailure): RemoraErrorOptions['upstream'] => ({
  provider,
  ...(status === undefined ? {} : { status }),
  ...(type === undefined ? {} : { type }),
  ...(code === undefined ? {} : { code }),
  ...(requestId === undefined ? {} : { requestId }),
});
