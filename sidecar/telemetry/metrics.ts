/**
 * Prometheus metrics of the sidecar. Labels come from the policy and from closed sets, never from a client, so that a client cannot
 * grow the series. GenAI names: open-telemetry/semantic-conventions-genai, translated as Prometheus does.
 */
// By their own files: the push gateway, clusters and default metrics, which come with the package's name, cost 10 MiB resident.
import Counter from '@prometheus-io/client/lib/counter.js';
import Gauge from '@prometheus-io/client/lib/gauge.js';
import Histogram from '@prometheus-io/client/lib/histogram.js';
import Registry from '@prometheus-io/client/lib/registry.js';
import { METRIC } from '#contract/names/metrics';
import { totalInputTokens, totalOutputTokens } from '#sidecar/canonical/usage';
import type { AttemptRecord, RequestRecord } from './request-record.ts';

/** Seconds; the buckets that the GenAI conventions prescribe for durations. */
const DURATION_BUCKETS = Array.from({ length: 14 }, (_, i) => 0.01 * 2 ** i);
const GEN_AI_LABELS = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'] as const;

const counter = <L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Counter<L> => new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });

const histogram = <L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Histogram<L> =>
  new Histogram({ name, help, labelNames: [...labelNames], buckets: DURATION_BUCKETS, registers: [registry] });

export interface SidecarMetrics {
  observe(record: RequestRecord): void;
  policyApplied(hash: string, unixMs: number): void;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createSidecarMetrics(now: () => number): SidecarMetrics {
  const registry = new Registry();
  const observeRequest = requestMetrics(registry);
  const observeAttempt = attemptMetrics(registry);
  const observeInference = inferenceMetrics(registry);
  const policy = policyMetrics(registry, now);
  return {
    observe(record) {
      observeRequest(record);
      for (const attempt of record.attempts) {
        observeAttempt(record, attempt);
        observeInference(record, attempt);
      }
    },
    policyApplied: policy.applied,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function requestMetrics(registry: Registry): (record: RequestRecord) => void {
  const requests = counter(registry, METRIC.requests, 'Requests by route and outcome.', ['route', 'outcome', 'stream']);
  const duration = histogram(
    registry,
    METRIC.requestDuration,
    'Seconds from the first byte of a request to the last of its answer.',
    ['route', 'stream'],
  );
  const fallbacks = counter(registry, METRIC.fallbacks, 'Requests that a later target answered.', [
    'route',
    'from',
    'to',
    'reason',
  ]);
  const guardrails = counter(registry, METRIC.guardrailActions, 'Guardrails that masked or blocked.', [
    'guardrail',
    'action',
    'stage',
  ]);
  return (record) => {
    const route = record.route ?? '';
    const stream = String(record.stream);
    requests.inc({ route, outcome: record.outcome, stream });
    duration.observe({ route, stream }, record.durationMs / 1000);
    const fallback = fallbackOf(record);
    if (fallback !== undefined) fallbacks.inc({ route, ...fallback });
    for (const { guardrail, action, stage } of record.guardrailActions) guardrails.inc({ guardrail, action, stage });
  };
}

function attemptMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const attempts = counter(registry, METRIC.attempts, 'Attempts by target and outcome.', [
    'route',
    'target',
    'outcome',
  ]);
  const cost = counter(registry, METRIC.costUsd, 'US dollars spent, by the price of the policy.', ['route', 'target']);
  return (record, attempt) => {
    const labels = { route: record.route ?? '', target: attempt.target };
    attempts.inc({ ...labels, outcome: attempt.outcome });
    if (attempt.costNanoUsd !== null) cost.inc(labels, Number(attempt.costNanoUsd) / 1e9);
  };
}

/** The model label is the target's own name of it: what a client asked for is not bounded. */
function inferenceMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const duration = histogram(registry, METRIC.inferenceDuration, 'Seconds of a call to a provider.', [
    ...GEN_AI_LABELS,
    'error_type',
  ]);
  const firstChunk = histogram(
    registry,
    METRIC.timeToFirstChunk,
    'Seconds until the first content event.',
    GEN_AI_LABELS,
  );
  const input = counter(registry, METRIC.inputTokens, 'Input tokens, cached ones included.', [
    ...GEN_AI_LABELS,
    'gen_ai_token_modality',
  ]);
  const output = counter(registry, METRIC.outputTokens, 'Output tokens, reasoning included.', [
    ...GEN_AI_LABELS,
    'gen_ai_token_modality',
  ]);
  return (record, attempt) => {
    const model = attempt.target.slice(attempt.target.indexOf('/') + 1);
    const labels = {
      gen_ai_operation_name: record.operation,
      gen_ai_provider_name: attempt.providerName,
      gen_ai_request_model: model,
    };
    duration.observe(
      { ...labels, error_type: attempt.outcome === 'ok' ? '' : attempt.outcome },
      attempt.durationMs / 1000,
    );
    if (attempt.timeToFirstChunkMs !== undefined) firstChunk.observe(labels, attempt.timeToFirstChunkMs / 1000);
    if (attempt.usage === undefined) return;
    const { audioTokens } = attempt.usage;
    input.inc({ ...labels, gen_ai_token_modality: 'unknown' }, totalInputTokens(attempt.usage));
    output.inc({ ...labels, gen_ai_token_modality: 'text' }, totalOutputTokens(attempt.usage) - audioTokens);
    if (audioTokens > 0) output.inc({ ...labels, gen_ai_token_modality: 'audio' }, audioTokens);
  };
}

/** Set when the target that answered is not the one that was tried first. */
function fallbackOf(record: RequestRecord): { from: string; to: string; reason: string } | undefined {
  const first = record.attempts[0];
  const last = record.attempts.at(-1);
  if (first === undefined || last === undefined || last.outcome !== 'ok' || last.target === first.target)
    return undefined;
  return { from: first.target, to: last.target, reason: first.outcome };
}

function policyMetrics(registry: Registry, now: () => number): { applied(hash: string, unixMs: number): void } {
  const info = new Gauge({
    name: METRIC.policyInfo,
    help: 'The policy in force, by the first 12 digits of its hash.',
    labelNames: ['hash'],
    registers: [registry],
  });
  let appliedAt: number | undefined;
  new Gauge({
    name: METRIC.policyAge,
    help: 'Seconds since the policy in force was applied.',
    registers: [registry],
    collect() {
      if (appliedAt !== undefined) this.set((now() - appliedAt) / 1000);
    },
  });
  return {
    applied(hash, unixMs) {
      info.reset();
      info.set({ hash: hash.slice(0, 12) }, 1);
      appliedAt = unixMs;
    },
  };
}
