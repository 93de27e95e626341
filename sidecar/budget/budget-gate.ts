/** The seam between the attempt loop and money: every attempt reserves before it is sent and settles after, at its target's price. */
import type { PartitionedRequest } from '#contract/policy/book-id';
import type { PolicyBudget, PolicyTarget } from '#contract/policy/policy';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { Usage } from '#sidecar/canonical/usage';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { LimitLines } from './limit-lines.ts';

export interface AttemptEstimate {
  readonly requestId: string;
  readonly route: string;
  readonly target: PolicyTarget;
  /** Whose the request is, for limits that hold for each user or the like. */
  readonly caller: PartitionedRequest['caller'];
  /** What is asked for is billed by pieces or seconds, and the policy has no such price. */
  readonly isBilledOtherwise?: boolean;
  /** Pico-dollars of what is billed by the piece, which the request tells. */
  readonly piecesPico?: bigint;
  /** The request marks prompts to be cached for an hour, which is the dearest that input can be. */
  readonly cachesForAnHour?: boolean;
  /** The tier of service that it asks for; absent: any, as the account is set to. */
  readonly serviceTier?: string;
  /** The price of the target is what the budgets count by, since nobody knows it. */
  readonly isPriceCeiling?: boolean;
  /** Every limit of the policy; all apply. */
  readonly budgets: readonly PolicyBudget[];
  /** The limit that lowered the request to another model: it counts what it has room for and refuses nothing. */
  readonly spared?: PolicyBudget;
  /** Upper bound: the bytes of the request body, since a byte-level tokenizer never yields more tokens than bytes. */
  readonly inputTokensAtMost: number;
  /** The enforced maximum of output tokens, all choices together. */
  readonly outputTokensAtMost: number;
}

export interface AttemptOutcome {
  /** What the provider reported; undefined when it reported nothing. */
  readonly usage: Usage | undefined;
  /**
   * `nothing`: the provider cannot have billed (no byte was sent, or it refused). `reported`: book `usage`.
   * `unknown`: book all that was reserved.
   */
  readonly billing: 'nothing' | 'reported' | 'unknown';
}

export interface Settlement {
  /** Nano-dollars; null when the price of the target is unknown. */
  readonly costNanoUsd: bigint | null;
  /** True when what was booked is our bound and not the provider's count, or counted at a ceiling and not at a price. */
  readonly estimated: boolean;
}

export interface Reservation {
  /** Durable before it returns. A second call returns the first result. */
  settle(outcome: AttemptOutcome): Settlement;
  /** The limits of requests and tokens that hold for it, as this sidecar knows them now. Absent: none does. */
  limits?(): readonly LimitView[];
}

/** What one limit would say of an attempt. Amounts in its unit. */
export interface BudgetOutlook {
  readonly budget: PolicyBudget;
  /** At most; null when the price of the target is unknown. */
  readonly needed: bigint | null;
  readonly windowEndMs: number;
  /** What this sidecar could spend without asking for more. */
  readonly held: bigint;
  /** What all sidecars together could still spend; undefined: who grants it did not say. */
  readonly remaining: bigint | undefined;
  /** What the client would see, as far as that can be known. */
  readonly refusal?: RemoraError;
}

export interface BudgetGate {
  /** Throws LimitRefused, and RemoraError `budget_exceeded`, `budget_unavailable` or `price_unknown`. */
  reserve(attempt: AttemptEstimate): Promise<Reservation>;
  /** What the limits would say; changes nothing. Absent: nobody here knows. */
  look?(attempt: AttemptEstimate): Promise<readonly BudgetOutlook[]>;
  /** Who waits for room. Absent: nobody can. */
  readonly lines?: LimitLines;
}
