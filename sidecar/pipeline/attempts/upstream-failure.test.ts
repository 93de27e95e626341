import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { compileSnapshot } from '#sidecar/pipeline/policy/snapshot';
import { faultOf } from '#sidecar/upstream/fault-of';
import type { UpstreamResponse } from '#sidecar/upstream/upstream';
import { mapError as anthropic } from '#sidecar/wires/anthropic-messages/map-error';
import { mapError as bedrock } from '#sidecar/wires/bedrock-converse/map-error';
import { mapError as cohere } from '#sidecar/wires/cohere-chat/map-error';
import { mapError as gemini } from '#sidecar/wires/gemini-generate-content/map-error';
import { mapError as openai } from '#sidecar/wires/openai-chat/map-error';
import { buildPolicy, buildProvider, buildRoute, buildTarget } from '#test/support/build-policy';
import { buildRequest } from '#test/support/build-request';
import type { Candidate } from './candidate.ts';
import { exchangeFailed, refused } from './upstream-failure.ts';

const NOW = Date.parse('Sat, 21 Nov 2026 10:00:00 GMT');
const none = undefined;

const WIRES = { openai, anthropic, gemini, bedrock, cohere };

function candidate(): Candidate {
  const policy = buildPolicy({
    providers: [buildProvider('shop/p')],
    routes: [buildRoute('shop/chat', [buildTarget('shop', 'p/m')])],
  });
  const target = compileSnapshot(policy, 'hash', compileGuardrails).routes.get('chat')?.rules[0]?.targets[0];
  assert.ok(target);
  const { provider } = target;
  const of = { credential: 'secret', source: null, request: buildRequest(), maskedBy: [], outputGuard: null };
  return { target, provider, model: 'm', ...of };
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: unknown): UpstreamResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  async function* bytes() {
    yield Buffer.from(text);
  }
  return { status, headers, body: bytes() };
}

const error = (words: object) => ({ error: words });
const retryInfo = (retryDelay: string, ...more: object[]) =>
  error({
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }, ...more],
  });
