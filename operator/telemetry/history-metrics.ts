/** Metrics of the history: of rows where they come in, of the file where it is kept. */
import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import { METRIC } from '#contract/names/metrics';

export interface HistoryMetrics {
  readonly rows: Counter<'result'>;
  readonly upkeep: Counter<'task' | 'outcome'>;
  readonly auditDropped: Counter;
  /** Called at each scrape. */
  watchIntake(read: () => { readonly waitingRows: number; readonly failingSeconds: number }): void;
  watchBytes(read: () => number): void;
  watchAudit(read: () => { readonly waiting: number; readonly failingSeconds: number }): void;
}

export function createHistoryMetrics(registry: Registry): HistoryMetrics {
  const registers = [registry];
  const watch = (metric: { readonly name: string; readonly help: string }, read: () => number): void => {
    new Gauge({
      ...metric,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  return {
    rows: new Counter({ ...METRIC.historyRows, labelNames: ['result'], registers }),
    upkeep: new Counter({ ...METRIC.historyUpkeep, labelNames: ['task', 'outcome'], registers }),
    auditDropped: new Counter({ ...METRIC.auditDropped, registers }),
    watchIntake(read) {
      watch(METRIC.historyWaiting, () => read().waitingRows);
      watch(METRIC.historyFailing, () => read().failingSeconds);
    },
    watchBytes: (read) => watch(METRIC.historyBytes, read),
    watchAudit(read) {
      watch(METRIC.auditWaiting, () => read().waiting);
      watch(METRIC.auditFailing, () => read().failingSeconds);
    },
  };
}
