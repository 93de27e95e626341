/** What the push server is told of a sidecar, and what it tells of one. */
import type { Session } from './session.ts';

/** What the token of a sidecar proves. */
export interface SidecarIdentity {
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly serviceAccount: string;
  /** Which published policy is for it. */
  readonly workloadKey: string;
}

export interface SidecarState {
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly workloadKey: string;
  /** Of the policy that the sidecar runs; null before the first. */
  readonly ackedHash: string | null;
  /** The policy that it refused last, until another is acknowledged. `reason` is one line of at most 256 characters. */
  readonly nack: { readonly hash: string; readonly reason: string } | null;
}

export const stateOf = (session: Session, identity: SidecarIdentity): SidecarState => ({
  podUid: identity.podUid,
  namespace: identity.namespace,
  podName: identity.podName,
  workloadKey: identity.workloadKey,
  ackedHash: session.running.hash,
  nack: session.refused,
});
