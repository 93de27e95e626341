/** Turns what went wrong in an exchange into the failure that the attempt loop decides by, with what it may have cost. */
import type { ProviderFailure } from '#sidecar/canonical/failure';
import type { CredentialUnavailable } from '#sidecar/credentials/credential-source';
import { AttemptFailed, type AttemptFailure } from '#sidecar/errors/attempt-failure';
import { parseJson } from '#sidecar/json/body';
import { readWhole } from '#sidecar/upstream/read-whole';
import { UpstreamFault, type UpstreamResponse } from '#sidecar/upstream/upstream';
import type { Candidate } from './candidate.ts';
import type { Plan } from './plan.ts';
import { redactorFor } from './redact-credential.ts';
import { LONGEST_HINT_MS, limitResetMs, retryAfterMs } from './retry-after.ts';

/** A refusal is a few sentences; more is not read. */
const REFUSAL_LIMIT_BYTES = 256 * 1024;
const UTF8 = new TextDecoder();

type Detail = Omit<AttemptFailure, 'target' | 'provider'>;
type Head = Pick<UpstreamResponse, 'headers'>;
/** Who was asked, and how its API says no. */
type Refusing = Pick<Plan, 'candidate'> & { readonly wire: Pick<Plan['wire'], 'mapError'> };

/** The only door of a provider's words into failures, and so into logs and answers: none of them may hold the key that we sent. */
function failureOf(candidate: Candidate, detail: Detail): AttemptFailure {
  const { target, provider } = candidate;
  const redact = redactorFor(candidate);
  return {
    ...detail,
    target: target.policy.name,
    provider: provider.policy.key,
    message: redact(detail.message),
    ...(detail.type === undefined ? {} : { type: redact(detail.type) }),
    ...(detail.code === undefined ? {} : { code: redact(detail.code) }),
    ...(detail.param === undefined ? {} : { param: redact(detail.param) }),
    ...(detail.requestId === undefined ? {} : { requestId: redact(detail.requestId) }),
  };
}

/** Nothing was sent, since there was nothing to send it with. */
export const withoutCredential = (candidate: Candidate, cause: CredentialUnavailable): AttemptFailed =>
  new AttemptFailed(failureOf(candidate, { kind: 'credential', message: cause.message }), 'nothing', cause);

/** The answer is not the provider's API. It may have been billed all the same. */
export const malformed = (candidate: Candidate, message: string, cause?: unknown): AttemptFailed =>
  new AttemptFailed(failureOf(candidate, { kind: 'malformed', message, status: 200 }), 'unknown', cause);

/** The exchange failed below HTTP. `expired`: we ended it ourselves because the first content was late. */
export function exchangeFailed(candidate: Candidate, fault: UpstreamFault, expired: boolean): AttemptFailed {
  const kind = expired && fault.kind === 'aborted' ? 'timeout' : fault.kind;
  const message = kind === 'timeout' ? 'The provider did not answer in time.' : fault.message;
  return new AttemptFailed(failureOf(candidate, { kind, message }), fault.requestSent ? 'unknown' : 'nothing', fault);
}

/** The provider answered with another status than 200: reads why. Throws UpstreamFault when the exchange breaks meanwhile. */
export async function refused(
  { candidate, wire }: Refusing,
  response: UpstreamResponse,
  nowUnixMs: number,
): Promise<AttemptFailed> {
  const bytes = await readRefusal(response);
  const failure = wire.mapError(response.status, response.headers, parseJson(UTF8.decode(bytes)));
  const hint = hintOf(failure, response, nowUnixMs);
  return new AttemptFailed(
    failureOf(candidate, {
      ...detailOf(failure),
      status: response.status,
      ...requestIdOf(candidate, response),
      ...(response.headers['x-should-retry'] === 'false' && { mayRetry: false }),
      ...(hint === undefined ? {} : { retryAfterMs: Math.min(hint, LONGEST_HINT_MS) }),
    }),
    // A refusal is not billed; a success that is no answer may be.
    response.status >= 300 ? 'nothing' : 'unknown',
  );
}

/** What asks for a wait before what only tells of limits, which most answers do. */
function hintOf(failure: ProviderFailure, { headers }: Head, nowUnixMs: number): number | undefined {
  const asked = retryAfterMs(headers, nowUnixMs) ?? failure.retryAfterMs;
  return asked ?? (failure.class === 'rate-limited' ? limitResetMs(headers, nowUnixMs) : undefined);
}

async function readRefusal(response: UpstreamResponse): Promise<Uint8Array> {
  try {
    return await readWhole(response, REFUSAL_LIMIT_BYTES);
  } catch (fault) {
    // The status alone says enough, unless we ended the exchange ourselves.
    if (fault instanceof UpstreamFault && fault.kind !== 'aborted') return new Uint8Array();
    throw fault;
  }
}

/** The provider reported a failure inside an answer that began, or came, with HTTP 200. */
export const failedInAnswer = (candidate: Candidate, failure: ProviderFailure, head: Head): AttemptFailed =>
  new AttemptFailed(failureOf(candidate, { ...detailOf(failure), ...requestIdOf(candidate, head) }), 'unknown');

function requestIdOf({ provider }: Candidate, { headers }: Head): { readonly requestId?: string } {
  const requestId = headers[provider.adapter.requestIdHeader ?? ''];
  return requestId === undefined ? {} : { requestId };
}

function detailOf({ class: kind, retryAfterMs: hint, ...words }: ProviderFailure): Detail {
  return { kind, ...words, ...(hint !== undefined && { retryAfterMs: Math.min(hint, LONGEST_HINT_MS) }) };
}
