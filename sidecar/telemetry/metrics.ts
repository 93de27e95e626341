/**
 * Prometheus metrics of the sidecar. Labels come from the policy and from closed sets, never from a client, so that a client cannot
 * grow the series. GenAI names: open-telemetry/semantic-conventions-genai, translated as Prometheus does.
 */
// By their own files: the push gateway, clusters and default metrics, which come with the package's name, cost 10 MiB resident.
import Gauge from '@prometheus-io/client/lib/gauge.js';
import Registry from '@prometheus-io/client/lib/registry.js';
import { METRIC, type MetricDescriptor } from '#contract/names/metrics';
import type { AttemptRecord, RequestRecord } from './request-record.ts';
import { Count, Distribution, Metric } from './series.ts';
import { tokenMetrics } from './token-metrics.ts';

/** Seconds; the buckets that the GenAI conventions prescribe for durations. */
const DURATION_BUCKETS = Array.from({ length: 14 }, (_, i) => 0.01 * 2 ** i);

function counter(registry: Registry, descriptor: MetricDescriptor): Metric<Count> {
  const metric = new Metric(descriptor, 'counter', () => new Count());
  registry.registerMetric(metric);
  return metric;
}

function histogram(registry: Registry, descriptor: MetricDescriptor): Metric<Distribution> {
  const metric = new Metric(descriptor, 'histogram', () => new Distribution(DURATION_BUCKETS));
  registry.registerMetric(metric);
  return metric;
}

type Branch<T> = Map<string, Branch<T> | T>;

/**
 * What `make` gives for a path of keys, made once; all paths have the same length. A map in a map, since to join names into one key
 * costs each request more than to look each of them up.
 */
function remembered<T extends object>(make: (...path: string[]) => T): (...path: string[]) => T {
  const root: Branch<T> = new Map();
  const grow = (path: string[]): T => {
    const value = make(...path);
    let branch = root;
    for (const key of path.slice(0, -1)) {
      const next = (branch.get(key) as Branch<T> | undefined) ?? new Map();
      branch.set(key, next);
      branch = next;
    }
    branch.set(path.at(-1) ?? '', value);
    return value;
  };
  return (...path) => {
    let found: Branch<T> | T | undefined = root;
    for (const key of path) found = (found as Branch<T> | undefined)?.get(key);
    return (found as T | undefined) ?? grow(path);
  };
}

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
  const requests = counter(registry, METRIC.requests);
  const duration = histogram(registry, METRIC.requestDuration);
  const fallbacks = counter(registry, METRIC.fallbacks);
  const guardrails = counter(registry, METRIC.guardrailActions);
  const classifier = counter(registry, METRIC.classifier);
  const series = remembered((route, outcome, stream) => ({
    requests: requests.of({ route, outcome, stream }),
    duration: duration.of({ route, stream }),
  }));
  return (record) => {
    const { route = '' } = record;
    const counted = series(route, record.outcome, record.stream ? 'true' : 'false');
    counted.requests.add(1);
    counted.duration.observe(record.durationMs / 1000);
    const fallback = fallbackOf(record);
    if (fallback !== undefined) fallbacks.of({ route, ...fallback }).add(1);
    if (record.classifier !== undefined) classifier.of({ route, outcome: record.classifier }).add(1);
    for (const { guardrail, action, stage } of record.guardrailActions)
      guardrails.of({ guardrail, action, stage }).add(1);
  };
}

function attemptMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const attempts = counter(registry, METRIC.attempts);
  const cost = counter(registry, METRIC.costUsd);
  const series = remembered((route, target, outcome) => ({
    attempts: attempts.of({ route, target, outcome }),
    cost: cost.of({ route, target }),
  }));
  return ({ route = '' }, { target, outcome, costNanoUsd }) => {
    const counted = series(route, target, outcome);
    counted.attempts.add(1);
    if (costNanoUsd !== null) counted.cost.add(Number(costNanoUsd) / 1e9);
  };
}

function inferenceMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const find = inferenceSeries(registry);
  return (record, attempt) => {
    const series = find(record.operation, attempt.providerName, attempt.target, attempt.outcome);
    series.duration.observe(attempt.durationMs / 1000);
    if (attempt.timeToFirstChunkMs !== undefined) series.firstChunk.observe(attempt.timeToFirstChunkMs / 1000);
    if (attempt.usage === undefined) return;
    series.countTokens(attempt.usage);
  };
}

/** The model label is the target's own name of it: what a client asked for is not bounded. */
function inferenceSeries(registry: Registry) {
  const duration = histogram(registry, METRIC.inferenceDuration);
  const firstChunk = histogram(registry, METRIC.timeToFirstChunk);
  const tokens = tokenMetrics((descriptor) => counter(registry, descriptor));
  return remembered((operation, providerName, target, outcome) => {
    const labels = {
      gen_ai_operation_name: operation,
      gen_ai_provider_name: providerName,
      gen_ai_request_model: target.slice(target.indexOf('/') + 1),
    };
    return {
      duration: duration.of({ ...labels, error_type: outcome === 'ok' ? '' : outcome }),
      firstChunk: firstChunk.of(labels),
      countTokens: tokens(labels),
    };
  });
}

/** Set when the target that answered is not the one that was tried first. */
function fallbackOf({ attempts, answeredBy }: RequestRecord): { from: string; to: string; reason: string } | undefined {
  const [first] = attempts;
  if (first === undefined || answeredBy === undefined || answeredBy === first.target) return undefined;
  return { from: first.target, to: answeredBy, reason: first.outcome };
}

function policyMetrics(registry: Registry, now: () => number): { applied(hash: string, unixMs: number): void } {
  const info = new Gauge({
    ...METRIC.policyInfo,
    labelNames: ['hash'],
    registers: [registry],
  });
  let appliedAt: number | undefined;
  new Gauge({
    ...METRIC.policyAge,
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
