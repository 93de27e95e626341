/** What is read of objects in a cluster. All but names is optional: an object may be young, or of a neighbouring release. */
import type { Condition } from '#contract/resources/fields';

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

/** An object of a kind of ours. */
export interface RemoraObject {
  readonly metadata: Metadata;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Target {
  readonly model: string;
}

interface Rule {
  readonly targets?: readonly Target[];
  readonly fallbacks?: readonly Target[];
  readonly variants?: readonly { readonly target: Target }[];
}

export interface RouteObject extends RemoraObject {
  readonly spec?: Rule & { readonly rules?: readonly Rule[] };
  readonly status?: RemoraObject['status'] & { readonly programmed?: string };
}

export interface BudgetObject extends RemoraObject {
  readonly spec?: { readonly stop?: boolean; readonly stopReason?: string };
  readonly status?: RemoraObject['status'] & {
    readonly spent?: string;
    readonly remaining?: string;
    readonly percent?: string;
    readonly limits?: readonly {
      readonly name: string;
      readonly spent: string;
      readonly granted: string;
      readonly remaining: string;
      readonly percent: number;
      readonly windowEnd?: string;
    }[];
  };
}

export interface PodObject {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly hostNetwork?: boolean;
    readonly serviceAccountName?: string;
    readonly initContainers?: readonly {
      readonly name: string;
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly message?: string };
  };
}

export interface NamespaceObject {
  readonly metadata: Metadata;
}

export interface DeploymentObject {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly {
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
  readonly status?: { readonly readyReplicas?: number };
}

export interface WebhookObject {
  readonly metadata: Metadata;
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig?: {
      readonly caBundle?: string;
      readonly service?: { readonly namespace: string; readonly name: string };
    };
  }[];
}

export interface CrdObject {
  readonly metadata: Metadata;
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly served?: boolean }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface ConfigMapObject {
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
}

/** `demo/chat`. */
export const nameOf = ({ namespace, name }: Metadata): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** A pod that ended or is going away has no say any more. */
export const isOver = ({ metadata, status }: PodObject): boolean =>
  metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed';
