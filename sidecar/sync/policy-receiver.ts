/**
 * Turns updates of the stream into what the data plane runs: a policy is taken as a whole or refused with a reason, and what runs is
 * kept for a restart before it is acknowledged.
 */
import { X509Certificate } from 'node:crypto';
import type { Policy } from '#contract/policy/policy';
import { assemblePolicy, type Sections, sectionsOf } from '#contract/policy/sections';
import { applyPolicyUpdate, decodeCredentials, encodeHeldSections } from '#contract/wire/codec';
import type { PolicyUpdate, SecretsUpdate, TrustUpdate } from '#contract/wire/gen/remora/policy/v1/sync';
import type { LastKnownGoodStore } from '#sidecar/policy/last-known-good';
import type { ApplyResult, Credentials, PolicySink } from '#sidecar/policy/policy-source';
import type { Outbound } from './connection.ts';
import type { SyncLog } from './sync-log.ts';

const REASON_MAX_CHARS = 256;

export interface PolicyReceiverOptions {
  readonly sink: PolicySink;
  readonly lastKnownGood: LastKnownGoodStore;
  readonly log: SyncLog;
}

export interface PolicyReceiver {
  /** CA certificates that the operator sent; null when it sent none. */
  readonly caPem: string | null;
  /** For Hello. */
  held(): Record<string, string>;
  policy(update: PolicyUpdate): Outbound;
  secrets(update: SecretsUpdate): Outbound;
  trust(update: TrustUpdate): Outbound;
}

interface Held {
  sections: Sections;
  policy: Policy | null;
  hash: string;
  credentials: Credentials;
  caPem: string | null;
}

/** Runs the last known good policy at once, if there is one. */
export function createPolicyReceiver({ sink, lastKnownGood, log }: PolicyReceiverOptions): PolicyReceiver {
  const held: Held = restore({ sink, lastKnownGood, log });
  const keep = (): void => {
    const { policy, hash, credentials, caPem } = held;
    if (policy) lastKnownGood.write({ policy, hash, credentials, caPem });
  };
  const nack = (update: PolicyUpdate, reason: string, wantFull: boolean): Outbound => ({
    $case: 'policyNack',
    value: { nonce: update.nonce, keptHash: held.hash, reason: reason.slice(0, REASON_MAX_CHARS), wantFull },
  });

  function adopt(update: PolicyUpdate, sections: Sections): Outbound {
    const policy = attempt(() => assemblePolicy(sections));
    if (!policy.ok) return nack(update, policy.reason, false);
    const applied = apply(sink, policy.value, update.hash);
    if (!applied.applied) return nack(update, applied.reason, false);
    Object.assign(held, { sections, policy: policy.value, hash: update.hash });
    keep();
    return { $case: 'policyAck', value: { nonce: update.nonce, hash: update.hash } };
  }

  return {
    get caPem() {
      return held.caPem;
    },
    held: () => encodeHeldSections(held.sections),
    policy(update) {
      const sections = attempt(() => applyPolicyUpdate(held.sections, update));
      if (!sections.ok) return nack(update, sections.reason, true);
      // Applied before the acknowledgement was lost.
      if (update.hash === held.hash) return { $case: 'policyAck', value: { nonce: update.nonce, hash: update.hash } };
      const answer = adopt(update, sections.value);
      if (answer.$case === 'policyNack') log.warn({ reason: answer.value.reason }, 'a policy was refused');
      else log.info({ policy: update.hash.slice(0, 12) }, 'a policy was applied');
      return answer;
    },
    secrets(update) {
      const sent = decodeCredentials(update.credentials);
      held.credentials = update.additive ? new Map([...held.credentials, ...sent]) : sent;
      sink.applyCredentials(held.credentials);
      keep();
      return { $case: 'secretsAck', value: { nonce: update.nonce } };
    },
    trust(update) {
      if (isCertificate(update.caBundle)) {
        held.caPem = update.caBundle;
        keep();
      } else log.warn({}, 'the operator sent CA certificates that cannot be read; the former stay');
      return { $case: 'trustAck', value: { nonce: update.nonce } };
    },
  };
}

function restore({ sink, lastKnownGood, log }: PolicyReceiverOptions): Held {
  const none: Held = { sections: new Map(), policy: null, hash: '', credentials: new Map(), caPem: null };
  const last = lastKnownGood.read();
  if (!last) return none;
  const { policy, hash, credentials, caPem } = last;
  sink.applyCredentials(credentials);
  const applied = apply(sink, policy, hash);
  if (applied.applied) {
    log.info({ policy: hash.slice(0, 12) }, 'the last good policy runs again');
    return { sections: sectionsOf(policy), policy, hash, credentials, caPem };
  }
  log.warn({ reason: applied.reason }, 'the last good policy is refused by this build');
  return { ...none, credentials, caPem };
}

/** A policy that trips over a fault of ours is refused like any other; the stream and the last good policy go on. */
function apply(sink: PolicySink, policy: Policy, hash: string): ApplyResult {
  const applied = attempt(() => sink.applyPolicy(policy, hash));
  return applied.ok ? applied.value : { applied: false, reason: applied.reason };
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'unknown' };
  }
}

const isCertificate = (pem: string): boolean => attempt(() => new X509Certificate(pem)).ok;
