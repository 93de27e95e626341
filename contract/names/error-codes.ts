/**
 * The closed set of error codes a client can see, with the HTTP status and what a caller may do. Codes are never reused.
 * The reference page is generated from this table; the prose of each refusal is written where it is thrown.
 */
export type ErrorCategory = 'client' | 'policy' | 'gateway' | 'upstream';

export interface ErrorDefinition {
  readonly status: number;
  readonly category: ErrorCategory;
  /** Whether the official SDKs should send the same request again (`x-should-retry`). */
  readonly retryable: boolean;
  /** What it means, one sentence. */
  readonly meaning: string;
  /** What to do, one sentence. */
  readonly remedy: string;
}

const define = <C extends string>(definitions: Record<C, ErrorDefinition>): Record<C, ErrorDefinition> => definitions;

export const ERROR_CODES = define({
  invalid_json: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'The body is not valid JSON, nests too deep, or is not an object.',
    remedy: 'Send one JSON object, at most 64 levels deep.',
  },
  duplicate_key: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'A top-level key that the gateway reads occurs twice, possibly written with escapes.',
    remedy: 'Send each key once.',
  },
  invalid_request: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'A field has the wrong type or value.',
    remedy: 'Correct the field that the message names.',
  },
  invalid_host: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'The Host header is missing, doubled, malformed, or contradicts the request target.',
    remedy: 'Send one plain Host header and a path as the request target.',
  },
  unsupported_parameter: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'No usable target can express a part of the request.',
    remedy: 'Leave the named parameter out or add a target that supports it.',
  },
  unsupported_operation: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'No usable target of the model serves this kind of request, such as embeddings.',
    remedy: 'Ask for a model whose providers serve it, or add a target that does.',
  },
  account_unresolved: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'The request is about what an account keeps, such as a file, and it cannot be told or reached which one.',
    remedy: 'Name the AIProvider in the header x-remora-provider, or have the AIRoute changed.',
  },
  answer_forgotten: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning:
      'The request names an earlier answer that no service stores and that this sidecar does not remember (any more).',
    remedy: 'Send the conversation itself, for which clients of Responses set store: false.',
  },
  unknown_answer: {
    status: 404,
    category: 'client',
    retryable: false,
    meaning: 'No answer is remembered under the id, or what is asked cannot be done with one that no service stores.',
    remedy: 'Use what the answer said when it came, or ask the model again.',
  },
  unknown_header: {
    status: 400,
    category: 'client',
    retryable: false,
    meaning: 'A request header starts with x-remora- and is not one of ours.',
    remedy: 'Remove the header or correct its name.',
  },
  unsupported_content_type: {
    status: 415,
    category: 'client',
    retryable: false,
    meaning: 'The body is not of the type that the path takes, or is compressed.',
    remedy: 'Send JSON, or a form where files are taken, without Content-Encoding.',
  },
  unknown_path: {
    status: 404,
    category: 'client',
    retryable: false,
    meaning: 'No client dialect is served on this path.',
    remedy: 'Use one of the paths that the message names.',
  },
  unknown_model: {
    status: 404,
    category: 'client',
    retryable: false,
    meaning: 'No AIRoute of this workload serves the model.',
    remedy: 'Use one of the models that GET /v1/models lists, or add an AIRoute.',
  },
  method_not_allowed: {
    status: 405,
    category: 'client',
    retryable: false,
    meaning: 'The path exists with another method.',
    remedy: 'Use the method that the Allow header names.',
  },
  body_too_large: {
    status: 413,
    category: 'client',
    retryable: false,
    meaning: 'The body is over the limit of one request.',
    remedy: 'Send less, or raise the limit.',
  },
  request_timeout: {
    status: 408,
    category: 'client',
    retryable: true,
    meaning: 'The request body did not arrive in time.',
    remedy: 'Send the whole body without long pauses.',
  },
  model_not_allowed: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning: 'An AIPolicy denies every target that could answer, or the AIKey of the request does not allow the model.',
    remedy: 'Ask for an allowed model, or have the AIPolicy or the AIKey changed.',
  },
  key_unknown: {
    status: 401,
    category: 'policy',
    retryable: false,
    meaning:
      'The API key begins with rmk_ and is the token of no AIKey that counts here: it is mistyped, was replaced, or is of elsewhere.',
    remedy: 'Send the token that stands in the Secret of the AIKey.',
  },
  key_expired: {
    status: 401,
    category: 'policy',
    retryable: false,
    meaning: 'The `expiresAt` of the AIKey has passed.',
    remedy: 'Use the token of another AIKey, or have its expiresAt moved.',
  },
  key_revoked: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning: 'The AIKey is revoked.',
    remedy: 'Use the token of another AIKey, or have its revoked taken back.',
  },
  kept_refused: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning: 'The AIProvider does not share what its account keeps, such as files, with the workloads that use it.',
    remedy: 'Use an AIProvider of your own, or have its keptObjects changed.',
  },
  callback_not_allowed: {
    status: 400,
    category: 'policy',
    retryable: false,
    meaning: 'The AIRoute takes no callbacks, or none to this address.',
    remedy: 'Send the request without x-remora-callback, or have the AIRoute changed under callback.',
  },
  guardrail_blocked: {
    status: 400,
    category: 'policy',
    retryable: false,
    meaning: 'A guardrail refused the content of the request.',
    remedy: 'Remove what the named guardrail looks for.',
  },
  budget_exceeded: {
    status: 429,
    category: 'policy',
    retryable: false,
    meaning: 'A hard cap in US dollars of an AIBudget is reached or the request could pass it.',
    remedy: 'Wait until the window ends, ask for fewer output tokens, or have the AIBudget raised.',
  },
  rate_limit_exceeded: {
    status: 429,
    category: 'policy',
    retryable: true,
    meaning: 'A hard cap in tokens or requests of an AIBudget is reached or the request could pass it.',
    remedy: 'Wait as long as Retry-After says, ask for less, or have the AIBudget raised.',
  },
  budget_stopped: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning: 'An AIBudget that covers the request is stopped: its kill switch is on, and nothing was sent.',
    remedy: 'Ask whoever stopped it; the message names the AIBudget and the reason where one was given.',
  },
  budget_unavailable: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning: 'The granted budget is used up and the operator could not be reached for more, or gave none.',
    remedy: 'Retry later; check the operator.',
  },
  ledger_unavailable: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning:
      'A hard cap of an AIBudget applies, and the sidecar cannot write its journal, so that spending could not be proven.',
    remedy: 'Free space on the volume of the journal or make it writable; it recovers by itself.',
  },
  ceiling_exceeded: {
    status: 400,
    category: 'policy',
    retryable: false,
    meaning:
      'The request asks for more than an AIRoute or an AIPolicy allows one request: input, output, or what it could cost at every target.',
    remedy: 'Ask for less, or have the ceiling raised.',
  },
  price_unknown: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning:
      "A money budget applies, and no usable target has a known price, or nothing bounds what the provider's own tools may cost.",
    remedy: 'State the price in the AIProvider under models, or what else the message names.',
  },
  spend_unbounded: {
    status: 403,
    category: 'policy',
    retryable: false,
    meaning:
      'A budget or a ceiling applies, and nobody can bound what the request makes the provider spend later, as a batch does.',
    remedy: 'Send the calls one by one, or have the workload taken out of the scope of what bounds it.',
  },
  policy_not_ready: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning: 'The sidecar has no policy yet.',
    remedy: 'Retry in a second; check the operator.',
  },
  no_compliant_target: {
    status: 503,
    category: 'policy',
    retryable: false,
    meaning: 'No target of the route carries the tags that an AIPolicy requires for this request.',
    remedy:
      'Add a target whose AIProvider carries them, in a platform namespace, or have the AIPolicy or the AIKey changed.',
  },
  no_target: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning: 'Every target of the route is unusable now.',
    remedy: 'Check the AIRoute and its AIProviders.',
  },
  overloaded: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning:
      'The sidecar has as many requests under way, or holds as many bytes of them, as it may; or the AIRoute as many as its concurrency allows, or the AIProvider as many attempts as it takes, stated or found by its refusals.',
    remedy: 'Retry after the stated time, or have the bound raised.',
  },
  draining: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning: 'The sidecar is shutting down.',
    remedy: 'Retry on a new connection.',
  },
  callback_unavailable: {
    status: 503,
    category: 'gateway',
    retryable: true,
    meaning: 'The sidecar cannot keep a further job now, or has no key to sign its result with.',
    remedy: 'Retry after the stated time, or send the request without x-remora-callback.',
  },
  unknown_job: {
    status: 404,
    category: 'client',
    retryable: false,
    meaning: 'No job of this pod has the id: it never had, its result has expired, or it was deleted.',
    remedy: 'Use an id that this pod gave, within the retention that the AIRoute states.',
  },
  unknown_request: {
    status: 404,
    category: 'client',
    retryable: false,
    meaning: 'Feedback names a request whose answer this pod does not remember: it never gave it, or too long ago.',
    remedy: 'Send the x-request-id of one of the newest answers, to the pod that gave it.',
  },
  job_interrupted: {
    status: 500,
    category: 'gateway',
    retryable: false,
    meaning: 'The sidecar ended while the job was under way, so that the provider may have done and billed the work.',
    remedy: 'Send the request again where it may be done twice.',
  },
  job_result_too_large: {
    status: 500,
    category: 'gateway',
    retryable: false,
    meaning: 'The answer of the job is larger than what the sidecar keeps of one job.',
    remedy: 'Ask for less, or send the request without x-remora-callback.',
  },
  internal: {
    status: 500,
    category: 'gateway',
    retryable: true,
    meaning: 'A fault of the gateway itself.',
    remedy: 'Report it with the request id.',
  },
  connect_failed: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider could not be reached.',
    remedy: 'Check the endpoint, DNS and egress rules.',
  },
  upstream_timeout: {
    status: 504,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider did not answer within the timeout.',
    remedy: 'Retry later, or raise the timeout of the AIRoute.',
  },
  upstream_auth: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider refused the credential of every usable target.',
    remedy: 'Correct the Secret that the AIProvider names.',
  },
  credential_unavailable: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The cloud gave no credential for the identity of any usable target, so nothing was sent.',
    remedy:
      'Correct what the message names: the identity of the AIProvider, its Secret, or the egress rules of the pod.',
  },
  upstream_rate_limited: {
    status: 429,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider limits the rate and no other target could answer.',
    remedy: 'Retry after the stated time.',
  },
  upstream_overloaded: {
    status: 503,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider is overloaded and no other target could answer.',
    remedy: 'Retry later or add a fallback.',
  },
  upstream_error: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider failed and no other target could answer.',
    remedy: 'Retry later or add a fallback.',
  },
  upstream_rejected: {
    status: 400,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider refused the request as invalid.',
    remedy: 'Correct what the provider names in the message.',
  },
  bad_upstream_response: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider answered something that is not its API.',
    remedy: 'Check that the endpoint is the API of the stated provider type.',
  },
  stream_broken: {
    status: 502,
    category: 'upstream',
    retryable: false,
    meaning: 'The provider ended the stream early after content was delivered.',
    remedy: 'Send the request again if the partial answer is not enough.',
  },
});

export type ErrorCode = keyof typeof ERROR_CODES;
