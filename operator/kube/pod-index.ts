/** What the operator remembers of injected pods: enough to trust a sidecar and to count it, never the whole pod. */
import { LABEL } from '#contract/names/api';
import type { ReflectorHandler } from './reflector.ts';
import { type KubeObject, keyOf, type ObjectRef } from './resource-type.ts';

export interface InjectedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly terminating: boolean;
  readonly ready: boolean;
}

export interface PodObject extends KubeObject {
  readonly spec?: { readonly serviceAccountName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** What the pods reflector selects. */
export const INJECTED_PODS = `${LABEL.injected}=true`;

export class PodIndex implements ReflectorHandler<PodObject> {
  readonly #byKey = new Map<string, InjectedPod>();
  readonly #onChange: (pod: InjectedPod, gone: boolean) => void;

  /** `onChange` sees the pod as it is now, or as it last was when it is gone. */
  constructor(onChange: (pod: InjectedPod, gone: boolean) => void) {
    this.#onChange = onChange;
  }

  apply(object: PodObject): void {
    const pod = injectedPodOf(object);
    this.#byKey.set(keyOf(pod), pod);
    this.#onChange(pod, false);
  }

  remove(ref: ObjectRef): void {
    const pod = this.#byKey.get(keyOf(ref));
    if (!pod) return;
    this.#byKey.delete(keyOf(ref));
    this.#onChange({ ...pod, terminating: true, ready: false }, true);
  }

  get(ref: ObjectRef): InjectedPod | undefined {
    return this.#byKey.get(keyOf(ref));
  }

  values(): Iterable<InjectedPod> {
    return this.#byKey.values();
  }
}

/** Service accounts are named `default` where a pod names none. A pod that ended counts as terminating. */
function injectedPodOf({ metadata, spec, status }: PodObject): InjectedPod {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    serviceAccount: spec?.serviceAccountName || 'default',
    terminating: metadata.deletionTimestamp !== undefined || ended,
    ready: status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
  };
}
