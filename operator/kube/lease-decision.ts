/** What a candidate does about a Lease: pure, after client-go's leader election (hold 15 s, give up renewing at 10 s, try each 2 s). */
const LEASE_DURATION_MS = 15_000;
export const RENEW_DEADLINE_MS = 10_000;
export const RETRY_PERIOD_MS = 2_000;

export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

/** What was last seen of the Lease, and since when on our own monotonic clock: other machines' clocks are never compared. */
export interface LeaseObservation {
  readonly resourceVersion: string;
  readonly observedAt: number;
}

export const observe = (
  previous: LeaseObservation | undefined,
  resourceVersion: string,
  now: number,
): LeaseObservation =>
  previous?.resourceVersion === resourceVersion ? previous : { resourceVersion, observedAt: now };

/** True when `identity` may write itself into the Lease: it holds it, nobody does, or its holder was silent for its whole duration. */
export function mayHold(spec: LeaseSpec, identity: string, silentMs: number): boolean {
  if (!spec.holderIdentity || spec.holderIdentity === identity) return true;
  return silentMs >= (spec.leaseDurationSeconds ?? LEASE_DURATION_MS / 1000) * 1000;
}

/** The Lease as its new or renewing holder writes it. `nowIso` has microseconds, as metav1.MicroTime wants. */
export function heldBy(identity: string, present: LeaseSpec | undefined, nowIso: string): LeaseSpec {
  const renews = present?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: LEASE_DURATION_MS / 1000,
    acquireTime: renews ? (present.acquireTime ?? nowIso) : nowIso,
    renewTime: nowIso,
    leaseTransitions: (present?.leaseTransitions ?? 0) + (renews || !present ? 0 : 1),
  };
}

/** The Lease as a leaving holder writes it, so that the next one need not wait: client-go's release. */
export const released = (present: LeaseSpec, nowIso: string): LeaseSpec => ({
  holderIdentity: '',
  leaseDurationSeconds: 1,
  renewTime: nowIso,
  acquireTime: nowIso,
  leaseTransitions: present.leaseTransitions ?? 0,
});
