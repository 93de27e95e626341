/** HTTP header names of the sidecar's ingress, lower case as Node reports them. */
export const REQUEST_HEADER = {
  user: 'x-remora-user',
  feature: 'x-remora-feature',
  /** What requests that belong together share, such as a conversation. */
  session: 'x-remora-session',
  /** One run of an agent: all that it asks from its task to its end. */
  run: 'x-remora-run',
  /** The AIProvider whose account keeps what the request names, such as a file, or is to keep it: `namespace/name`, or its name alone. */
  provider: 'x-remora-provider',
  /** `realtime` or `batch`: whether somebody waits for the answer. */
  latency: 'x-remora-latency',
  /** The caller's tier, such as `free` or `paid`; what AIRoutes call the cost class. */
  tier: 'x-remora-tier',
  /** Where the caller or its user is, such as `eu`; counts where no label of namespace or pod says. */
  region: 'x-remora-region',
  /** `fetch`, or the address that the result is posted to: the request becomes a job. */
  callback: 'x-remora-callback',
  /** `high`, `normal` or `low`: the class of the request where its route lets requests wait. */
  priority: 'x-remora-priority',
  /** `no-cache`: not answered with what was answered before, where its route has a cache. `no-store`: nor is its answer kept. */
  cache: 'x-remora-cache',
  /** `true`: the request is not sent, and answered with why it would go where it would go. */
  explain: 'x-remora-explain',
} as const;

export const RESPONSE_HEADER = {
  requestId: 'x-request-id',
  route: 'x-remora-route',
  target: 'x-remora-target',
  /** The variant that the request was drawn for; absent where it was drawn for none. */
  variant: 'x-remora-variant',
  attempts: 'x-remora-attempts',
  /** `hit`: it was answered before; `miss`: not, or not any more; `skip`: what is asked is not answered twice. Absent: the route has no cache. */
  cache: 'x-remora-cache',
  costUsd: 'x-remora-cost-usd',
  policy: 'x-remora-policy',
  /** What the target cannot express and was left out, and what of the answer the client cannot be given; comma separated; of a long list the beginning, and how many more. */
  dropped: 'x-remora-dropped',
  /** The limit that lowered the request to another model, `namespace/name/limit`; absent where none did. */
  downgraded: 'x-remora-downgraded',
  /** What of the answer is an estimate of the sidecar and no provider's count, such as `input_tokens`. */
  estimated: 'x-remora-estimated',
  shouldRetry: 'x-should-retry',
} as const;

/** The value of the callback header that asks for a job whose result is only fetched. */
export const CALLBACK_FETCH = 'fetch';

/** Where a job is looked at (GET) and given up (DELETE), before its id. */
export const JOB_PATH = '/v1/remora/jobs/';

/** Where apps say what an answer was worth (POST). */
export const FEEDBACK_PATH = '/v1/feedback';

/** Headers of what is posted to a callback address (Standard Webhooks 1.0.0). */
export const WEBHOOK_HEADER = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const;

/** Every request header that starts so and is not in REQUEST_HEADER is refused. */
export const REMORA_HEADER_PREFIX = 'x-remora-';
