/** What an attempt counts for once its outcome is known: its cost, its use of each budget, its record. */
import type { PolicyBudget } from '#contract/policy/policy';
import { totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import type { AttemptEstimate, AttemptOutcome, Settlement } from './budget-gate.ts';
import { costAtMost, costOf, tokensOf } from './price.ts';
import type { UsageRecord } from './usage-record.ts';
import type { Need } from './wallet.ts';

/** One attempt that a budget let through. */
export interface Admission {
  readonly attempt: AttemptEstimate;
  readonly startedUnixMs: number;
}

/** A provider that reports no usage is as one whose answer was lost: all that was reserved counts. */
const isUnknown = ({ usage, billing }: AttemptOutcome): boolean =>
  billing === 'unknown' || (billing === 'reported' && usage === undefined);

/** What the provider counted; undefined when it billed nothing, or nobody knows. */
const reported = ({ usage, billing }: AttemptOutcome): Usage | undefined =>
  billing === 'reported' ? usage : undefined;

/** Nano-dollars at most; null when the price is unknown. */
export const boundOf = (attempt: AttemptEstimate): bigint | null =>
  attempt.target.price === null ? null : costAtMost(attempt.target.price, attempt);

export function settlementOf(attempt: AttemptEstimate, outcome: AttemptOutcome): Settlement {
  if (isUnknown(outcome)) return { costNanoUsd: boundOf(attempt), estimated: true };
  const { target } = attempt;
  const usage = reported(outcome);
  if (usage === undefined) return { costNanoUsd: 0n, estimated: false };
  return { costNanoUsd: target.price === null ? null : costOf(target.price, usage), estimated: false };
}

export interface Use {
  readonly need: Need;
  readonly unit: PolicyBudget['unit'] | undefined;
  readonly outcome: AttemptOutcome;
}

/** In the unit of the budget. */
export function actualUse({ target }: AttemptEstimate, { need, unit, outcome }: Use): bigint {
  if (isUnknown(outcome)) return need.amount;
  const usage = reported(outcome);
  if (usage === undefined) return 0n;
  if (unit === 'tokens') return tokensOf(usage);
  return target.price === null ? need.amount : costOf(target.price, usage);
}

export function attemptRecord(
  { attempt, startedUnixMs }: Admission,
  outcome: AttemptOutcome,
  nowMs: number,
): Omit<UsageRecord, 'instance' | 'seq'> {
  const { costNanoUsd, estimated } = settlementOf(attempt, outcome);
  return {
    requestId: attempt.requestId,
    route: attempt.route,
    target: attempt.target.name,
    outcome: estimated ? 'unknown' : outcome.billing,
    ...(estimated ? boundTokens(attempt) : countedTokens(reported(outcome))),
    costNanoUsd,
    startedUnixMs,
    durationMs: Math.max(0, nowMs - startedUnixMs),
    estimated,
  };
}

const boundTokens = ({ inputTokensAtMost, outputTokensAtMost }: AttemptEstimate) => ({
  inputTokens: inputTokensAtMost,
  cachedInputTokens: 0,
  outputTokens: outputTokensAtMost,
});

const countedTokens = (usage: Usage | undefined) => ({
  inputTokens: usage === undefined ? 0 : usage.inputTokens + usage.cacheWriteTokens,
  cachedInputTokens: usage?.cacheReadTokens ?? 0,
  outputTokens: usage === undefined ? 0 : totalOutputTokens(usage),
});
