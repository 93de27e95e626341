/** What providers do wrong, told when no other target could answer. */
import { APIError, BadRequestError, InternalServerError, RateLimitError } from 'openai';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { freePorts } from '#test/support/free-ports';
import type { Script } from '#test/support/providers/script';
import { ask, CHAT, type ErrorAnswer, type ErrorCase, type TestScope, withProvider } from './error-case.ts';

const OBJECT = 'AIProvider default/p';
const STREAMED = { ...CHAT, stream: true };
const HURRIED = { timeouts: { firstTokenMs: 60 } };

/** One call to a provider that behaves so. */
async function askOne(test: TestScope, script: Script, body: object = CHAT, target: object = {}): Promise<ErrorAnswer> {
  const { provider, sidecar } = await withProvider(test);
  provider.respondWith(script);
  return ask(await sidecar(target), body);
}

const status = (number: number, more: object = {}): Script => ({ fault: { kind: 'status', status: number, ...more } });

const askNobody = async (test: TestScope, endpoint: (url: string) => string): Promise<ErrorAnswer> => {
  const [port = 0] = await freePorts(1);
  const providers = { p: { type: 'OpenAI' as const, endpoint: endpoint(`127.0.0.1:${port}`) } };
  return ask(await startSidecar(test, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } }));
};

const askWithoutIdentity = async (test: TestScope): Promise<ErrorAnswer> => {
  const auth = { azure: { workloadIdentity: {} } };
  const providers = { p: { type: 'OpenAICompatible' as const, endpoint: 'http://127.0.0.1:1', auth } };
  return ask(await startSidecar(test, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } }));
};

const REACHED: readonly ErrorCase[] = [
  {
    code: 'connect_failed',
    when: 'nobody listens at the endpoint',
    provoke: (t) => askNobody(t, (address) => `http://${address}`),
    cause: /AIProvider default\/p could not be reached/,
    next: /Check its endpoint, DNS and egress rules/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'connect_failed',
    when: 'the name of the endpoint does not resolve',
    provoke: (t) => askNobody(t, () => 'http://no-such-host.invalid'),
    cause: /The name of the endpoint of AIProvider default\/p could not be resolved/,
    next: /Check the endpoint, and DNS of this pod/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'connect_failed',
    when: 'the endpoint does not speak TLS',
    provoke: async (t) => {
      const { provider } = await withProvider(t);
      const endpoint = provider.url.replace('http:', 'https:');
      const providers = { p: { type: 'OpenAI' as const, endpoint } };
      return ask(await startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'p' }] }] } }));
    },
    cause: /AIProvider default\/p could not be reached safely/,
    next: /Check its certificate/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_timeout',
    when: 'the first token stays away',
    provoke: (t) => askOne(t, { fault: { kind: 'hang' } }, CHAT, HURRIED),
    cause: /AIProvider default\/p did not answer in time/,
    next: /Retry later, or raise the timeout of the AIRoute/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_timeout',
    when: 'the total timeout of the AIRoute passes',
    provoke: async (t) => {
      const { provider, sidecar } = await withProvider(t);
      provider.respondWith({ fault: { kind: 'hang' } });
      return ask(await sidecar({}, 60));
    },
    cause: /not answered within the 60 ms that AIRoute default\/route-0 gives it/,
    next: /Retry later, or raise its total timeout/,
    object: 'AIRoute default/route-0',
    raises: InternalServerError,
  },
];

