/** The operator's Prometheus metrics. Labels come from closed sets, so that no user can grow the series. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { METRIC } from '#contract/names/metrics';
import type { PriorityCounts } from '#contract/policy/share-demand';
import { PRIORITIES } from '#contract/resources/route-concurrency';
import { createHistoryMetrics, type HistoryMetrics } from './history-metrics.ts';

export interface OperatorMetrics {
  readonly registry: Registry;
  readonly compileDuration: Histogram;
  readonly rejections: Counter;
  readonly grants: Counter<'outcome'>;
  readonly recalls: Counter;
  readonly booksBehind: Counter;
  readonly priceBookRefreshes: Counter<'outcome'>;
  readonly history: HistoryMetrics;
  readonly budgetAlerts: Counter;
  readonly alertPosts: Counter<'outcome'>;
  /** Called at each scrape. */
  watchLag(read: () => Iterable<readonly [kind: string, lagMs: number]>): void;
  syncStreams(read: () => number): void;
  priceBook(read: () => { readonly version: string; readonly ageSeconds: number }): void;
  budgets(read: () => Iterable<{ readonly budget: string; readonly limit: string; readonly usedRatio: number }>): void;
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

/** With the metrics of the process itself. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function createMetrics(): OperatorMetrics {
  const registry = createRegistry();
  const registers = [registry];
  return {
    registry,
    compileDuration: new Histogram({
      ...METRIC.compileDuration,
      buckets: [0.0005, 0.001, 0.005, 0.02, 0.1, 0.5],
      registers,
    }),
    rejections: new Counter({ ...METRIC.syncRejections, registers }),
    grants: new Counter({ ...METRIC.grants, labelNames: ['outcome'], registers }),
    recalls: new Counter({ ...METRIC.recalls, registers }),
    booksBehind: new Counter({ ...METRIC.booksBehind, registers }),
    priceBookRefreshes: new Counter({ ...METRIC.priceBookRefreshes, labelNames: ['outcome'], registers }),
    history: createHistoryMetrics(registry),
    budgetAlerts: new Counter({ ...METRIC.budgetAlerts, registers }),
    alertPosts: new Counter({ ...METRIC.alertPosts, labelNames: ['outcome'], registers }),
    ...watched(registers),
  };
}

type Watched = Pick<OperatorMetrics, 'watchLag' | 'syncStreams' | 'priceBook' | 'budgets' | 'unfitReports' | 'shares'>;

/** What others know, asked for at each scrape. */
function watched(registers: Registry[]): Watched {
  const watch = watcher(registers);
  return {
    watchLag: (read) => watch(METRIC.watchLag, () => [...read()].map(([kind, lagMs]) => [{ kind }, lagMs / 1000])),
    syncStreams: (read) => watch(METRIC.syncStreams, () => [[{}, read()]]),
    priceBook(read) {
      watch(METRIC.priceBook, () => [[{ version: read().version }, 1]]);
      watch(METRIC.priceBookAge, () => [[{}, read().ageSeconds]]);
    },
    budgets: (read) =>
      watch(METRIC.budgetUsed, () => [...read()].map(({ budget, limit, usedRatio }) => [{ budget, limit }, usedRatio])),
    unfitReports: (read) =>
      watch(METRIC.unfitReports, () =>
        [...read()].map(({ provider, reason, reports }) => [{ provider, reason }, reports]),
      ),
    shares(read) {
      watch(METRIC.shareLimit, () =>
        [...read()].flatMap(({ key, limit }) => (limit === null ? [] : [[{ key }, limit]])),
      );
      watch(METRIC.shareOccupied, () => [...read()].map(({ key, occupied }) => [{ key }, occupied]));
      watch(METRIC.shareWaiting, () =>
        [...read()].flatMap(({ key, waiting }) =>
          PRIORITIES.map((priority): Series => [{ key, priority }, waiting[priority]]),
        ),
      );
    },
  };
}

type Series = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Registers a gauge that has the series of the moment and no others. */
const watcher =
  (registers: Registry[]) =>
  (metric: { readonly name: string; readonly help: string }, read: () => readonly Series[]): void => {
    new Gauge({
      ...metric,
      labelNames: LABELS,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  };

/** All that a watched gauge may have; a series names those that are its own. */
const LABELS = ['kind', 'version', 'provider', 'reason', 'key', 'priority', 'budget', 'limit'] as const;
