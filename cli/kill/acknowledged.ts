/** Which sidecars have to acknowledge a stop, and which have. Pure. */
import { isOver, type NamespaceObject, nameOf, type PodObject } from '#cli/kube/objects';
import { sidecarView } from '#cli/status/sidecar-state';
import { limitsFor } from '#contract/compile/compile-budgets';
import { workloadOf } from '#contract/compile/workload';
import { KIND } from '#contract/names/api';
import type { AIBudget } from '#contract/resources/ai-budget';
import type { AckReport } from '#contract/wire/ack-report';

/** What sidecars are to run: the AIBudget in this generation, or without it. */
export interface Awaited {
  readonly budget: AIBudget;
  readonly isGone: boolean;
}

export interface Scene {
  readonly pods: readonly PodObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly platformNamespaces: ReadonlySet<string>;
}

/** Those that a limit of the AIBudget covers, as the operator works it out. */
export function concerned({ budget }: Awaited, { pods, namespaces, platformNamespaces }: Scene): PodObject[] {
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels]));
  const isPlatform = platformNamespaces.has(budget.metadata.namespace);
  return pods.filter((pod) => {
    const { namespace = '', labels: own, annotations } = pod.metadata;
    if (isOver(pod) || !(isPlatform || namespace === budget.metadata.namespace)) return false;
    const facts = { namespace, labels: own, annotations, serviceAccount: pod.spec?.serviceAccountName };
    const workload = workloadOf(facts, { labels: labels.get(namespace) });
    return limitsFor(budget, workload).length > 0;
  });
}

export interface Missing {
  /** `namespace/name`. */
  readonly pod: string;
  readonly reason: string;
}

export function missingOf({ budget, isGone }: Awaited, pods: readonly PodObject[], acks: AckReport): Missing[] {
  const { uid, generation } = budget.metadata;
  return pods.flatMap(({ metadata }) => {
    const hash = acks.sidecars[metadata.uid ?? '']?.hash ?? undefined;
    const sources = hash === undefined ? undefined : acks.policies[hash];
    const hasIt = isGone ? sources !== undefined && !(uid in sources) : sources?.[uid] === generation;
    if (hasIt) return [];
    const { reason } = sidecarView(metadata, acks, isGone ? [] : [{ kind: KIND.budget, metadata: budget.metadata }]);
    return [{ pod: nameOf(metadata), reason: reason || 'connected, and has not acknowledged it yet' }];
  });
}
