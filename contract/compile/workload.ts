/**
 * A workload: the class of pods that get one and the same policy. Attribution comes from the Namespace's labels, then from the
 * pod's, so that a team cannot book its spending on another by labelling its own pods.
 */
import { ANNOTATION, LABEL } from '#contract/names/api';
import { canonicalJson } from '#contract/policy/canonical-json';
import type { Attribution } from '#contract/policy/policy';
import type { AIPolicy } from '#contract/resources/ai-policy';
import { contentsOf, type Snapshot } from './snapshot.ts';

export type Workload = Attribution & {
  /** Of the pods, those that some AIPolicy selects by; absent where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
};

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

/** Names of labels by which AIPolicies tell workloads apart: no others do, since many differ from pod to pod. */
export const selectingLabels = (snapshot: Snapshot): ReadonlySet<string> =>
  new Set(
    contentsOf(snapshot, 'AIPolicy').flatMap(({ spec }) => Object.keys(spec.appliesTo?.workloads?.matchLabels ?? {})),
  );

/** Whether the AIPolicy binds the workload, as far as that is its own to say. */
export function appliesTo({ spec }: AIPolicy, { team, namespace, labels = {} }: Workload): boolean {
  const { teams = [], namespaces = [], workloads } = spec.appliesTo ?? {};
  return (
    (teams.length === 0 || (team !== undefined && teams.includes(team))) &&
    (namespaces.length === 0 || namespaces.includes(namespace)) &&
    Object.entries(workloads?.matchLabels ?? {}).every(([name, value]) => labels[name] === value)
  );
}

export const attributionOf = ({ labels: _, ...attribution }: Workload): Attribution => attribution;

/**
 * `namespace` is undefined while the Namespace object is not known yet. `selecting`: the labels of pods that decide, as `selectingLabels`
 * gives them.
 */
export function workloadOf(
  pod: PodFacts,
  namespace: NamespaceFacts | undefined,
  selecting: ReadonlySet<string> = NO_LABELS,
): Workload {
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
    ...selectedOf(pod, selecting),
  };
}

const NO_LABELS: ReadonlySet<string> = new Set();

function selectedOf({ labels = {} }: PodFacts, selecting: ReadonlySet<string>): Pick<Workload, 'labels'> {
  const selected = [...selecting].sort().flatMap((name) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return selected.length === 0 ? {} : { labels: Object.fromEntries(selected) };
}

/** Equal exactly for equal workloads. */
export const workloadKey = (workload: Workload): string => canonicalJson(workload);
