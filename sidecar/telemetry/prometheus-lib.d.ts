/** Parts of the Prometheus client that it has no types for under their own names. */
declare module '@prometheus-io/client/lib/gauge.js' {
  import { Gauge } from '@prometheus-io/client';

  export = Gauge;
}

declare module '@prometheus-io/client/lib/registry.js' {
  import { Registry as Base, type Metric, type PrometheusContentType } from '@prometheus-io/client';

  /** What the registry asks of a metric when it is scraped. */
  interface Collected {
    readonly name: string;
    get(): Promise<{
      readonly name: string;
      readonly help: string;
      readonly type: string;
      readonly values: readonly {
        readonly metricName?: string;
        readonly labels: Readonly<Record<string, string | number>>;
        readonly value: number;
      }[];
    }>;
  }

  class Registry extends Base<PrometheusContentType> {
    registerMetric<T extends string>(metric: Collected | Metric<T>): void;
  }
  export = Registry;
}
