/**
 * Which update a sidecar gets next. Credentials come before the policy that needs them and are taken away only after it runs, so
 * that at no moment a running policy misses a key; the CA comes last, since nothing waits for it.
 */
import { encodePolicyUpdate } from '#contract/wire/codec';
import type { SyncResponse } from '#contract/wire/gen/remora/policy/v1/sync';
import type { PreparedPolicy } from './prepared-policy.ts';
import type { Session } from './session.ts';

/** The update that awaits its answer. */
export type InFlight = { readonly nonce: number; readonly sentAtMs: number } & (
  | { readonly kind: 'policy'; readonly policy: PreparedPolicy; readonly full: boolean }
  | { readonly kind: 'secrets'; readonly version: number; readonly exact: boolean }
  | { readonly kind: 'trust' }
);

export interface Outgoing {
  readonly inFlight: InFlight;
  readonly message: NonNullable<SyncResponse['message']>;
}

interface Stamp {
  readonly nonce: number;
  readonly nowMs: number;
}

/** null when the sidecar has all it should have, or has refused what it lacks. */
export function nextUpdate(session: Session, stamp: Stamp): Outgoing | null {
  const { wanted, running, refused, secrets } = session;
  if (wanted) {
    const runs = wanted.hash === running.hash;
    const exact = runs || running.hash === null;
    const current = secrets?.version === wanted.credentialsVersion;
    if (!current || (runs && !secrets.exact)) return secretsUpdate(wanted, exact, stamp);
    if (!runs && wanted.hash !== refused?.hash) return policyUpdate(session, wanted, stamp);
  }
  return session.caToSend === null ? null : trustUpdate(session.caToSend, stamp);
}

function policyUpdate(session: Session, policy: PreparedPolicy, { nonce, nowMs }: Stamp): Outgoing {
  const full = session.sendFull || session.running.held.size === 0;
  const held = full ? undefined : session.running.held;
  return {
    inFlight: { kind: 'policy', nonce, sentAtMs: nowMs, policy, full },
    message: {
      $case: 'policyUpdate',
      value: encodePolicyUpdate(policy.sections, { nonce, held, traceparent: policy.traceparent }),
    },
  };
}

function secretsUpdate(policy: PreparedPolicy, exact: boolean, { nonce, nowMs }: Stamp): Outgoing {
  return {
    inFlight: { kind: 'secrets', nonce, sentAtMs: nowMs, version: policy.credentialsVersion, exact },
    message: {
      $case: 'secretsUpdate',
      value: { nonce, credentials: [...policy.credentials], additive: !exact },
    },
  };
}

function trustUpdate(caBundle: string, { nonce, nowMs }: Stamp): Outgoing {
  return {
    inFlight: { kind: 'trust', nonce, sentAtMs: nowMs },
    message: { $case: 'trustUpdate', value: { nonce, caBundle } },
  };
}
