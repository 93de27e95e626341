/** What an attempt counts for once its outcome is known: its cost, its record. What it counts for under each limit: `unit-use.ts`. */
import type { PolicyPrice } from '#contract/policy/policy';
import { totalCalls } from '#sidecar/canonical/hosted-tools';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import type { AttemptEstimate, AttemptOutcome, Settlement } from './budget-gate.ts';
import { costAtMost, costOf, pricesTier } from './price.ts';
import { costWithTools, toolsPico } from './tool-cost.ts';
import {
  type AttemptEnd,
  costWithin,
  countOf,
  labelled,
  millisOf,
  type RowBeginning,
  type RowEnd,
  timeWithin,
} from './usage-record.ts';

/** One attempt that nothing refused. */
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

/** Nano-dollars at most; null when the price is unknown, or nothing bounds what the provider's own tools cost. */
export const boundOf = (attempt: AttemptEstimate): bigint | null =>
  attempt.target.price === null ? null : costWithTools(attempt.target.price, attempt);

/** The same without the provider's own tools: for what counts and refuses nothing. */
export const tokensBoundOf = (attempt: AttemptEstimate): bigint | null =>
  attempt.target.price === null ? null : costAtMost(attempt.target.price, attempt);

/** What is billed by the piece needs no count of tokens. The provider may have served another tier than was asked for. */
export const isCostUnknown = ({ piecesPico, target: { price } }: AttemptEstimate, outcome: AttemptOutcome): boolean =>
  (isUnknown(outcome) && (piecesPico === undefined || outcome.billing === 'unknown')) ||
  (price !== null && !pricesTier(price, reported(outcome)?.serviceTier));

/** null: a tool of the provider has no price. */
export function costIn(attempt: AttemptEstimate, price: PolicyPrice, usage: Usage = NO_USAGE): bigint | null {
  const { piecesPico = 0n, tools } = attempt;
  const fees = toolsPico(price, usage.toolCalls, tools);
  return fees === null ? null : costOf(price, usage, piecesPico + fees);
}

/** What it can have used at most, now that it is over: never more than what was reserved. */
export function tightened(attempt: AttemptEstimate, { deliveredTokensAtMost }: AttemptOutcome): AttemptEstimate {
  if (deliveredTokensAtMost === undefined || deliveredTokensAtMost >= attempt.outputTokensAtMost) return attempt;
  return { ...attempt, outputTokensAtMost: deliveredTokensAtMost };
}

export function settlementOf(attempt: AttemptEstimate, outcome: AttemptOutcome): Settlement {
  const { price } = attempt.target;
  if (isCostUnknown(attempt, outcome)) return { costNanoUsd: boundOf(tightened(attempt, outcome)), estimated: true };
  if (outcome.billing === 'nothing') return { costNanoUsd: 0n, estimated: false };
  const costNanoUsd = price === null ? null : costIn(attempt, price, outcome.usage);
  return { costNanoUsd, estimated: attempt.isPriceCeiling === true };
}

/** When an attempt ended, and how; absent where only its billing is known. */
interface Ended {
  readonly nowMs: number;
  readonly end?: AttemptEnd | undefined;
}

/** The row of an attempt, as far as it is known before it is sent. */
export function rowBeginning({ attempt, startedUnixMs }: Admission): RowBeginning {
  const { labels, requestId, route, target, isPriceCeiling } = attempt;
  return {
    timeMs: timeWithin(startedUnixMs),
    ...labelled({ requestId, route, provider: target.provider, model: target.model, ...labels }),
    ...(isPriceCeiling === true && { priceVersion: PRICE_CEILING }),
  };
}

/** The rest of it. */
export function rowEnd(
  { attempt, startedUnixMs }: Admission,
  settled: AttemptOutcome,
  { nowMs, end = endOf(settled, nowMs - startedUnixMs) }: Ended,
): RowEnd {
  const outcome: AttemptOutcome =
    attempt.labels?.billed === 'nothing' ? { usage: undefined, billing: 'nothing' } : settled;
  return {
    ...countsOf(attempt, outcome),
    ...(outcome.billing !== 'nothing' && attempt.labels?.pieces),
    costNanoUsd: costWithin(settlementOf(attempt, outcome).costNanoUsd),
    ...endFields(end),
    billing: billingOf(attempt, outcome),
  };
}

/** The version of prices that no book and no AIProvider states: `unknownPrice` of an AIBudget. */
const PRICE_CEILING = 'AIBudget';

/** Whose word the counts of the row are. */
function billingOf(attempt: AttemptEstimate, outcome: AttemptOutcome): RowEnd['billing'] {
  if (outcome.billing === 'nothing') return 'nothing';
  if (!isCountUnknown(attempt, outcome)) return 'reported';
  return outcome.deliveredTokensAtMost === undefined ? 'possibly_billed' : 'estimated';
}

/** Pieces that the request itself tells need no word of the provider. */
const isCountUnknown = ({ piecesPico }: AttemptEstimate, outcome: AttemptOutcome): boolean =>
  isUnknown(outcome) && (piecesPico === undefined || outcome.billing === 'unknown');

const endOf = ({ billing }: AttemptOutcome, ms: number): AttemptEnd => ({
  outcome: billing === 'reported' ? 'ok' : 'failed',
  totalMs: ms,
});

/** As they stand in a row. */
export const endFields = ({ outcome, failure, traffic, totalMs, firstTokenMs }: AttemptEnd) => ({
  totalMs: millisOf(totalMs),
  ...(firstTokenMs !== undefined && { firstTokenMs: millisOf(firstTokenMs) }),
  outcome,
  ...(failure !== undefined && { failure }),
  ...(traffic !== undefined && traffic !== 'live' && { traffic }),
});

type Tokens = Exclude<keyof Usage, 'serviceTier' | 'toolCalls'>;
type Counts = { -readonly [Kind in Tokens | 'toolUnits']?: number };

function countsOf(attempt: AttemptEstimate, outcome: AttemptOutcome): Counts {
  if (outcome.billing === 'nothing') return {};
  if (isCountUnknown(attempt, outcome)) {
    // A bound of bytes says nothing of what is not counted in tokens, such as audio.
    if ((attempt.labels?.billed ?? 'tokens') !== 'tokens') return {};
    const { inputTokensAtMost, outputTokensAtMost } = tightened(attempt, outcome);
    return { inputTokens: countOf(inputTokensAtMost), outputTokens: countOf(outputTokensAtMost) };
  }
  const counts: Counts = {};
  const { serviceTier: _, toolCalls, ...usage } = reported(outcome) ?? NO_USAGE;
  for (const kind in usage) {
    const count = countOf(usage[kind as Tokens]);
    if (count > 0) counts[kind as Tokens] = count;
  }
  const toolUnits = countOf(totalCalls(toolCalls));
  if (toolUnits > 0) counts.toolUnits = toolUnits;
  return counts;
}
