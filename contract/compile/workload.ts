/**
 * A workload: the class of pods that get one and the same policy. Attribution comes from the Namespace's labels, then from the
 * pod's, so that a team cannot book its spending on another by labelling its own pods.
 */
import { ANNOTATION, LABEL } from '#contract/names/api';
import { canonicalJson } from '#contract/policy/canonical-json';
import type { Attribution } from '#contract/policy/policy';
import type { AIPolicy } from '#contract/resources/ai-policy';
import { askedLabels } from './asked-labels.ts';
import { contentsOf, type Snapshot } from './snapshot.ts';

export type Workload = Attribution & {
  /** Of the pods, those that tell workloads apart; absent where there are none. */
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

/** Names of labels by which pods of one namespace are told apart: no others do, since many differ from pod to pod. */
export interface SelectingLabels {
  readonly of: (namespace: string) => ReadonlySet<string>;
  /** Equal exactly for equal ones. */
  readonly key: string;
}

/** Those that AIPolicies select by and that expressions ask for, each where the object counts: no team parts the pods of another. */
export function selectingLabels(snapshot: Snapshot): SelectingLabels {
  const policies = contentsOf(snapshot, 'AIPolicy').map((policy) => ({
    namespace: snapshot.platformNamespaces.has(policy.metadata.namespace) ? EVERYWHERE : policy.metadata.namespace,
    labels: [...Object.keys(policy.spec.appliesTo?.workloads?.matchLabels ?? {}), ...askedLabels(policy)],
  }));
  const routes = contentsOf(snapshot, 'AIRoute').map((route) => ({
    namespace: route.metadata.namespace,
    labels: askedLabels(route),
  }));
  const stated = [...policies, ...routes].filter(({ labels }) => labels.length > 0);
  const byNamespace = new Map(
    [...Map.groupBy(stated, ({ namespace }) => namespace)].map(
      ([namespace, entries]) => [namespace, new Set(entries.flatMap(({ labels }) => labels))] as const,
    ),
  );
  const everywhere = byNamespace.get(EVERYWHERE) ?? NO_LABELS;
  return {
    of: (namespace) => everywhere.union(byNamespace.get(namespace) ?? NO_LABELS),
    key: canonicalJson(
      Object.fromEntries([...byNamespace].map(([namespace, names]) => [namespace, [...names].sort()])),
    ),
  };
}

/** No namespace is called so. */
const EVERYWHERE = '*';
const NO_LABELS: ReadonlySet<string> = new Set();

/** Whether the AIPolicy binds the workload, as far as that is its own to say. */
export function appliesTo({ spec }: AIPolicy, { team, namespace, labels = {} }: Workload): boolean {
  const { teams = [], namespaces = [], workloads } = spec.appliesTo ?? {};
  return (
    (teams.length === 0 || (team !== undefined && teams.includes(team))) &&
    (namespaces.length === 0 || namespaces.includes(namespace)) &&
    Object.entries(workloads?.matchLabels ?? {}).every(([name, value]) => labels[name] === value)
  );
}

/** With the labels that expressions ask for and that the namespace has, else the pods have. */
export function attributionOf(
  { labels: own, ...attribution }: Workload,
  asked: Iterable<string>,
  namespace: NamespaceFacts['labels'],
): Attribution {
  const found = [...new Set(asked)].sort().flatMap((name) => {
    const value = namespace?.[name] || own?.[name];
    return value ? [[name, value] as const] : [];
  });
  return found.length === 0 ? attribution : { ...attribution, labels: Object.fromEntries(found) };
}

/**
 * `namespace` is undefined while the Namespace object is not known yet. `selecting`: the labels of pods that decide, as `selectingLabels`
 * gives them for the namespace.
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
    region: label(LABEL.region),
    feature: pod.annotations?.[ANNOTATION.feature]?.slice(0, MAX_FEATURE_LENGTH) || undefined,
  };
  return {
    namespace: pod.namespace,
    serviceAccount: pod.serviceAccount || 'default',
    ...Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined)),
    ...selectedOf(pod, selecting),
  };
}

function selectedOf({ labels = {} }: PodFacts, selecting: ReadonlySet<string>): Pick<Workload, 'labels'> {
  const selected = [...selecting].sort().flatMap((name) => {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return selected.length === 0 ? {} : { labels: Object.fromEntries(selected) };
}

/** Equal exactly for equal workloads. */
export const workloadKey = (workload: Workload): string => canonicalJson(workload);
