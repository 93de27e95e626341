/** The operator's Prometheus metrics. Labels come from closed sets, so that no user can grow the series. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { METRIC } from '#contract/names/metrics';

export interface OperatorMetrics {
  readonly registry: Registry;
  readonly compileDuration: Histogram;
  readonly rejections: Counter;
  readonly grants: Counter<'outcome'>;
  readonly priceBookRefreshes: Counter<'outcome'>;
  /** Called at each scrape. */
  watchLag(read: () => Iterable<readonly [kind: string, lagMs: number]>): void;
  syncStreams(read: () => number): void;
  priceBook(read: () => { readonly version: string; readonly ageSeconds: number }): void;
  unfitReports(
    read: () => Iterable<{ readonly provider: string; readonly reason: string; readonly reports: number }>,
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
    priceBookRefreshes: new Counter({ ...METRIC.priceBookRefreshes, labelNames: ['outcome'], registers }),
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
    priceBook(read) {
      new Gauge({
        ...METRIC.priceBook,
        labelNames: ['version'],
        registers,
        collect() {
          // One series: that of the version in force.
          this.reset();
          this.set({ version: read().version }, 1);
        },
      });
      new Gauge({
        ...METRIC.priceBookAge,
        registers,
        collect() {
          this.set(read().ageSeconds);
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
  };
}