const daily = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }],
};
const threw = (name: string) => ({ 'x-amzn-errortype': name });
const LIMITED = { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' };

type Case = readonly [
  wire: keyof typeof WIRES,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  kind: AttemptFailureKind,
  retryAfterMs: number | undefined,
];

/** What providers answer, what it is, and how long they ask us to wait. */
const CASES: readonly Case[] = [
  // Rates, with hints in every form.
  ['openai', 429, {}, error({ code: 'rate_limit_exceeded' }), 'rate-limited', none],
  ['openai', 429, { 'retry-after': '7' }, error({ code: 'rate_limit_exceeded' }), 'rate-limited', 7_000],
  ['openai', 429, { 'retry-after': 'Sat, 21 Nov 2026 10:00:09 GMT' }, {}, 'rate-limited', 9_000],
  ['openai', 429, { 'retry-after-ms': '1250', 'retry-after': '2' }, {}, 'rate-limited', 1_250],
  ['openai', 429, { 'x-ms-retry-after-ms': '300' }, {}, 'rate-limited', 300],
  ['openai', 429, LIMITED, error({ code: 'rate_limit_exceeded' }), 'rate-limited', 360_000],
  ['openai', 429, { ...LIMITED, 'retry-after': '7' }, {}, 'rate-limited', 7_000],
  ['openai', 429, { 'retry-after': 'soon' }, 'slow down', 'rate-limited', none],
  ['anthropic', 429, { 'retry-after': '12' }, error({ type: 'rate_limit_error' }), 'rate-limited', 12_000],
  [
    'anthropic',
    429,
    { 'anthropic-ratelimit-tokens-remaining': '0', 'anthropic-ratelimit-tokens-reset': '2026-11-21T10:00:30Z' },
    error({ type: 'rate_limit_error' }),
    'rate-limited',
    30_000,
  ],
  ['gemini', 429, {}, retryInfo('39s'), 'rate-limited', 39_000],
  ['gemini', 429, {}, [retryInfo('0.5s')], 'rate-limited', 500],
  ['gemini', 429, { 'retry-after': '2' }, retryInfo('39s'), 'rate-limited', 2_000],
  ['gemini', 429, {}, retryInfo('999999999s'), 'rate-limited', 86_400_000],
  ['bedrock', 429, threw('ThrottlingException'), { message: 'Too many requests' }, 'rate-limited', none],
  ['cohere', 429, {}, { message: 'limited to 40 API calls / minute' }, 'rate-limited', none],
  // Money.
  ['openai', 429, {}, error({ code: 'insufficient_quota' }), 'quota', none],
  ['openai', 429, LIMITED, error({ type: 'insufficient_quota' }), 'quota', none],
  ['openai', 402, {}, error({ message: 'Insufficient Balance' }), 'quota', none],
  ['anthropic', 400, {}, error({ message: 'Your credit balance is too low' }), 'quota', none],
  [
    'anthropic',
    429,
    {},
    error({ type: 'rate_limit_error', details: { error_code: 'enforced_spend_limit_reached' } }),
    'quota',
    none,
  ],
  ['gemini', 429, {}, retryInfo('39s', daily), 'quota', 39_000],
  ['bedrock', 429, threw('ThrottlingException'), { message: 'Too many tokens per day' }, 'quota', none],
  ['bedrock', 400, threw('ServiceQuotaExceededException'), {}, 'quota', none],
  ['cohere', 429, {}, { message: 'You are using a Trial key, which is limited to 1000 calls' }, 'quota', none],
  // No capacity.
  ['openai', 503, {}, error({ message: 'overloaded' }), 'overloaded', none],
  ['openai', 503, { 'retry-after': '3' }, {}, 'overloaded', 3_000],
  ['openai', 503, LIMITED, {}, 'overloaded', none],
  ['openai', 498, {}, error({ code: 'capacity_exceeded' }), 'overloaded', none],
  ['anthropic', 529, {}, error({ type: 'overloaded_error' }), 'overloaded', none],
  ['gemini', 503, {}, error({ code: 503, status: 'UNAVAILABLE' }), 'overloaded', none],
  ['bedrock', 429, threw('ModelNotReadyException'), {}, 'overloaded', none],
  // Its own faults.
  ['openai', 500, LIMITED, error({ type: 'server_error' }), 'server-error', none],
  ['openai', 502, {}, '<html>bad gateway</html>', 'server-error', none],
  ['anthropic', 504, {}, error({ type: 'timeout_error' }), 'server-error', none],
  ['bedrock', 424, threw('ModelErrorException'), {}, 'server-error', none],
  ['cohere', 499, {}, { message: 'cancelled' }, 'server-error', none],
  ['openai', 408, {}, {}, 'timeout', none],
  ['bedrock', 408, threw('ModelTimeoutException'), {}, 'timeout', none],
  // Our credential.
  ['openai', 401, {}, error({ code: 'invalid_api_key' }), 'auth', none],
  ['openai', 403, {}, error({}), 'auth', none],
  [
    'gemini',
    400,
    {},
    error({ details: [{ '@type': 'x/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }] }),
    'auth',
    none,
  ],
  ['bedrock', 403, threw('ExpiredTokenException'), {}, 'auth', none],
  // The request.
  ['openai', 400, {}, error({ code: 'content_filter' }), 'content-filter', none],
  ['openai', 400, {}, error({ code: 'content_policy_violation' }), 'content-filter', none],
  ['cohere', 498, {}, { message: 'blocked' }, 'content-filter', none],
  ['openai', 404, {}, error({ code: 'model_not_found' }), 'rejected', none],
  ['openai', 409, {}, {}, 'rejected', none],
  ['openai', 422, {}, { detail: 'no' }, 'rejected', none],
  ['anthropic', 413, {}, error({ type: 'request_too_large' }), 'rejected', none],
  ['gemini', 400, {}, error({ status: 'INVALID_ARGUMENT' }), 'rejected', none],
  // Not its API.
  ['openai', 302, { location: 'http://169.254.169.254/' }, '', 'malformed', none],
  ['anthropic', 204, {}, '', 'malformed', none],
];

test(`what providers answer is sorted in ${CASES.length} cases, with the wait that they ask for`, async () => {
  const of = candidate();
  for (const [name, status, headers, body, kind, retryAfterMs] of CASES) {
    const plan = { candidate: of, wire: { mapError: WIRES[name] } };
    const { failure } = await refused(plan, answer(status, headers, body), NOW);
    const told = `${name} ${status} ${JSON.stringify(headers)} ${JSON.stringify(body)}`;
    assert.deepEqual([failure.kind, failure.retryAfterMs], [kind, retryAfterMs], told);
  }
});

/** The code of the error, whether bytes of the request were sent, what it is. */
const FAULTS: readonly (readonly [string, boolean, AttemptFailureKind])[] = [
  ['ENOTFOUND', false, 'dns'],
  ['EAI_AGAIN', false, 'dns'],
  ['ECONNREFUSED', false, 'connect'],
  ['EHOSTUNREACH', false, 'connect'],
  ['UND_ERR_CONNECT_TIMEOUT', false, 'connect'],
  ['ECONNRESET', false, 'connect'],
  ['ECONNRESET', true, 'reset'],
  ['UND_ERR_SOCKET', true, 'reset'],
  ['UND_ERR_HEADERS_TIMEOUT', true, 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', true, 'timeout'],
  ['CERT_HAS_EXPIRED', false, 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'tls'],
  ['HPE_INVALID_CONSTANT', true, 'protocol'],
];

test('what breaks below HTTP is sorted, and billed only where the request may have arrived', () => {
  for (const [code, requestSent, kind] of FAULTS) {
    const fault = faultOf(Object.assign(new Error('x'), { code }), requestSent);
    const { failure, billing } = exchangeFailed(candidate(), fault, false);
    assert.deepEqual([failure.kind, billing], [kind, requestSent ? 'unknown' : 'nothing'], code);
  }
});
