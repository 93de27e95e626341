/** The policy and the credentials that are in force, each swapped whole. A request pins both once. */
import type { Policy } from '#contract/policy/policy';
import type { Unfit } from '#contract/policy/unfit';
import type { CredentialBroker } from '#sidecar/credentials/credential-broker';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { SharedHints } from '#sidecar/pipeline/health/shared-hints';
import type { TargetHealth } from '#sidecar/pipeline/health/target-health';
import type { ApplyResult, Credentials, PolicySink } from '#sidecar/policy/policy-source';
import { type CompileGuardrails, compileSnapshot, type Snapshot } from './snapshot.ts';

const NOT_READY_RETRY_MS = 1_000;
/** What a header can carry (RFC 9110, section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

export interface PolicyHolderDeps {
  readonly compileGuardrails: CompileGuardrails;
  readonly health: TargetHealth;
  readonly hints: SharedHints;
  readonly broker: CredentialBroker;
}

export class PolicyHolder implements PolicySink {
  readonly #deps: PolicyHolderDeps;
  readonly #compileGuardrails: CompileGuardrails;
  #snapshot: Snapshot | undefined;
  /** As they came. */
  #stored: Credentials = new Map();
  #credentials: Credentials = new Map();

  constructor(deps: PolicyHolderDeps) {
    this.#deps = deps;
    this.#compileGuardrails = remembering(deps.compileGuardrails);
  }

  applyPolicy(policy: Policy, hash: string): ApplyResult {
    try {
      this.#snapshot = compileSnapshot(policy, hash, this.#compileGuardrails);
    } catch (cause) {
      return { applied: false, reason: cause instanceof Error ? cause.message : 'the policy could not be compiled' };
    }
    this.#admit();
    return { applied: true };
  }

  applyCredentials(credentials: Credentials): void {
    this.#stored = credentials;
    this.#admit();
  }

  /** A key that no header can carry is as good as none: its targets are passed over instead of failing below HTTP. */
  #admit(): void {
    const providers = this.#snapshot?.policy.providers ?? [];
    // What proves an identity is not sent to the provider, and is often a file of several lines.
    const proofs = new Set(providers.filter(({ auth }) => auth !== undefined).map(({ credential }) => credential));
    const isUsable = ([name, value]: [string, string]): boolean => proofs.has(name) || FIELD_VALUE.test(value);
    this.#credentials = new Map([...this.#stored].filter(isUsable));
    this.#deps.health.sweep(this.#credentials, this.#snapshot);
    this.#deps.broker.sweep(providers, this.#credentials);
  }

  applyHints(unfit: readonly Unfit[], ttlMs: number): void {
    this.#deps.hints.replace(unfit, ttlMs);
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** undefined before the first policy. */
  get current(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Throws `policy_not_ready`. */
  pin(): Snapshot {
    if (this.#snapshot !== undefined) return this.#snapshot;
    throw new RemoraError({
      code: 'policy_not_ready',
      message: 'This sidecar has no policy yet. Retry in a second; if it lasts, check the operator.',
      retryAfterMs: NOT_READY_RETRY_MS,
    });
  }
}

/** Patterns take longest to compile, and most policies differ from the one before in who is ready behind a Service. */
function remembering(compile: CompileGuardrails): CompileGuardrails {
  let last: { readonly stated: string; readonly compiled: ReturnType<CompileGuardrails> } | undefined;
  return (guardrails) => {
    const stated = JSON.stringify(guardrails);
    if (last?.stated !== stated) last = { stated, compiled: compile(guardrails) };
    return last.compiled;
  };
}
