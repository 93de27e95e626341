/** Which workloads exist: injected pods grouped by what decides their policy, kept up as pods and namespace labels change. */
import { type Workload, workloadKey, workloadOf } from '#contract/compile/workload';
import type { InjectedPod } from '#operator/kube/pod-index';

export interface WorkloadEntry {
  readonly key: string;
  readonly workload: Workload;
  /** By uid; those that are terminating included. */
  readonly pods: ReadonlyMap<string, InjectedPod>;
}

interface MutableEntry extends WorkloadEntry {
  readonly pods: Map<string, InjectedPod>;
}

export interface WorkloadsOptions {
  /** The labels of a Namespace. */
  readonly labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined;
  /** The labels by which pods of a namespace are told apart. */
  readonly selecting: (namespace: string) => ReadonlySet<string>;
}

export class Workloads {
  readonly #options: WorkloadsOptions;
  readonly #entries = new Map<string, MutableEntry>();
  readonly #keyOfPod = new Map<string, string>();

  constructor(options: WorkloadsOptions) {
    this.#options = options;
  }

  /** Takes a pod in. Returns the workloads that gained or lost their membership by it. */
  set(pod: InjectedPod): string[] {
    const { labelsOf, selecting } = this.#options;
    const workload = workloadOf(pod, namespaceFacts(labelsOf(pod.namespace)), selecting(pod.namespace));
    const key = workloadKey(workload);
    const before = this.#keyOfPod.get(pod.uid);
    const entry = this.#entries.get(key) ?? { key, workload, pods: new Map() };
    this.#entries.set(key, entry);
    entry.pods.set(pod.uid, pod);
    this.#keyOfPod.set(pod.uid, key);
    if (before === key) return [];
    if (before !== undefined) this.#leave(before, pod.uid);
    return before === undefined ? [key] : [before, key];
  }

  /** Returns the workload that lost it. */
  remove(podUid: string): string[] {
    const key = this.#keyOfPod.get(podUid);
    if (key === undefined) return [];
    this.#keyOfPod.delete(podUid);
    this.#leave(key, podUid);
    return [key];
  }

  /** To be called when the labels of a Namespace changed, or (without one) those by which pods are told apart. Returns the workloads whose membership did. */
  regroup(namespace?: string): string[] {
    const touched = [...this.values()].filter(
      ({ workload }) => namespace === undefined || workload.namespace === namespace,
    );
    return touched.flatMap((entry) => [...entry.pods.values()]).flatMap((pod) => this.set(pod));
  }

  get(key: string): WorkloadEntry | undefined {
    return this.#entries.get(key);
  }

  keyOfPod(podUid: string): string | undefined {
    return this.#keyOfPod.get(podUid);
  }

  values(): Iterable<WorkloadEntry> {
    return this.#entries.values();
  }

  #leave(key: string, podUid: string): void {
    const entry = this.#entries.get(key);
    entry?.pods.delete(podUid);
    if (entry?.pods.size === 0) this.#entries.delete(key);
  }
}

const namespaceFacts = (labels: Readonly<Record<string, string>> | undefined) => (labels ? { labels } : undefined);
