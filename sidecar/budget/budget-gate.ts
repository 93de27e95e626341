/** The seam between the attempt loop and money: every attempt reserves before it is sent and settles after, at its target's price, which makes its usage row. */
import type { PartitionedRequest } from '#contract/policy/book-id';
import type { PolicyBudget, PolicyTarget } from '#contract/policy/policy';
import type { AskedTools } from '#sidecar/canonical/hosted-tools';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { Usage } from '#sidecar/canonical/usage';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { LimitLines } from './limit-lines.ts';
import type { AttemptEnd, RowLabels, UnnumberedRecord } from './usage-record.ts';

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
  /** What it lets the provider's own tools do. Absent: there are none. */
  readonly tools?: AskedTools;
  /** The request marks prompts to be cached for an hour, which is the dearest that input can be. */
  readonly cachesForAnHour?: boolean;
  /** The tier of service that it asks for; absent: any, as the account is set to. */
  readonly serviceTier?: string;
  /** The price of the target is what the budgets count by, since nobody knows it. */
  readonly isPriceCeiling?: boolean;
  /** What the provider is asked for. Default: the target's own. */
  readonly model?: string;
  /** Every limit that the attempt counts against; all apply. */
  readonly budgets: readonly PolicyBudget[];
  /** The limit that lowered the request to another model: it counts what it has room for and refuses nothing. */
  readonly spared?: PolicyBudget;
  /** Upper bound: the bytes of the request body, since a byte-level tokenizer never yields more tokens than bytes. */
  readonly inputTokensAtMost: number;
  /** The enforced maximum of output tokens, all choices together. */
  readonly outputTokensAtMost: number;
  /** What its row tells of it beside that; absent: nothing. */
  readonly labels?: RowLabels;
  /** Of a stream that shows every output token that it bills: it begins with a slice of them, and is extended as it flows. */
  readonly isSliced?: true;
}

export interface AttemptOutcome {
  /** What the provider reported; undefined when it reported nothing. */
  readonly usage: Usage | undefined;
  /**
   * `nothing`: the provider cannot have billed (no byte was sent, or it refused). `reported`: book `usage`.
   * `unknown`: book all that was reserved, or `deliveredTokensAtMost` in the place of its output.
   */
  readonly billing: 'nothing' | 'reported' | 'unknown';
  /**
   * Our own count of an answer whose provider reported no usage: no fewer tokens than it can have billed for what came. Absent where
   * nobody can tell, since more may have been written than was sent.
   */
  readonly deliveredTokensAtMost?: number;
  /** It billed nothing, and got the request all the same: it refused. Absent: it got what it may have billed. */
  readonly wasRefused?: true;
}

export interface Settlement {
  /** Nano-dollars; null when the price of the target is unknown. */
  readonly costNanoUsd: bigint | null;
  /** True when what was booked is our bound and not the provider's count, or counted at a ceiling and not at a price. */
  readonly estimated: boolean;
}

/** A reservation that grows with what is delivered, over all limits of the attempt or over none. */
export interface Growth {
  /** Output tokens that are reserved. */
  readonly outputTokens: number;
  /** The enforced maximum: nothing needs more. */
  readonly atMost: number;
  /** Out of what this sidecar holds, at once. True: so many output tokens are reserved in all, durably. */
  extend(outputTokens: number): boolean;
  /** One at a time. Asks for what is missing, and waits for it for a bounded time. Throws RemoraError `budget_exceeded` or `budget_unavailable`; then nothing has changed. */
  ask(outputTokens: number): Promise<void>;
}

export interface Reservation {
  /** Absent: all that the attempt may use is reserved. */
  readonly growth?: Growth;
  /** Soft limits that would have refused the attempt. Absent: none. */
  readonly wouldRefuse?: readonly PolicyBudget[];
  /** Durable before it returns. A second call returns the first result. */
  settle(outcome: AttemptOutcome, end?: AttemptEnd): Settlement;
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
  /** Throws LimitRefused, and RemoraError `budget_unavailable`, `ledger_unavailable` or `price_unknown`. */
  reserve(attempt: AttemptEstimate): Promise<Reservation>;
  /** What the limits would say; changes nothing. Absent: nobody here knows. */
  look?(attempt: AttemptEstimate): Promise<readonly BudgetOutlook[]>;
  /** Keeps the row of a request that no attempt was made for. Never throws, never waits. Absent: nobody keeps rows. */
  keep?(row: UnnumberedRecord): void;
  /** Who waits for room. Absent: nobody can. */
  readonly lines?: LimitLines;
}