const REFUSED: readonly ErrorCase[] = [
  {
    code: 'upstream_auth',
    when: 'the credential is refused',
    provoke: (t) => askOne(t, status(401)),
    cause: /AIProvider default\/p refused its credential \(HTTP 401/,
    next: /Correct the Secret that the AIProvider names/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'credential_unavailable',
    when: 'the pod has no identity of the cloud',
    provoke: askWithoutIdentity,
    cause: /AIProvider default\/p has no credential to be called with\. The sidecar has no AZURE_TENANT_ID/,
    next: /Check that the pod has the label azure\.workload\.identity\/use: "true" and its service account the annotations/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_rate_limited',
    when: 'the provider says when to come back',
    provoke: (t) => askOne(t, status(429, { headers: { 'retry-after': '7' } })),
    cause: /AIProvider default\/p limits the rate \(HTTP 429/,
    next: /Retry after the stated time, or add a fallback/,
    object: OBJECT,
    retryAfter: 7,
    raises: RateLimitError,
    clientCode: 'rate_limit_exceeded',
  },
  {
    code: 'upstream_rate_limited',
    when: 'the provider does not say when to come back',
    provoke: (t) => askOne(t, status(429)),
    cause: /AIProvider default\/p limits the rate/,
    next: /Retry later, or add a fallback/,
    object: OBJECT,
    raises: RateLimitError,
    clientCode: 'rate_limit_exceeded',
  },
  {
    code: 'upstream_rate_limited',
    when: 'the account is used up',
    provoke: (t) => askOne(t, status(429, { code: 'insufficient_quota' })),
    cause: /account of AIProvider default\/p has no quota left/,
    next: /Raise the quota at the provider or add a fallback/,
    object: OBJECT,
    raises: RateLimitError,
    clientCode: 'rate_limit_exceeded',
  },
  {
    code: 'upstream_overloaded',
    when: 'the provider answers 503',
    provoke: (t) => askOne(t, status(503)),
    cause: /AIProvider default\/p is overloaded \(HTTP 503/,
    next: /Retry later, or add a fallback/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_overloaded',
    when: 'the provider answers 529',
    provoke: (t) => askOne(t, status(529)),
    cause: /AIProvider default\/p is overloaded \(HTTP 529/,
    next: /Retry later, or add a fallback/,
    status: 529,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_rejected',
    when: 'the provider finds the request invalid',
    provoke: (t) => askOne(t, status(422, { message: 'temperature must be at most 2' })),
    cause: /AIProvider default\/p refused the request as invalid \(HTTP 422.*\): temperature must be at most 2\./,
    next: /Correct what it names and send the request again/,
    status: 422,
    object: OBJECT,
    raises: APIError,
  },
  {
    code: 'upstream_rejected',
    when: "the provider's filter refuses the content",
    provoke: (t) => askOne(t, status(400, { code: 'content_filter' })),
    cause: /AIProvider default\/p refused the request for its content/,
    next: /Change the content, or ask for a model of another provider/,
    object: OBJECT,
    raises: BadRequestError,
    clientCode: 'content_filter',
  },
];

const BROKEN: readonly ErrorCase[] = [
  {
    code: 'upstream_error',
    when: 'the provider answers 500',
    provoke: (t) => askOne(t, status(500)),
    cause: /AIProvider default\/p failed \(HTTP 500 server_error\)/,
    next: /Retry later, or add a fallback/,
    object: OBJECT,
    raises: InternalServerError,
  },
  {
    code: 'upstream_error',
    when: 'the provider closes the connection',
    provoke: (t) => askOne(t, { fault: { kind: 'reset-before-head' } }),
    cause: /AIProvider default\/p closed the connection/,
    next: /Retry later, or add a fallback/,
    object: OBJECT,
    raises: InternalServerError,
  },
  ...(
    [
      ['a page is answered', { kind: 'html' }, CHAT],
      ['a page is answered to a stream', { kind: 'html' }, STREAMED],
      ['half a document is answered', { kind: 'half-json' }, CHAT],
    ] as const
  ).map(
    ([when, fault, body]): ErrorCase => ({
      code: 'bad_upstream_response',
      when,
      provoke: (t) => askOne(t, { fault }, body),
      cause: /AIProvider default\/p answered something that is not its API/,
      next: /Check that its endpoint is the API of its type/,
      object: OBJECT,
      raises: InternalServerError,
    }),
  ),
  ...(
    [
      ['the connection is lost after content', { kind: 'cut', afterEvents: 3 }],
      ['the provider reports an error after content', { kind: 'error-in-stream', afterEvents: 3 }],
    ] as const
  ).map(
    ([when, fault]): ErrorCase => ({
      code: 'stream_broken',
      when,
      provoke: (t) => askOne(t, { text: 'one two three four', fault }, STREAMED),
      cause: /AIProvider default\/p ended the stream early/,
      next: /Send the request again if the partial answer is not enough/,
      object: OBJECT,
      // The head had left before the provider failed.
      status: 200,
      raises: APIError,
    }),
  ),
];

export const UPSTREAM_CASES: readonly ErrorCase[] = [...REACHED, ...REFUSED, ...BROKEN];
