/** Why a request goes where it goes: what `x-remora-explain` answers with, as JSON, and what `remora explain` shows. Never text of the request, never a key. */
import type { ErrorCode } from '#contract/names/error-codes';
import type { LimitKind } from '#contract/policy/book-id';
import type { Attribution } from '#contract/policy/policy';
import type { Concern } from '#sidecar/pipeline/health/target-health';
import type { RequestRecord } from '#sidecar/telemetry/request-record';

export interface Explanation {
  readonly request: {
    readonly dialect: string;
    readonly operation: string;
    /** Absent where none is asked for. */
    readonly model?: string;
    readonly stream: boolean;
    /** Of the body; absent where it could not be read. */
    readonly inputBytes?: number;
  };
  /** What would happen: sent to the first target that can be asked, answered by the sidecar itself, or refused. */
  readonly outcome: 'sent' | 'answered' | 'refused';
  /** The target that would be asked first. */
  readonly sentTo?: string;
  /** A limit has no room and lowers it to another model; what follows is about that. `by`: `namespace/name/limit`. */
  readonly downgraded?: RequestRecord['downgraded'];
  /** What the client would see. */
  readonly refused?: ExplainedError;
  readonly caller?: Attribution & {
    readonly user?: string | undefined;
    /** `namespace/name` of the AIKey that it comes with. */
    readonly key?: string | undefined;
    readonly session?: string | undefined;
    readonly tier?: string | undefined;
  };
  readonly policyHash?: string;
  /** The objects by which it was decided, all those that bind the workload among them. */
  readonly objects: readonly ExplainedObject[];
  /** `namespace/name` of the AIRoute. */
  readonly route?: string;
  /** Those that were looked at: all before the one that matches, and that one. */
  readonly rules: readonly ExplainedRule[];
  /** Absent: nothing asked what the request is. */
  readonly class?: {
    readonly task?: string | undefined;
    readonly complexity?: string | undefined;
    readonly latency: string;
    readonly costClass?: string | undefined;
    readonly because: readonly string[];
    /** The route names a classifier of its own, which is not asked for an explanation. */
    readonly classifierNotAsked?: true;
  };
  readonly strategy?: { readonly name: string; readonly affinity: string; readonly reason?: string | undefined };
  /** Absent: the rule has none, or the request was drawn for none. */
  readonly variant?: { readonly name: string; readonly mode: 'Live' | 'Shadow'; readonly percent: number };
  /** In the order in which they would be tried. */
  readonly targets: readonly ExplainedTarget[];
  readonly leftOut: readonly { readonly target: string; readonly reason: string; readonly message: string }[];
  readonly ceilings: readonly ExplainedCeiling[];
  /** Input guardrails that find something, whomever they are in force for. */
  readonly guardrails: readonly ExplainedGuardrail[];
  readonly required?: RequestRecord['required'];
  /** What observed AIPolicies would have done. */
  readonly wouldHave?: RequestRecord['wouldHave'];
  readonly failedExpressions?: RequestRecord['failedExpressions'];
  /** How many requests of the route may be under way in this pod. */
  readonly concurrency?: { readonly max: number; readonly queue: number };
  /** What the cache of the route would do; absent: the route has none. */
  readonly cache?: {
    readonly result: NonNullable<RequestRecord['cache']>;
    readonly because?: RequestRecord['cacheSkip'];
    readonly scope: string;
    readonly ttlMs: number;
  };
}

export interface ExplainedError {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  /** The Kubernetes object that refuses. */
  readonly object?: string | undefined;
}

export interface ExplainedObject {
  readonly kind: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly generation: number;
}

export interface ExplainedRule {
  readonly index: number;
  readonly matches: boolean;
  /** Why it does not. */
  readonly because?: string;
}

export interface ExplainedTarget {
  /** `provider/model` as the route states it. */
  readonly target: string;
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** What the provider is asked for. */
  readonly model: string;
  readonly role: 'target' | 'fallback' | 'variant';
  readonly weight?: number;
  /** Why it is tried after the others, or is about to be tried out. */
  readonly concerns: readonly Concern[];
  /** Of rules that choose by it. Milliseconds. */
  readonly latency?: {
    readonly averageMs?: number | undefined;
    readonly p95Ms?: number | undefined;
    readonly underWay: number;
  };
  /** It is not asked, or the request ends at it. */
  readonly refused?: ExplainedError;
  /** The API in which it would be asked. */
  readonly wire?: string;
  readonly lane?: 'passthrough' | 'translate';
  /** What of the request its API has no place for. */
  readonly dropped?: readonly string[];
  readonly maskedBy: readonly string[];
  /** Output guardrails. */
  readonly inspectedBy: readonly string[];
  /** US dollars per million tokens; absent: unknown. */
  readonly price?: { readonly input: string; readonly output: string };
  /** What it may use; without `slice` all of it is reserved before it is asked. */
  readonly atMost?: ExplainedBound;
  /** Of a stream whose reservation grows as it flows: what is reserved at first. */
  readonly slice?: ExplainedBound;
  readonly budgets: readonly ExplainedBudget[];
}

/** `usd` is absent where the price is unknown. */
export interface ExplainedBound {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd?: string;
}

/** Amounts in words, with their unit. */
export interface ExplainedBudget {
  /** `namespace/name` of the object that states it. */
  readonly budget: string;
  /** Its kind; absent: AIBudget. */
  readonly kind?: LimitKind;
  readonly limit: string;
  /** The amount holds for each value of these by itself. */
  readonly per?: readonly string[];
  /** It only counts. */
  readonly soft?: true;
  readonly amount: string;
  readonly every: string;
  /** When its window ends, ISO 8601; absent: it is a run. */
  readonly until?: string;
  /** Absent where the price of the target is unknown. */
  readonly needed?: string;
  /** What this sidecar can spend without asking. */
  readonly held: string;
  /** What happens to a request that it has no room for, in words; absent: it is refused. */
  readonly otherwise?: string;
  /** What all sidecars together can still spend; absent where only the operator knows. */
  readonly remaining?: string;
}

interface ExplainedCeiling {
  readonly object: string;
  readonly maxInputTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly maxUsd?: string | undefined;
  /** It only tells what it would have refused. */
  readonly observed: boolean;
}

interface ExplainedGuardrail {
  /** `namespace/name/rule`. */
  readonly guardrail: string;
  readonly action: 'Mask' | 'Block';
  readonly observed: boolean;
  /** Absent for a large request, of which only the verdict is known. */
  readonly found?: readonly { readonly kind: string; readonly count: number }[];
}
