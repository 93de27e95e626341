/** What an attempt counts for once its outcome is known: its cost, its record. What it counts for under each limit: `unit-use.ts`. */
import type { Count } from '#contract/history/usage-row';
import type { PolicyPrice } from '#contract/policy/policy';
import { totalCalls } from '#sidecar/canonical/hosted-tools';
import type { Operation } from '#sidecar/canonical/operation';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import type { AttemptEstimate, AttemptOutcome, Settlement } from './budget-gate.ts';
import { costAtMost, costOf, pricesTier } from './price.ts';
import { type RowText, rowText } from './row-text.ts';
import { costWithTools, toolsPico } from './tool-cost.ts';
import {
  type AttemptEnd,
  costText,
  countOf,
  labelled,
  millisOf,
  type RowBeginning,
  type RowEnd,
  type RowLabels,
  timeWithin,
  unlessLive,
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
  const { labels = NO_LABELS, requestId, route, target, isPriceCeiling } = attempt;
  const { provider = target.provider, model = target.model, priceVersion } = labels;
  const pricedBy = isPriceCeiling === true ? PRICE_CEILING : priceVersion;
  const named = { ...labels, requestId, route, provider, model, priceVersion: pricedBy };
  return { ...labelled(named), timeMs: timeWithin(startedUnixMs) };
}

const NO_LABELS: RowLabels = {};

/** The rest of it. In two parts, since an object that is spread into the middle of another is put together member by member. */
export function rowEnd(
  { attempt, startedUnixMs }: Admission,
  settled: AttemptOutcome,
  { nowMs, end = endOf(settled, nowMs - startedUnixMs) }: Ended,
): RowText {
  const outcome = attempt.labels?.billed === 'nothing' ? NOTHING_BILLED : settled;
  const counts = rowText(countsOf(attempt, outcome));
  const costNanoUsd = costText(settlementOf(attempt, outcome).costNanoUsd);
  const rest = rowText(endFields(end, { costNanoUsd, billing: billingOf(attempt, outcome) }));
  return counts === '' ? rest : `${counts},${rest}`;
}

const NOTHING_BILLED: AttemptOutcome = { usage: undefined, billing: 'nothing' };

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
export const endFields = (
  { outcome, failure, traffic, totalMs, firstTokenMs }: AttemptEnd,
  { costNanoUsd, billing }: Pick<RowEnd, 'costNanoUsd' | 'billing'>,
): RowEnd => ({
  totalMs: millisOf(totalMs),
  firstTokenMs: firstTokenMs === undefined ? undefined : millisOf(firstTokenMs),
  outcome,
  failure,
  traffic: unlessLive(traffic),
  costNanoUsd,
  billing,
});

type Counts = { readonly [Kind in Count]?: number | undefined };

const NO_COUNTS: Counts = {};

function countsOf(attempt: AttemptEstimate, outcome: AttemptOutcome): Counts {
  if (outcome.billing === 'nothing') return NO_COUNTS;
  const { billed = 'tokens', pieces } = attempt.labels ?? NO_LABELS;
  const counts = tokenCountsOf(attempt, outcome, billed);
  return pieces === undefined ? counts : { ...counts, ...pieces };
}

function tokenCountsOf(attempt: AttemptEstimate, outcome: AttemptOutcome, billed: Operation['billed']): Counts {
  if (!isCountUnknown(attempt, outcome)) return countsIn(reported(outcome) ?? NO_USAGE);
  // A bound of bytes says nothing of what is not counted in tokens, such as audio.
  if (billed !== 'tokens') return NO_COUNTS;
  const { inputTokensAtMost, outputTokensAtMost } = tightened(attempt, outcome);
  return { inputTokens: countOf(inputTokensAtMost), outputTokens: countOf(outputTokensAtMost) };
}

/** `usageRow` restores what is none. */
const someOf = (count: number): number | undefined => (count > 0 ? countOf(count) : undefined);

/** Kind by kind, so that all are of one shape. */
const countsIn = (usage: Usage) =>
  ({
    inputTokens: someOf(usage.inputTokens),
    inputAudioTokens: someOf(usage.inputAudioTokens),
    inputImageTokens: someOf(usage.inputImageTokens),
    cacheReadTokens: someOf(usage.cacheReadTokens),
    cacheWriteTokens: someOf(usage.cacheWriteTokens),
    cacheWrite1hTokens: someOf(usage.cacheWrite1hTokens),
    outputTokens: someOf(usage.outputTokens),
    reasoningTokens: someOf(usage.reasoningTokens),
    outputAudioTokens: someOf(usage.outputAudioTokens),
    outputImageTokens: someOf(usage.outputImageTokens),
    toolUnits: someOf(totalCalls(usage.toolCalls)),
  }) satisfies { readonly [Kind in Exclude<Count, 'images' | 'characters'>]: number | undefined };
