/** Users' objects as the API server has them now: where they are, which version, and what their status says. */
import { type ObjectName, objectKey } from '#contract/compile/object-key';
import { KIND } from '#contract/names/api';
import type { Json } from '#contract/policy/canonical-json';
import type { AIBudgetStatus } from '#contract/resources/ai-budget';
import type { Condition } from '#contract/resources/fields';
import type { KubeObject } from '#operator/kube/resource-type';

interface ObjectStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly [field: string]: unknown;
}

export interface UserObject extends KubeObject {
  readonly kind?: string;
  readonly status?: ObjectStatus;
}

export interface ObservedObject extends ObjectName {
  readonly uid: string;
  /** Of the version that the watch showed; a write of ours makes a newer one. */
  readonly resourceVersion: string;
  readonly status: (ObjectStatus & { readonly [field: string]: Json | undefined }) | undefined;
  /** It is on its way out; absent: it stays. */
  readonly isLeaving?: true;
}

export class ObservedObjects {
  readonly #objects = new Map<string, ObservedObject>();

  /** Returns the object's key. */
  set({ kind = '', metadata, status }: UserObject): string {
    const name = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    // The API server's structural schema has pruned it to JSON of the shape that we generate the CRD from.
    const { uid = '', resourceVersion = '' } = metadata;
    const observed = {
      ...{ ...name, uid, resourceVersion, status: status as ObservedObject['status'] },
      ...(metadata.deletionTimestamp !== undefined && { isLeaving: true as const }),
    };
    const key = objectKey(name);
    this.#objects.set(key, observed);
    return key;
  }

  /** What we wrote, until the watch says so too. */
  noteStatus(key: string, status: ObservedObject['status'], resourceVersion: string | undefined): void {
    const object = this.#objects.get(key);
    if (object) this.#objects.set(key, { ...object, status, ...(resourceVersion && { resourceVersion }) });
  }

  delete(name: ObjectName): string {
    const key = objectKey(name);
    this.#objects.delete(key);
    return key;
  }

  get(key: string): ObservedObject | undefined {
    return this.#objects.get(key);
  }

  /** Keys of all objects, or of those that `keep` names. */
  keys(keep: (object: ObservedObject) => boolean = () => true): string[] {
    return [...this.#objects].filter(([, object]) => keep(object)).map(([key]) => key);
  }

  /** What the status of every AIBudget says of each limit. */
  *usedRatios(): Iterable<{ readonly budget: string; readonly limit: string; readonly usedRatio: number }> {
    for (const { kind, namespace, name, status } of this.#objects.values()) {
      if (kind !== KIND.budget) continue;
      // As we wrote it, and the API server's schema holds it.
      const { limits = [] } = (status ?? {}) as unknown as AIBudgetStatus;
      for (const { name: limit, percent } of limits)
        yield { budget: `${namespace}/${name}`, limit, usedRatio: percent / 100 };
    }
  }
}
