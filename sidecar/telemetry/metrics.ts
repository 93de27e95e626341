/**
 * Prometheus metrics of the sidecar. Labels come from the policy and from closed sets, never from a client, so that a client cannot
 * grow the series. GenAI names: open-telemetry/semantic-conventions-genai, translated as Prometheus does.
 */
// By their own files: the push gateway, clusters and default metrics, which come with the package's name, cost 10 MiB resident.
import Gauge from '@prometheus-io/client/lib/gauge.js';
import Registry from '@prometheus-io/client/lib/registry.js';
import { METRIC, type MetricDescriptor } from '#contract/names/metrics';
import type { AdmissionReadings } from './admission-count.ts';
import type { AttemptRecord, RequestRecord, TargetReadings } from './request-record.ts';
import { Count, Distribution, Dollars, type Labels, Metric } from './series.ts';
import { tokenMetrics } from './token-metrics.ts';
import {
  admissionMetrics,
  type BacklogCount,
  backlogMetrics,
  type CacheCount,
  cacheMetrics,
  policyMetrics,
  targetMetrics,
} from './watched-metrics.ts';

/** Seconds; the buckets that the GenAI conventions prescribe for durations. */
const DURATION_BUCKETS = Array.from({ length: 14 }, (_, i) => 0.01 * 2 ** i);

const SCORE_BUCKETS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Of no variant: no label. */
const variantLabel = (variant: string): Labels => (variant === '' ? {} : { variant });
/** Of a copy, whose cost and time are none of a request. */
const armLabels = (variant: string, shadow: string): Labels => ({
  ...variantLabel(variant),
  ...(shadow !== '' && { shadow }),
});
const shadowOf = ({ shadow }: RequestRecord): string => (shadow === true ? 'true' : '');

function counter(registry: Registry, descriptor: MetricDescriptor): Metric<Count> {
  const metric = new Metric(descriptor, 'counter', () => new Count());
  registry.registerMetric(metric);
  return metric;
}

function dollars(registry: Registry, descriptor: MetricDescriptor): Metric<Dollars> {
  const metric = new Metric(descriptor, 'counter', () => new Dollars());
  registry.registerMetric(metric);
  return metric;
}

