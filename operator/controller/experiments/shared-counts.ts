/**
 * What sidecars measured of experiments, over all replicas and restarts: one ConfigMap per experiment, into which each replica merges
 * what it heard. Two that write at once lose nothing, since who misses its own words in what it reads writes again.
 */
import { LABEL } from '#contract/names/api';
import { MAX_REPORT_CHARS } from '#contract/wire/ack-report';
import { COUNTS_DATA_KEY, decodeCountsReport, encodeCountsReport } from '#contract/wire/counts-report';
import type { KubeClient } from '#operator/kube/kube-client';
import { hasStatus } from '#operator/kube/kube-error';
import { Reflector } from '#operator/kube/reflector';
import { CONFIG_MAP, type ConfigMap } from '#operator/kube/resource-type';
import { WorkQueue } from '#operator/kube/work-queue';
import type { Logger } from '#operator/telemetry/log';
import type { VariantBoard } from './variant-board.ts';

const PREFIX = 'remora-experiment-';

export interface SharedCountsOptions {
  readonly client: KubeClient;
  /** Of the operator. */
  readonly namespace: string;
  readonly board: VariantBoard;
  readonly log: Logger;
  /** Whether some AIRoute states this experiment now. */
  readonly isStated: (experiment: string) => boolean;
  readonly leads: () => boolean;
  /** Another replica heard something new. */
  readonly onNews: (experiment: string) => void;
  /** An experiment that nobody states for so long is forgotten; replicas see an edit at different times. Twice in it a replica writes at most. */
  readonly lookEveryMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class SharedCounts {
  readonly #options: SharedCountsOptions;
  /** As the API server has them, by experiment. */
  readonly #stored = new Map<string, { readonly resourceVersion: string | undefined; readonly text: string }>();
  /** Since when nobody states an experiment. */
  readonly #unstated = new Map<string, number>();
  readonly #writes: WorkQueue;
  readonly reflector: Reflector<ConfigMap>;

  constructor(options: SharedCountsOptions) {
    const { client, namespace, log, lookEveryMs } = options;
    this.#options = options;
    this.#writes = new WorkQueue({
      ...{ name: 'experiments', log, spacingMs: lookEveryMs / 2 },
      process: (experiment) => this.#settle(experiment),
    });
    this.reflector = new Reflector<ConfigMap>({
      ...{ client, log, namespace, type: CONFIG_MAP, labelSelector: `${LABEL.experiments}=true` },
      handler: {
        apply: (object) => this.#read(object),
        remove: ({ name }) => {
          this.#stored.delete(experimentOf(name));
          this.#writes.add(experimentOf(name));
        },
      },
    });
  }

  /** Something was heard of it, or who states it may have changed. */
  look(experiment: string): void {
    this.#writes.add(experiment);
  }

  /** Looks after experiments that nobody states any more. */
  sweep(): void {
    const { board, isStated } = this.#options;
    for (const experiment of new Set([...this.#stored.keys(), ...board.experiments()]))
      if (isStated(experiment)) this.#unstated.delete(experiment);
      else if (!this.#unstated.has(experiment)) this.#writes.add(experiment);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writes.close(), this.reflector.stop()]);
  }

  #read({ metadata, data }: ConfigMap): void {
    const { board, onNews } = this.#options;
    const experiment = experimentOf(metadata.name);
    const text = data?.[COUNTS_DATA_KEY] ?? '';
    this.#stored.set(experiment, { resourceVersion: metadata.resourceVersion, text });
    const heard = [...decodeCountsReport(text)].map(([source, counts]) => board.hear({ experiment, source, counts }));
    if (heard.includes(true)) onNews(experiment);
    this.#writes.add(experiment);
  }

  /** True when it wrote. */
  async #settle(experiment: string): Promise<boolean> {
    const { board, isStated, log } = this.#options;
    if (!isStated(experiment)) return this.#forget(experiment);
    this.#unstated.delete(experiment);
    const sources = board.sources(experiment);
    const text = encodeCountsReport(sources);
    if (sources.size === 0 || text === this.#stored.get(experiment)?.text) return false;
    if (text.length > MAX_REPORT_CHARS) {
      log.error(
        { experiment, sources: sources.size },
        'too many sidecars measured an experiment to share it between replicas',
      );
      return true;
    }
    return this.#write(experiment, text);
  }

  /** False: another replica wrote or deleted it meanwhile. The watch says so, and then it is looked at again. */
  async #write(experiment: string, text: string): Promise<boolean> {
    const { client, namespace } = this.#options;
    const name = `${PREFIX}${experiment}`;
    const { resourceVersion } = this.#stored.get(experiment) ?? {};
    try {
      await client.apply(
        CONFIG_MAP,
        { namespace, name },
        { metadata: { resourceVersion, labels: { [LABEL.experiments]: 'true' } }, data: { [COUNTS_DATA_KEY]: text } },
      );
      return true;
    } catch (error) {
      if (hasStatus(error, 409) || hasStatus(error, 404)) return false;
      throw error;
    }
  }

  async #forget(experiment: string): Promise<boolean> {
    const { board, client, namespace, leads, lookEveryMs, now } = this.#options;
    const sinceMs = this.#unstated.get(experiment) ?? now();
    this.#unstated.set(experiment, sinceMs);
    const leftMs = sinceMs + lookEveryMs - now();
    if (leftMs > 0) {
      this.#writes.addLater(experiment, leftMs);
      return false;
    }
    board.forget(experiment);
    if (!leads() || !this.#stored.has(experiment)) {
      this.#unstated.delete(experiment);
      return false;
    }
    await client.delete(CONFIG_MAP, { namespace, name: `${PREFIX}${experiment}` }).catch((error) => {
      if (!hasStatus(error, 404)) throw error;
    });
    return true;
  }
}

const experimentOf = (name: string): string => name.slice(PREFIX.length);
