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

interface Held {
  readonly sections: Sections;
  readonly policy: Policy | null;
  readonly hash: string;
  readonly credentials: Credentials;
  readonly caPem: string | null;
}

export class PolicyReceiver {
  readonly #options: PolicyReceiverOptions;
  #held: Held;

  /** Runs the last known good policy at once, if there is one. */
  constructor(options: PolicyReceiverOptions) {
    this.#options = options;
    this.#held = restore(options);
  }

  /** CA certificates that the operator sent; null when it sent none. */
  get caPem(): string | null {
    return this.#held.caPem;
  }

  /** For Hello. */
  held(): Record<string, string> {
    return encodeHeldSections(this.#held.sections);
  }

  policy(update: PolicyUpdate): Outbound {
    const sections = attempt(() => applyPolicyUpdate(this.#held.sections, update));
    if (!sections.ok) return this.#nack(update, sections.reason, true);
    // Applied before the acknowledgement was lost.
    if (update.hash === this.#held.hash) return ackOf(update);
    const answer = this.#adopt(update, sections.value);
    const { log } = this.#options;
    if (answer.$case === 'policyNack') log.warn({ reason: answer.value.reason }, 'a policy was refused');
    else log.info({ policy: update.hash.slice(0, 12) }, 'a policy was applied');
    return answer;
  }

  secrets(update: SecretsUpdate): Outbound {
    const sent = decodeCredentials(update.credentials);
    const credentials = update.additive ? new Map([...this.#held.credentials, ...sent]) : sent;
    this.#options.sink.applyCredentials(credentials);
    this.#keep({ credentials });
    return { $case: 'secretsAck', value: { nonce: update.nonce } };
  }

  trust(update: TrustUpdate): Outbound {
    if (isCertificate(update.caBundle)) this.#keep({ caPem: update.caBundle });
    else this.#options.log.warn({}, 'the operator sent CA certificates that cannot be read; the former stay');
    return { $case: 'trustAck', value: { nonce: update.nonce } };
  }

  #adopt(update: PolicyUpdate, sections: Sections): Outbound {
    const policy = attempt(() => assemblePolicy(sections));
    if (!policy.ok) return this.#nack(update, policy.reason, false);
    const applied = apply(this.#options.sink, policy.value, update.hash);
    if (!applied.applied) return this.#nack(update, applied.reason, false);
    this.#keep({ sections, policy: policy.value, hash: update.hash });
    return ackOf(update);
  }

  /** In memory and, once there is a policy, for a restart. */
  #keep(changed: Partial<Held>): void {
    this.#held = { ...this.#held, ...changed };
    const { policy, hash, credentials, caPem } = this.#held;
    if (policy) this.#options.lastKnownGood.write({ policy, hash, credentials, caPem });
  }

  #nack(update: PolicyUpdate, reason: string, wantFull: boolean): Outbound {
    const value = {
      nonce: update.nonce,
      keptHash: this.#held.hash,
      reason: reason.slice(0, REASON_MAX_CHARS),
      wantFull,
    };
    return { $case: 'policyNack', value };
  }
}

const ackOf = ({ nonce, hash }: PolicyUpdate): Outbound => ({ $case: 'policyAck', value: { nonce, hash } });

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
