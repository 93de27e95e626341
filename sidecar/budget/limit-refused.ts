/** The refusal of a limit that has no room for an attempt, with what follows from it: nothing, a wait, or another model. */
import type { PolicyBudget } from '#contract/policy/policy';
import { RemoraError, type RemoraErrorOptions } from '#sidecar/errors/remora-error';

export interface LimitRefusedFacts {
  /** As it holds for the attempt that is refused. */
  readonly budget: PolicyBudget;
  /** Of the whole attempt. */
  readonly needed: bigint;
  readonly remaining: bigint;
  /** Reserved by other requests and held by other sidecars. */
  readonly reserved: bigint;
  /** Unix milliseconds. */
  readonly windowEndMs: number;
}

export class LimitRefused extends RemoraError {
  readonly facts: LimitRefusedFacts;

  constructor(options: RemoraErrorOptions, facts: LimitRefusedFacts) {
    super(options);
    this.facts = facts;
  }

  /** What the whole amount does not cover has no room in any window. */
  get mayHaveRoom(): boolean {
    return this.facts.needed <= BigInt(this.facts.budget.amount);
  }
}

/** Which of several refusals counts: one that nothing follows from first, then one that does not say when to come again. */
const rankOf = (reason: unknown): number => {
  if (!(reason instanceof LimitRefused)) return 2;
  const { onExceeded } = reason.facts.budget;
  return onExceeded === undefined ? 3 : RANK[onExceeded];
};
const RANK: Readonly<Record<NonNullable<PolicyBudget['onExceeded']>, number>> = { Queue: 1, Downgrade: 0 };

/** A run's limit never begins anew. */
const waitOf = (reason: unknown): number => {
  if (reason instanceof LimitRefused) return reason.details.retryAfterMs ?? Number.POSITIVE_INFINITY;
  return reason instanceof RemoraError ? (reason.details.retryAfterMs ?? 0) : Number.POSITIVE_INFINITY;
};

/** Of those of one rank the one that lasts longest: what another one's Retry-After says would not help. */
export const weightier = (one: unknown, other: unknown): unknown =>
  (rankOf(one) - rankOf(other) || waitOf(one) - waitOf(other)) >= 0 ? one : other;
