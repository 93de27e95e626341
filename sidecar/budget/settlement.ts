/** What an attempt counts for once its outcome is known: its cost, its record. What it counts for under each limit: `unit-use.ts`. */
import type { PolicyPrice } from '#contract/policy/policy';
import { NO_USAGE, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import type { AttemptEstimate, AttemptOutcome, Settlement } from './budget-gate.ts';
import { costAtMost, costOf, pricesTier } from './price.ts';
import type { UsageRecord } from './usage-record.ts';

/** One attempt that a budget let through. */
export interface Admission {
  readonly attempt: AttemptEstimate;
  readonly startedUnixMs: number;
}

/** A provider that reports no usage is as one whose answer was lost: all that was reserved counts. */
export const isUnknown = ({ usage, billing }: AttemptOutcome): boolean =>
  billing === 'unknown' || (billing === 'reported' && usage === undefined);

/** What the provider counted; undefined when it billed nothing, or nobody knows. */
const reported = ({ usage, billing }: AttemptOutcome): Usage | undefined =>
  billing === 'reported' ? usage : undefined;

/** Nano-dollars at most; null when the price is unknown. */
export const boundOf = (attempt: AttemptEstimate): bigint | null =>
  attempt.target.price === null ? null : costAtMost(attempt.target.price, attempt);

/** What is billed by the piece needs no count of tokens. The provider may have served another tier than was asked for. */
export const isCostUnknown = ({ piecesPico, target: { price } }: AttemptEstimate, outcome: AttemptOutcome): boolean =>
  (isUnknown(outcome) && (piecesPico === undefined || outcome.billing === 'unknown')) ||
  (price !== null && !pricesTier(price, reported(outcome)?.serviceTier));

export const costIn = ({ piecesPico }: AttemptEstimate, price: PolicyPrice, usage: Usage | undefined): bigint =>
  costOf(price, usage ?? NO_USAGE, piecesPico);

export function settlementOf(attempt: AttemptEstimate, outcome: AttemptOutcome): Settlement {
  const { price } = attempt.target;
  if (isCostUnknown(attempt, outcome)) return { costNanoUsd: boundOf(attempt), estimated: true };
  if (outcome.billing === 'nothing') return { costNanoUsd: 0n, estimated: false };
  const costNanoUsd = price === null ? null : costIn(attempt, price, outcome.usage);
  return { costNanoUsd, estimated: attempt.isPriceCeiling === true };
}

export function attemptRecord(
  { attempt, startedUnixMs }: Admission,
  outcome: AttemptOutcome,
  nowMs: number,
): Omit<UsageRecord, 'instance' | 'seq'> {
  const { costNanoUsd, estimated } = settlementOf(attempt, outcome);
  const isBound = isCostUnknown(attempt, outcome);
  return {
    requestId: attempt.requestId,
    route: attempt.route,
    target: attempt.target.name,
    outcome: isBound ? 'unknown' : outcome.billing,
    ...(isBound ? boundTokens(attempt) : countedTokens(reported(outcome))),
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
  inputTokens: usage === undefined ? 0 : totalInputTokens(usage) - usage.cacheReadTokens,
  cachedInputTokens: usage?.cacheReadTokens ?? 0,
  outputTokens: usage === undefined ? 0 : totalOutputTokens(usage),
});
