/** The operator's Prometheus metrics. Labels come from closed sets, so that no user can grow the series. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { METRIC } from '#contract/names/metrics';
import type { PriorityCounts } from '#contract/policy/share-demand';
import { PRIORITIES } from '#contract/resources/route-concurrency';

export interface OperatorMetrics {
  readonly registry: Registry;
  readonly compileDuration: Histogram;
  readonly rejections: Counter;
  readonly grants: Counter<'outcome'>;
  /** Called at each scrape. */
  watchLag(read: () => Iterable<readonly [kind: string, lagMs: number]>): void;
  syncStreams(read: () => number): void;
  unfitReports(
    read: () => Iterable<{ readonly provider: string; readonly reason: string; readonly reports: number }>,
  ): void;
  /** `key`: what is shared; only such as policies name. */
  shares(
    read: () => Iterable<{
      readonly key: string;
      readonly limit: number | null;
      readonly occupied: number;
      readonly waiting: PriorityCounts;
    }>,
  ): void;
}

export function createMetrics(): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    compileDuration: new Histogram({
      ...METRIC.compileDuration,
      buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5],
      registers,
    }),
    rejections: new Counter({ ...METRIC.syncRejections, registers }),
    grants: new Counter({
      ...METRIC.grants,
      labelNames: ['outcome'],
      registers,
    }),
    watchLag(read) {
      new Gauge({
        ...METRIC.watchLag,
        labelNames: ['kind'],
        registers,
        collect() {
          for (const [kind, lagMs] of read()) this.set({ kind }, lagMs / 1000);
        },
      });
    },
    syncStreams(read) {
      new Gauge({
        ...METRIC.syncStreams,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    unfitReports(read) {
      new Gauge({
        ...METRIC.unfitReports,
        labelNames: ['provider', 'reason'],
        registers,
        collect() {
          this.reset();
          for (const { provider, reason, reports } of read()) this.set({ provider, reason }, reports);
        },
      });
    },
    shares(read) {
      new Gauge({
        ...METRIC.shareLimit,
        labelNames: ['key'],
        registers,
        collect() {
          this.reset();
          for (const { key, limit } of read()) if (limit !== null) this.set({ key }, limit);
        },
      });
      new Gauge({
        ...METRIC.shareOccupied,
        labelNames: ['key'],
        registers,
        collect() {
          this.reset();
          for (const { key, occupied } of read()) this.set({ key }, occupied);
        },
      });
      new Gauge({
        ...METRIC.shareWaiting,
        labelNames: ['key', 'priority'],
        registers,
        collect() {
          this.reset();
          for (const { key, waiting } of read())
            for (const priority of PRIORITIES) this.set({ key, priority }, waiting[priority]);
        },
      });
    },
  };
}
