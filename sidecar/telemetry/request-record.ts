/** What is known of one request when it is over. The log line, the metrics and the trace are three views of it; content and keys never enter. */
import type { ErrorCode } from '#contract/names/error-codes';
import type { Attribution, PolicyGuardrail } from '#contract/policy/policy';
import type { Priority } from '#contract/resources/route-concurrency';
import type { StrategyName } from '#contract/resources/target-choice';
import type { Usage } from '#sidecar/canonical/usage';
import type { RequestClass } from '#sidecar/classify/classify';

/** The outcome of an attempt that was ended since another target had answered. */
export const SUPERSEDED = 'superseded';

/** The outcome of an attempt whose stream its budget ended. */
export const CUT_BY_BUDGET = 'cut_by_budget';

export interface AttemptRecord {
  /** `provider/model` as the route states it. */
  readonly target: string;
  /** `gen_ai.provider.name`. */
  readonly providerName: string;
  readonly requestModel: string;
  readonly responseModel?: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly startUnixMs: number;
  readonly durationMs: number;
  /** Until the first content event. */
  readonly timeToFirstChunkMs?: number;
  /** `ok`, `superseded`, `cut_by_budget`, a failure class, or a fault kind. */
  readonly outcome: string;
  /** Begun while another target was asked already. */
  readonly hedge?: true;
  readonly status?: number;
  readonly usage?: Usage;
  readonly costNanoUsd: bigint | null;
  readonly estimated: boolean;
  readonly upstreamRequestId?: string;
  readonly finishReasons?: readonly string[];
}

/** Why a retry that might have helped was not made. */
export type RetryDenial =
  /** The route's `retry.budgetPercent` is spent. */
  | 'BudgetSpent'
  /** The client repeats its requests by itself. */
  | 'ClientRetries'
  /** A picture or audio that the provider may have made, and billed, already. */
  | 'MayBeBilled'
  /** Meanwhile the target is known not to work, and another one is left. */
  | 'TargetUnfit';

/** `used`: its word counts. Else the sidecar's own: no answer in time, none or an error, no answer to the question. */
export type ClassifierOutcome = 'used' | 'late' | 'error' | 'invalid';

/** Why a request is answered for itself alone, though its route has a cache. */
export type CacheSkip =
  /** The client said so. */
  | 'Asked'
  /** Answers are shared by user or session, and it names none. */
  | 'NoUser'
  | 'NoSession'
  /** Its operation, such as pictures, is none that is answered twice. */
  | 'Operation'
  /** The rule measures variants. */
  | 'Variants'
  /** It is over a mebibyte. */
  | 'Large'
  /** A job, an answer for later, or tools that the provider runs. */
  | 'DoesMore'
  /** It names what an account keeps, or is to be kept there. */
  | 'Kept'
  | 'SeveralAnswers';

