/** The audit as the operator has it: what it sees and decides goes into its history. */
import { AuditTrail } from '#operator/audit/audit-trail';
import { compareObjects } from '#operator/audit/compare-objects';
import type { KubeClient } from '#operator/kube/kube-client';
import { type KubeObject, NAMESPACE } from '#operator/kube/resource-type';
import type { HistoryMetrics } from '#operator/telemetry/history-metrics';
import type { Logger } from '#operator/telemetry/log';
import type { OperatorConfig } from './config.ts';
import type { OperatorHistory } from './operator-history.ts';

export interface OperatorAuditParts {
  readonly config: Pick<OperatorConfig, 'namespace' | 'service' | 'watchNamespace'>;
  readonly client: KubeClient;
  readonly metrics: HistoryMetrics;
  readonly log: Logger;
}

/** By whose uid a cluster is known: it is there as long as the cluster is. */
const EVERY_CLUSTER = 'kube-system';

export function createOperatorAudit(
  history: OperatorHistory,
  { config, client, metrics, log }: OperatorAuditParts,
): AuditTrail {
  const store = history.audit;
  const cluster = onceKnown(async () => {
    const { metadata } = await client.get<KubeObject>(NAMESPACE, { namespace: '', name: EVERY_CLUSTER });
    return metadata.uid ?? '';
  });
  const trail = new AuditTrail({
    ...{ store, cluster, log, now: Date.now },
    compare: compareObjects({ store, client, cluster, namespace: config.watchNamespace, now: Date.now }),
    operator: `system:serviceaccount:${config.namespace}:${config.service}`,
    onDropped: (count) => metrics.auditDropped.inc(count),
  });
  metrics.watchAudit(() => trail);
  return trail;
}

/** What was found out once is not asked again. */
function onceKnown<T>(ask: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: T } | undefined;
  return async () => {
    known ??= { value: await ask() };
    return known.value;
  };
}
