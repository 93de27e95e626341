/** Injected pods as the operator's index holds them. */
import type { InjectedPod } from '#operator/kube/pod-index';

/** A ready pod in namespace `support`, named by its UID unless told otherwise. */
export const injectedPod = (uid: string, parts: Partial<InjectedPod> = {}): InjectedPod => ({
  namespace: 'support',
  name: uid,
  uid,
  labels: {},
  annotations: {},
  serviceAccount: 'default',
  terminating: false,
  ready: true,
  ...parts,
});
