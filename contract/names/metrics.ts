/**
 * Our own Prometheus metrics: what each is called and what it tells, at `/metrics` and on the reference page alike. GenAI names follow
 * open-telemetry/semantic-conventions-genai as translated by Prometheus.
 */

export interface MetricDescriptor {
  readonly name: string;
  /** One sentence. A unit is that of the name. */
  readonly help: string;
}

export const METRIC = {
  requests: { name: 'remora_requests_total', help: 'Requests that ended, by route and outcome.' },
  requestDuration: {
    name: 'remora_request_duration_seconds',
    help: 'Seconds from the head of a request to the end of its answer, with all attempts.',
  },
  attempts: { name: 'remora_attempts_total', help: 'Attempts at targets, by route, target and outcome.' },
  fallbacks: {
    name: 'remora_fallbacks_total',
    help: 'Requests that another target answered than the first one tried, by the reason why that one did not.',
  },
  costUsd: {
    name: 'remora_cost_usd_total',
    help: 'US dollars spent, by the prices of the policy; attempts whose price is unknown are not in it.',
  },
  guardrailActions: {
    name: 'remora_guardrail_actions_total',
    help: 'Guardrails that masked or blocked, each once per request however much it found.',
  },
  classifier: {
    name: 'remora_classifier_answers_total',
    help: 'Requests of which the classifier of a route was asked, by route and what came of it: `used`, or `late`, `error` or `invalid`, where the judgement of the sidecar stood.',
  },
  policyInfo: {
    name: 'remora_policy_version_info',
    help: 'Always 1; its label is the first 12 digits of the hash of the policy in force.',
  },
  policyAge: { name: 'remora_policy_age_seconds', help: 'Seconds since the policy in force was applied.' },
  inferenceDuration: {
    name: 'gen_ai_client_inference_duration_seconds',
    help: 'OpenTelemetry GenAI: seconds of one attempt at a provider, failed ones included.',
  },
  timeToFirstChunk: {
    name: 'gen_ai_client_inference_time_to_first_chunk_seconds',
    help: 'OpenTelemetry GenAI: seconds of an attempt until the first content of a stream, or until the whole answer where there is none.',
  },
  inputTokens: {
    name: 'gen_ai_client_inference_usage_input_tokens_total',
    help: 'OpenTelemetry GenAI: input tokens as providers report them, cached ones included.',
  },
  outputTokens: {
    name: 'gen_ai_client_inference_usage_output_tokens_total',
    help: 'OpenTelemetry GenAI: output tokens as providers report them, reasoning included.',
  },
  cacheReadTokens: {
    name: 'gen_ai_client_inference_usage_cache_read_input_tokens_total',
    help: 'OpenTelemetry GenAI: input tokens that were read from a prompt cache.',
  },
  cacheWriteTokens: {
    name: 'gen_ai_client_inference_usage_cache_write_input_tokens_total',
    help: 'OpenTelemetry GenAI: input tokens that were written to a prompt cache.',
  },
  reasoningTokens: {
    name: 'gen_ai_client_inference_usage_reasoning_output_tokens_total',
    help: 'OpenTelemetry GenAI: output tokens of reasoning, where providers tell them apart.',
  },
  syncStreams: { name: 'remora_operator_sync_streams', help: 'Sidecars connected to this replica of the operator.' },
  syncRejections: {
    name: 'remora_operator_policy_rejections_total',
    help: 'Policies that a sidecar refused, each once per sidecar.',
  },
  compileDuration: {
    name: 'remora_operator_compile_duration_seconds',
    help: 'Seconds to compile the policy of one workload.',
  },
  watchLag: {
    name: 'remora_operator_watch_lag_seconds',
    help: 'Seconds since the API server was last heard on a watch, by kind.',
  },
  grants: {
    name: 'remora_operator_grants_total',
    help: 'Asks of sidecars for budget, by outcome: granted, denied, undecided.',
  },
  unfitReports: {
    name: 'remora_operator_unfit_reports',
    help: 'What connected sidecars report as unfit, by provider and reason.',
  },
} as const satisfies Readonly<Record<string, MetricDescriptor>>;
