/** A target that this request may use: allowed, with its credential at hand, and what its guardrails make of the request. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { CredentialSource } from '#sidecar/credentials/credential-source';
import type { OutputGuard } from '#sidecar/guardrails/guardrail';
import type { CompiledProvider, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';

export interface Candidate {
  readonly target: CompiledTarget;
  readonly provider: CompiledProvider;
  /** The model to ask the provider for. */
  readonly model: string;
  /** As it is stored; null when there is none. */
  readonly credential: string | null;
  /** Of what is sent instead of it; null: what is stored is sent. */
  readonly source: CredentialSource | null;
  /** The canonical request as this target may see it. */
  readonly request: CanonicalRequest;
  /** The guardrails that masked the request; empty when it is what the client sent. */
  readonly maskedBy: readonly PolicyGuardrail[];
  readonly outputGuard: OutputGuard | null;
  /** What observed guardrails find, which changes nothing; absent where there are none for this target. */
  readonly watch?: CandidateWatch;
}

export interface CandidateWatch {
  /** Those that would have masked or blocked the request, or could not have inspected its answer. */
  readonly found: readonly PolicyGuardrail[];
  /** Who reads the answer. */
  readonly output: OutputGuard | null;
}