export interface RequestRecord {
  readonly requestId: string;
  /** W3C traceparent of the caller. */
  readonly traceparent?: string;
  readonly dialect: string;
  readonly operation: string;
  readonly attribution?: Attribution;
  readonly user?: string;
  /** `namespace/name` of the AIKey that it came with. */
  readonly key?: string;
  readonly requestedModel?: string;
  /** `namespace/name` of the AIRoute and the index of its rule. */
  readonly route?: string;
  readonly rule?: number;
  /** How the rule chose among several targets, and what decided. */
  readonly strategy?: StrategyName;
  readonly strategyReason?: string;
  /** The variant that it was drawn for, by its name in the AIRoute; the fallbacks of such a request are part of what the variant costs. */
  readonly variant?: string;
  /** A copy of a request, whose answer nobody got. */
  readonly shadow?: true;
  readonly lane?: 'passthrough' | 'translate';
  readonly policyHash?: string;
  readonly stream: boolean;
  /** What the client got. */
  readonly status: number;
  readonly outcome: 'ok' | 'client_closed' | ErrorCode;
  /** The Kubernetes object that refused, if one did. */
  readonly decidedBy?: string;
  readonly attempts: readonly AttemptRecord[];
  /** Attempts on a target that had failed before. */
  readonly retries: number;
  readonly retriesDenied: readonly RetryDenial[];
  /** How often the client had sent the request before, as its SDK says; 0 when it does not. */
  readonly clientRetry: number;
  /** The target whose answer the client got, `provider/model`; undefined when none could answer. */
  readonly answeredBy?: string;
  /** Sum over all attempts. */
  readonly usage: Usage;
  readonly costNanoUsd: bigint | null;
  readonly guardrailActions: readonly {
    readonly guardrail: string;
    readonly action: 'Mask' | 'Block';
    readonly stage: 'Input' | 'Output';
  }[];
  /** What observed AIPolicies and soft limits would have done, each once. `policy`: `namespace/name`, of a limit after the kind that states it, such as `AIBudget `. `rule`: `models`, `require`, `priority`, the name of a guardrail or of the limit. */
  readonly wouldHave?: readonly {
    readonly policy: string;
    readonly rule: string;
    readonly action: 'Restrict' | 'Refuse' | 'Lower' | 'Raise' | PolicyGuardrail['action'];
  }[];
  /** What AIPolicies, and an AIKey after its kind, required of the targets. */
  readonly required?: readonly { readonly policy: string; readonly tags: readonly string[] }[];
  /** Targets of the rule that were not asked, and why: see `pipeline/left-out.ts`. */
  readonly leftOut?: readonly {
    readonly target: string;
    readonly reason:
      | 'OtherModel'
      | 'OtherAccount'
      | 'Denied'
      | 'TagsMissing'
      | 'NoEndpoint'
      | 'NoCredential'
      | 'Guardrail';
  }[];
  /** Targets that were put behind the others, and what was held against them. */
  readonly unfit?: readonly {
    readonly target: string;
    readonly reason: 'CircuitBreaker' | 'CoolDown' | 'Parking' | 'Hint';
  }[];
  /** Expressions of the policy that could not be evaluated, each once, and why; nothing of the request is in it. */
  readonly failedExpressions?: readonly { readonly expression: string; readonly reason: string }[];
  /** Absent: nothing asked what the request is. */
  readonly requestClass?: RequestClass;
  /** Absent: no classifier of the route's own was asked. */
  readonly classifier?: ClassifierOutcome;
  /** What of the answer the client's API has no place for, by name; each once. */
  readonly droppedOfAnswer?: readonly string[];
  /** Targets that went on, each where the one before broke off, with what `answeredBy` began. */
  readonly continuedBy?: readonly string[];
  /** Where the route bounds how many requests are under way, or a provider or a limit had no room: the class, the wait for its turn, and why it had none. */
  readonly queued?: {
    readonly priority: Priority;
    readonly waitedMs: number;
    /** The share key of what had no room at an attempt, or `limit:` and its name; absent: the route itself, or nothing. */
    readonly waitedFor?: string;
    readonly refused?: 'full' | 'late';
  };
  /** What the cache of its route did; absent: the route has none. */
  readonly cache?: 'hit' | 'miss' | 'skip';
  /** Why it is skipped. */
  readonly cacheSkip?: CacheSkip;
  /** What a limit lowered it to, and which: `namespace/name/limit`. */
  readonly downgraded?: { readonly by: string; readonly model: string };
  readonly startUnixMs: number;
  readonly durationMs: number;
  readonly timeToFirstChunkMs?: number;
}

/** What a target takes to its first content, as a decaying average. */
export interface LatencyReading {
  readonly target: string;
  readonly stream: boolean;
  readonly averageMs: number;
}

export interface TokenReading {
  readonly target: string;
  readonly tokens: number;
}

/** What is known of targets beside single requests. */
export interface TargetReadings {
  latencies(): readonly LatencyReading[];
  /** Input that was read anew since its conversation changed the target. */
  promptCacheMisses(): readonly TokenReading[];
}

export interface Telemetry {
  /** Never throws, never waits. */
  record(request: RequestRecord): void;
  /** Told once of what is read at every look at the metrics. */
  watchTargets?(readings: TargetReadings): void;
}
