/** The seam between the pipeline and guardrails. Facts are found once per request; the verdict differs per target. */
import type { PolicyGuardrail } from '#contract/policy/policy';
import type { CanonicalRequest, CanonicalResponse } from '#sidecar/canonical/request';
import type { Sliced } from '#sidecar/canonical/slice';
import type { StreamEvent } from '#sidecar/canonical/stream-event';

/** All of a target that a guardrail may be decided by. */
export interface GuardedTarget {
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** The model to ask the provider for. */
  readonly model: string;
  /** Of the AIProvider. */
  readonly tags: readonly string[];
}

/** `fired` lists the guardrails that masked or blocked; for logs and metrics. */
export type InputVerdict =
  | { readonly action: 'allow' }
  | { readonly action: 'mask'; readonly request: CanonicalRequest; readonly fired: readonly PolicyGuardrail[] }
  /** `unreadable`: the path of text that is there in a form which the guardrails cannot inspect. */
  | { readonly action: 'block'; readonly fired: readonly PolicyGuardrail[]; readonly unreadable?: string };

export interface InputInspection {
  verdictFor(target: GuardedTarget): InputVerdict;
  /** The observed guardrails that would have masked or blocked. */
  observedFor(target: GuardedTarget): readonly PolicyGuardrail[];
}

/** What one guardrail finds in a request. */
export interface Finding {
  readonly guardrail: PolicyGuardrail;
  /** `kind`: a built-in detector by its name, or the place of a pattern, such as `patterns[0]`. */
  readonly found: readonly { readonly kind: string; readonly count: number }[];
}

export type OutputVerdict<A> = { readonly response: A; readonly fired: readonly PolicyGuardrail[] };

/** Inspects one answer of one target; holds back only what may still become part of a match. */
export interface StreamInspector {
  step(event: StreamEvent): readonly StreamEvent[];
  readonly fired: readonly PolicyGuardrail[];
}

export interface OutputGuard {
  /** What masking the whole answer gives; a block empties the choice and ends it with `content-filter`. */
  whole<A extends CanonicalResponse>(response: A): OutputVerdict<A>;
  stream(): StreamInspector;
  /** Those that are in force. */
  readonly guardrails: readonly PolicyGuardrail[];
}

/** The guardrails of one policy, compiled once when the policy is applied. Throws on a pattern that does not compile. */
export interface Guardrails {
  inspectInput(request: CanonicalRequest): InputInspection;
  /** What the input guardrails find, whomever they are in force for. */
  findings(request: CanonicalRequest): readonly Finding[];
  /** As `inspectInput` of a large request, with rests between. `tags`: of every target that its verdicts may be asked for. */
  inspectInputSliced(request: CanonicalRequest, tags: Iterable<GuardedTarget['tags']>): Sliced<InputInspection>;
  /** null: nothing inspects the answers of this target, so its bytes may pass untouched. */
  outputGuard(target: GuardedTarget): OutputGuard | null;
  /** The observed ones, whose guard changes nothing for the client: null where there are none for this target. */
  outputWatch(target: GuardedTarget): OutputGuard | null;
  readonly hasInput: boolean;
  /** Some are observed: what they find is to be told. */
  readonly hasObserved: boolean;
}
