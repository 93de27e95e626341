/** Metrics that are read from where they are kept, whenever somebody looks. */
import Gauge from '@prometheus-io/client/lib/gauge.js';
import type Registry from '@prometheus-io/client/lib/registry.js';
import { METRIC, type MetricDescriptor } from '#contract/names/metrics';
import type { AdmissionReadings } from './admission-count.ts';
import type { TargetReadings } from './request-record.ts';

export function admissionMetrics(registry: Registry, { routes, providers, limits }: AdmissionReadings): void {
  for (const [descriptor, count] of [
    [METRIC.routeRunning, 'running'],
    [METRIC.routeWaiting, 'waiting'],
  ] as const)
    new Gauge({
      ...descriptor,
      labelNames: ['route', 'priority'],
      registers: [registry],
      collect() {
        for (const one of routes()) this.set({ route: one.route, priority: one.priority }, one[count]);
      },
    });
  for (const [descriptor, count] of [
    [METRIC.providerRunning, 'running'],
    [METRIC.providerWaiting, 'waiting'],
  ] as const)
    new Gauge({
      ...descriptor,
      labelNames: ['provider', 'model', 'priority'],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of providers())
          this.set({ provider: one.provider, model: one.model, priority: one.priority }, one[count]);
      },
    });
  new Gauge({
    ...METRIC.limitWaiting,
    labelNames: ['budget', 'limit'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { budget, limit, waiting } of limits()) this.set({ budget, limit }, waiting);
    },
  });
}

/** What of usage is kept here until history has it. */
export interface BacklogCount {
  readonly waiting: number;
  readonly dropped: number;
  readonly journalChars: number;
}

/** Answers that equal requests get again. */
export interface CacheCount {
  readonly bytes: number;
  readonly evictions: number;
}

export function backlogMetrics(registry: Registry, count: () => BacklogCount): void {
  watched(registry, { ...METRIC.rowsWaiting, type: 'gauge' }, () => count().waiting);
  watched(registry, { ...METRIC.rowsDropped, type: 'counter' }, () => count().dropped);
  watched(registry, { ...METRIC.journalLength, type: 'gauge' }, () => count().journalChars);
}

export function cacheMetrics(registry: Registry, count: () => CacheCount): void {
  watched(registry, { ...METRIC.cacheBytes, type: 'gauge' }, () => count().bytes);
  watched(registry, { ...METRIC.cacheEvictions, type: 'counter' }, () => count().evictions);
}

/** One number without labels. */
function watched(
  registry: Registry,
  metric: MetricDescriptor & { readonly type: 'gauge' | 'counter' },
  value: () => number,
): void {
  registry.registerMetric({ ...metric, get: async () => ({ ...metric, values: [{ labels: {}, value: value() }] }) });
}

export function targetMetrics(registry: Registry, readings: TargetReadings): void {
  new Gauge({
    ...METRIC.targetLatency,
    labelNames: ['target', 'stream'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { target, stream, averageMs } of readings.latencies())
        this.set({ target, stream: String(stream) }, averageMs / 1000);
    },
  });
  const misses = {
    ...{ ...METRIC.promptCacheMisses, type: 'counter' },
    get: async () => ({
      ...{ ...METRIC.promptCacheMisses, type: 'counter' },
      values: readings.promptCacheMisses().map(({ target, tokens }) => ({ labels: { target }, value: tokens })),
    }),
  };
  registry.registerMetric(misses);
}

export function policyMetrics(registry: Registry, now: () => number): { applied(hash: string, unixMs: number): void } {
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
