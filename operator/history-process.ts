/** Composition root of the process that keeps the history in a file, for all replicas of the operator. */

import { OPERATOR_ENV } from '#contract/names/operator-env';
import { openHistory } from '#history/histories';
import { RETENTION } from '#history/history-store';
import type { ClusterAccess } from '#operator/kube/cluster-access';
import { KubeClient } from '#operator/kube/kube-client';
import { createHealthServer } from '#operator/telemetry/health-server';
import { createHistoryMetrics } from '#operator/telemetry/history-metrics';
import type { Logger } from '#operator/telemetry/log';
import { createRegistry } from '#operator/telemetry/metrics';
import { type OperatorConfig, serviceNames } from './config.ts';
import { createHistoryKeeper } from './history-keeper.ts';
import { AuthoritySecret } from './kube/certificate-authority-secret.ts';
import { Shutdown } from './shutdown.ts';
import { ensureAuthority } from './trust/certificate-authority.ts';

export interface HistoryProcess {
  readonly ports: { readonly history: number; readonly health: number };
  /** CA certificate in PEM by which its server is known. */
  readonly caPem: string;
  close(): Promise<void>;
}

export interface HistoryProcessOptions {
  readonly config: Pick<OperatorConfig, 'namespace' | 'service' | 'authoritySecret' | 'history' | 'host' | 'ports'>;
  readonly access: ClusterAccess;
  readonly log: Logger;
}

/** Resolves when it serves. Rejects when a port is taken or no file is configured. */
export async function startHistoryProcess(options: HistoryProcessOptions): Promise<HistoryProcess> {
  const shutdown = new Shutdown(options.log);
  try {
    return await start(options, shutdown);
  } catch (error) {
    await shutdown.close();
    throw error;
  }
}

async function start({ config, access, log }: HistoryProcessOptions, shutdown: Shutdown): Promise<HistoryProcess> {
  const { history, host, namespace, authoritySecret } = config;
  if (history === undefined || !('url' in history))
    throw new Error(`This process needs a history that it can open: ${OPERATOR_ENV.history} must be a URL of a store.`);
  let waitsFor = ['the API server'];
  const registry = createRegistry();
  const health = createHealthServer({
    unready: () => waitsFor,
    metrics: () => registry.metrics(),
    metricsType: registry.contentType,
  });
  const healthPort = await health.listen(host, config.ports.health);
  shutdown.add(() => health.close());
  const client = new KubeClient(access);
  shutdown.add(() => client.close());
  const authority = await ensureAuthority(new AuthoritySecret(client, { namespace, name: authoritySecret }));
  const keeper = createHistoryKeeper({
    ...{ client, log, metrics: createHistoryMetrics(registry), backups: history.backups },
    store: openHistory(history.url, { retention: { ...RETENTION, auditDays: history.auditDays } }),
    tls: await authority.issue([...serviceNames(config), 'localhost']),
  });
  shutdown.add(() => keeper.close());
  const port = await keeper.listen(host, config.ports.history);
  waitsFor = [];
  log.info({ history: port, health: healthPort }, 'serving');
  return { ports: { history: port, health: healthPort }, caPem: authority.caPem, close: () => shutdown.close() };
}
