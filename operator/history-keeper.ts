/** The process that keeps the history: its reports over HTTPS, and its daily upkeep. */
import { HISTORY_AUDIENCE } from '#contract/names/api';
import type { HistoryStore } from '#history/history-store';
import { type Backups, Upkeep } from '#history/upkeep';
import { createHistoryServer } from '#operator/history/history-server';
import { AccessReviewer } from '#operator/kube/access-reviewer';
import type { KubeClient } from '#operator/kube/kube-client';
import type { HistoryMetrics } from '#operator/telemetry/history-metrics';
import type { Logger } from '#operator/telemetry/log';

export interface KeeperOptions {
  readonly store: HistoryStore;
  readonly backups: Backups | undefined;
  /** Whether this one of several processes does the upkeep. */
  readonly due?: () => boolean;
  readonly client: KubeClient;
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  readonly metrics: HistoryMetrics;
  readonly log: Logger;
}

export interface HistoryKeeper {
  /** Resolves with the bound port. */
  listen(host: string, port: number): Promise<number>;
  /** Closes the store, too. */
  close(): Promise<void>;
}

export function createHistoryKeeper(options: KeeperOptions): HistoryKeeper {
  const { store, backups, due, client, tls, metrics, log } = options;
  const reviewer = new AccessReviewer({ client, audience: HISTORY_AUDIENCE, now: () => performance.now() });
  const server = createHistoryServer({
    ...{ tls, store, log, now: Date.now },
    access: (token, asked) => reviewer.review(token, asked),
  });
  const upkeep = new Upkeep({
    ...{ store, backups, log, now: Date.now },
    ...(due !== undefined && { due }),
    onDone: (task, outcome) => metrics.upkeep.inc({ task, outcome }),
  });
  const bytes = store.bytes?.bind(store);
  if (bytes !== undefined) metrics.watchBytes(bytes);
  return {
    async listen(host, port) {
      const bound = await server.listen(host, port);
      upkeep.start();
      return bound;
    },
    async close() {
      await server.close();
      await upkeep.close();
      await store.close();
    },
  };
}
