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
  requests: {
    name: 'remora_requests_total',
    help: 'Requests that ended, by route, outcome and variant. Copies for a shadow are not in it.',
  },
  requestDuration: {
    name: 'remora_request_duration_seconds',
    help: 'Seconds from the head of a request to the end of its answer, with all attempts.',
  },
  attempts: {
    name: 'remora_attempts_total',
    help: 'Attempts at targets, by route, target and outcome; `cut_by_budget` is a stream that its limit ended.',
  },
  retries: {
    name: 'remora_retries_total',
    help: 'Attempts on a target that had failed before for the same request, by route.',
  },
  retriesDenied: {
    name: 'remora_retries_denied_total',
    help: 'Retries that were not made, by route and reason: BudgetSpent, ClientRetries, MayBeBilled, TargetUnfit.',
  },
  hedges: {
    name: 'remora_hedges_total',
    help: 'Attempts that were begun while another target was asked already, by route, target and outcome: `ok` answered first, `superseded` was ended since the other one did.',
  },
  circuitBreaker: {
    name: 'remora_circuit_breaker_state',
    help: 'Circuit breaker of a model of an AIProvider: 0 closed, 1 while one request tries it out, 2 open; absent where it never opened.',
  },
  fallbacks: {
    name: 'remora_fallbacks_total',
    help: 'Requests that another target answered than the first one tried, by the reason why that one did not.',
  },
  continuations: {
    name: 'remora_stream_continuations_total',
    help: 'Streams that broke after content was delivered and that another target went on with, by route and that target.',
  },
  costUsd: {
    name: 'remora_cost_usd_total',
    help: 'US dollars spent, by the prices of the policy; attempts whose price is unknown are not in it.',
  },
  shadowRequests: {
    name: 'remora_shadow_requests_total',
    help: 'Requests that a shadow variant was to get a copy of, by outcome; `overloaded`: there was no room for it.',
  },
  variantRollbacks: {
    name: 'remora_variant_rollbacks_total',
    help: 'Variants that failed too often and get no more requests from this pod.',
  },
  feedbackScore: {
    name: 'remora_feedback_score',
    help: 'What apps said of answers, from 0 to 1, by route, target and variant; `up` is 1 and `down` is 0.',
  },
  guardrailActions: {
    name: 'remora_guardrail_actions_total',
    help: 'Guardrails that masked or blocked, each once per request however much it found.',
  },
  policyObservations: {
    name: 'remora_policy_observations_total',
    help: 'What AIPolicies with mode Observe and limits that only alert would have done, each once per request, by AIPolicy or whatever states the limit, rule (models, require or the name of a guardrail or limit) and action.',
  },
  expressionFailures: {
    name: 'remora_expression_failures_total',
    help: 'Requests for which an expression of the policy could not be evaluated, by the place of the expression.',
  },
  routeRunning: {
    name: 'remora_route_requests_running',
    help: 'Requests under way through routes that bound how many may be, by route and priority.',
  },
  routeWaiting: {
    name: 'remora_route_requests_waiting',
    help: 'Requests that wait for their turn, by route and priority.',
  },
  providerRunning: {
    name: 'remora_provider_attempts_running',
    help: 'Attempts under way at what limits how many may be, stated or found by its refusals, by AIProvider, model (empty: all of them) and priority.',
  },
  providerWaiting: {
    name: 'remora_provider_attempts_waiting',
    help: 'Attempts that wait for their turn at such a limit, by AIProvider, model and priority.',
  },
  routeRefused: {
    name: 'remora_route_requests_refused_total',
    help: 'Requests that a route, all providers that it leads to, or a limit with onExceeded Queue had no turn for, by route, priority and reason: the queue was `full`, or its deadline passed (`late`).',
  },
  limitWaiting: {
    name: 'remora_limit_requests_waiting',
    help: 'Requests that wait for room in a limit with onExceeded Queue, by the object that states it and limit.',
  },
  limitDowngrades: {
    name: 'remora_limit_downgrades_total',
    help: 'Requests that a limit lowered to another model, by limit and model.',
  },
  cacheRequests: {
    name: 'remora_cache_requests_total',
    help: 'Requests through routes with a cache, by route and result: `hit` was answered from it, `miss` was not, `skip` is none that is answered twice.',
  },
  cacheBytes: {
    name: 'remora_cache_bytes',
    help: 'Bytes of memory that answers take which equal requests get again.',
  },
  cacheEvictions: {
    name: 'remora_cache_evictions_total',
    help: 'Answers that had to go before their time since there was no room for a further one.',
  },
  classifier: {
    name: 'remora_classifier_answers_total',
    help: 'Requests of which the classifier of a route was asked, by route and what came of it: `used`, or `late`, `error` or `invalid`, where the judgement of the sidecar stood.',
  },
  rowsWaiting: {
    name: 'remora_usage_rows_waiting',
    help: 'Rows of usage that the operator has not stored yet.',
  },
  rowsDropped: {
    name: 'remora_usage_rows_dropped_total',
    help: 'Rows of usage that were lost since 5,000 newer ones waited: the operator was away for too long. What budgets count is not touched.',
  },
  journalLength: {
    name: 'remora_journal_characters',
    help: 'Length of the journal of grants and rows on the disk of the pod.',
  },
  policyInfo: {
    name: 'remora_policy_version_info',
    help: 'Always 1; its label is the first 12 digits of the hash of the policy in force.',
  },
  policyAge: { name: 'remora_policy_age_seconds', help: 'Seconds since the policy in force was applied.' },
  targetLatency: {
    name: 'remora_target_latency_ewma_seconds',
    help: 'By which LeastLatency chooses: seconds to the first content of a stream, or to the whole answer, as a decaying average that slow answers and failures raise at once; of targets of rules with LeastLatency or LeastCost.',
  },
  promptCacheMisses: {
    name: 'remora_prompt_cache_missed_tokens_total',
    help: 'Input tokens that a target read uncached since the conversation had gone to another target before; of targets of rules with Weighted or LeastLatency, prompts of 1,024 tokens and more.',
  },
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
  recalls: {
    name: 'remora_operator_grant_recalls_total',
    help: 'Grants that were asked back since somebody else needed what is idle of them.',
  },
  booksBehind: {
    name: 'remora_operator_books_set_back_total',
    help: 'Books of limits that were found in an earlier state than sidecars or this operator knew, as after a restored backup.',
  },
  budgetUsed: {
    name: 'remora_operator_budget_used_ratio',
    help: 'Spent in the present window by the cap of a limit, by AIBudget and limit; 1 is all of it. Of a limit with `per`: of whoever spent most.',
  },
  budgetAlerts: {
    name: 'remora_operator_budget_alerts_total',
    help: 'Percentages of limits that were passed and told by this replica.',
  },
  alertPosts: {
    name: 'remora_operator_alert_posts_total',
    help: 'Attempts to post an alert to a webhook, by outcome: taken, failed, gone (410), abandoned (failed for a day).',
  },
  priceBook: {
    name: 'remora_operator_price_book_info',
    help: '1, with the version of the price book in force.',
  },
  priceBookAge: {
    name: 'remora_operator_price_book_age_seconds',
    help: 'Seconds since the date of the price book in force.',
  },
  priceBookRefreshes: {
    name: 'remora_operator_price_book_refreshes_total',
    help: 'Looks at the source of the price book, by outcome: changed, unchanged, failed. What fails changes nothing.',
  },
  historyRows: {
    name: 'remora_operator_history_rows_total',
    help: 'Rows of usage that this process was sent, by result: added, repeated, bad (nobody sends them again), late (of a time that is deleted).',
  },
  historyWaiting: {
    name: 'remora_operator_history_rows_waiting',
    help: 'Rows of usage that wait to be kept; their sidecars hold them until they are.',
  },
  historyFailing: {
    name: 'remora_operator_history_failing_seconds',
    help: 'Seconds since which rows of usage cannot be kept; 0 while they can.',
  },
  historyBytes: {
    name: 'remora_operator_history_bytes',
    help: 'Size of the file of the history, where it is a file.',
  },
  historyUpkeep: {
    name: 'remora_operator_history_upkeep_total',
    help: 'Daily work on the history, by task (prune, backup) and outcome (done, failed).',
  },
  auditWaiting: {
    name: 'remora_operator_audit_waiting',
    help: 'Facts of changes that wait in this process to be recorded.',
  },
  auditFailing: {
    name: 'remora_operator_audit_failing_seconds',
    help: 'Seconds since which changes cannot be recorded; 0 while they can.',
  },
  auditDropped: {
    name: 'remora_operator_audit_dropped_total',
    help: 'Facts of changes that will not be recorded, for want of room or since the history refuses them. What a lost one told of an object is found anew; who it was is lost.',
  },
  unfitReports: {
    name: 'remora_operator_unfit_reports',
    help: 'What connected sidecars report as unfit, by provider and reason.',
  },
  shareLimit: {
    name: 'remora_operator_share_limit',
    help: 'How much may be under way at one time in all pods of this replica, by what is shared (`route:` or `provider:` and its name); absent where nothing is stated and no provider refused.',
  },
  shareOccupied: {
    name: 'remora_operator_share_occupied',
    help: 'How much of it pods of this replica have, whether they use it or not, by what is shared.',
  },
  shareWaiting: {
    name: 'remora_operator_share_waiting',
    help: 'Requests that wait for a part of it in pods of this replica, by what is shared and priority.',
  },
} as const satisfies Readonly<Record<string, MetricDescriptor>>;