function histogram(
  registry: Registry,
  descriptor: MetricDescriptor,
  buckets: readonly number[] = DURATION_BUCKETS,
): Metric<Distribution> {
  const metric = new Metric(descriptor, 'histogram', () => new Distribution(buckets));
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

interface AnswerLabels {
  readonly route: string;
  readonly target: string;
  readonly variant?: string;
}

export interface SidecarMetrics {
  observe(record: RequestRecord): void;
  feedback(told: AnswerLabels & { readonly score: number }): void;
  rolledBack(told: { readonly route: string; readonly variant: string }): void;
  policyApplied(hash: string, unixMs: number): void;
  /** `state` as a number: 0 closed, 1 half-open, 2 open. */
  breakerChanged(labels: { readonly provider: string; readonly model: string }, state: number): void;
  watchTargets(readings: TargetReadings): void;
  /** Asked whenever the metrics are. */
  watchAdmission(readings: AdmissionReadings): void;
  /** Asked whenever the metrics are. */
  watchCache(count: () => CacheCount): void;
  watchBacklog(count: () => BacklogCount): void;
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
  const breakers = new Gauge({ ...METRIC.circuitBreaker, labelNames: ['provider', 'model'], registers: [registry] });
  const scores = histogram(registry, METRIC.feedbackScore, SCORE_BUCKETS);
  const rollbacks = counter(registry, METRIC.variantRollbacks);
  return {
    observe(record) {
      observeRequest(record);
      for (const attempt of record.attempts) {
        observeAttempt(record, attempt);
        observeInference(record, attempt);
      }
    },
    feedback: ({ route, target, variant = '', score }) =>
      scores.of({ route, target, ...variantLabel(variant) }).observe(score),
    rolledBack: ({ route, variant }) => rollbacks.of({ route, variant }).add(1),
    policyApplied: policy.applied,
    breakerChanged: (labels, state) => breakers.set(labels, state),
    watchTargets: (readings) => targetMetrics(registry, readings),
    watchAdmission: (readings) => admissionMetrics(registry, readings),
    watchCache: (count) => cacheMetrics(registry, count),
    watchBacklog: (count) => backlogMetrics(registry, count),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function requestMetrics(registry: Registry): (record: RequestRecord) => void {
  const requests = counter(registry, METRIC.requests);
  const duration = histogram(registry, METRIC.requestDuration);
  const fallbacks = counter(registry, METRIC.fallbacks);
  const observeRetries = retryMetrics(registry);
  const countConstraints = constraintMetrics(registry);
  const continuations = counter(registry, METRIC.continuations);
  const countRoom = roomMetrics(registry);
  const classifier = counter(registry, METRIC.classifier);
  const cached = counter(registry, METRIC.cacheRequests);
  const shadows = counter(registry, METRIC.shadowRequests);
  const series = remembered((route, variant, outcome, stream) => ({
    requests: requests.of({ route, ...variantLabel(variant), outcome, stream }),
    duration: duration.of({ route, ...variantLabel(variant), stream }),
  }));
  return (record) => {
    const { route = '', variant = '', outcome } = record;
    if (record.shadow) return shadows.of({ route, variant, outcome }).add(1);
    const counted = series(route, variant, outcome, record.stream ? 'true' : 'false');
    counted.requests.add(1);
    counted.duration.observe(record.durationMs / 1000);
    observeRetries(record);
    const fallback = fallbackOf(record);
    if (fallback !== undefined) fallbacks.of({ route, ...variantLabel(variant), ...fallback }).add(1);
    for (const target of record.continuedBy ?? []) continuations.of({ route, target }).add(1);
    countRoom(record);
    if (record.cache !== undefined) cached.of({ route, result: record.cache }).add(1);
    if (record.classifier !== undefined) classifier.of({ route, outcome: record.classifier }).add(1);
    countConstraints(record);
  };
}

/** What came of requests that something had no room for. */
function roomMetrics(registry: Registry): (record: RequestRecord) => void {
  const refused = counter(registry, METRIC.routeRefused);
  const downgrades = counter(registry, METRIC.limitDowngrades);
  return ({ route = '', queued, downgraded }) => {
    if (downgraded !== undefined) downgrades.of({ limit: downgraded.by, model: downgraded.model }).add(1);
    if (queued?.refused !== undefined) refused.of({ route, priority: queued.priority, reason: queued.refused }).add(1);
  };
}

/** What AIPolicies did, and what observed ones would have done. */
function constraintMetrics(registry: Registry): (record: RequestRecord) => void {
  const guardrails = counter(registry, METRIC.guardrailActions);
  const observations = counter(registry, METRIC.policyObservations);
  const failures = counter(registry, METRIC.expressionFailures);
  return ({ guardrailActions, wouldHave = [], failedExpressions = [] }) => {
    for (const { guardrail, action, stage } of guardrailActions) guardrails.of({ guardrail, action, stage }).add(1);
    for (const { policy, rule, action } of wouldHave) observations.of({ policy, rule, action }).add(1);
    for (const { expression } of failedExpressions) failures.of({ expression }).add(1);
  };
}

function retryMetrics(registry: Registry): (record: RequestRecord) => void {
  const retries = counter(registry, METRIC.retries);
  const denied = counter(registry, METRIC.retriesDenied);
  return ({ route = '', retries: made, retriesDenied }) => {
    if (made > 0) retries.of({ route }).add(made);
    for (const reason of retriesDenied) denied.of({ route, reason }).add(1);
  };
}

function attemptMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const attempts = counter(registry, METRIC.attempts);
  const cost = dollars(registry, METRIC.costUsd);
  const hedges = counter(registry, METRIC.hedges);
  const series = remembered((route, variant, shadow, target, outcome) => ({
    attempts: attempts.of({ route, ...armLabels(variant, shadow), target, outcome }),
    cost: cost.of({ route, ...armLabels(variant, shadow), target }),
  }));
  return (record, { target, outcome, hedge, costNanoUsd }) => {
    const { route = '', variant = '' } = record;
    const counted = series(route, variant, shadowOf(record), target, outcome);
    counted.attempts.add(1);
    if (hedge) hedges.of({ route, target, outcome }).add(1);
    if (costNanoUsd !== null) counted.cost.add(costNanoUsd);
  };
}

function inferenceMetrics(registry: Registry): (record: RequestRecord, attempt: AttemptRecord) => void {
  const find = inferenceSeries(registry);
  return (record, attempt) => {
    const { operation, variant = '' } = record;
    const series = find(operation, variant, shadowOf(record), attempt.providerName, attempt.target, attempt.outcome);
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
  return remembered((operation, variant, shadow, providerName, target, outcome) => {
    const labels = {
      ...armLabels(variant, shadow),
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
