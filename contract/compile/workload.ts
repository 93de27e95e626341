/**
 * A workload: the class of pods that get one and the same policy. Attribution comes from the Namespace's labels, then from the
 * pod's, so that a team cannot book its spending on another by labelling its own pods.
 */
import { ANNOTATION, LABEL } from '#contract/names/api';
import { canonicalJson } from '#contract/policy/canonical-json';
import type { Attribution } from '#contract/policy/policy';

export type Workload = Attribution;

type Texts = Readonly<Record<string, string | undefined>>;

/** What of a pod decides its workload. */
export interface PodFacts {
  readonly namespace: string;
  /** Empty or omitted: `default`, as Kubernetes does. */
  readonly serviceAccount?: string | undefined;
  readonly labels?: Texts | undefined;
  readonly annotations?: Texts | undefined;
}

export interface NamespaceFacts {
  readonly labels?: Texts | undefined;
}

/** Annotations are unbounded in practice; this value travels in each log line and metric. */
const MAX_FEATURE_LENGTH = 253;

/** `namespace` is undefined while the Namespace object is not known yet. */
export function workloadOf(pod: PodFacts, namespace: NamespaceFacts | undefined): Workload {
  const label = (name: string): string | undefined => namespace?.labels?.[name] || pod.labels?.[name] || undefined;
  const stated = {
    team: label(LABEL.team),
    project: label(LABEL.project),
    environment: label(LABEL.environment),
    feature: pod.annotations?.[ANNOTATION.feature]?.slice(0, MAX_FEATURE_LENGTH) || undefined,
  };
  return {
    namespace: pod.namespace,
    serviceAccount: pod.serviceAccount || 'default',
    ...Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined)),
  };
}

/** Equal exactly for equal workloads. */
export const workloadKey = (workload: Workload): string => canonicalJson(workload);
