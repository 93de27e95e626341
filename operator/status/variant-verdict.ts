/** Whether a variant is rolled back or promoted, and the sentence that says why. Pure: what was measured and what is stated, and nothing else. */
import { type ArmCounts, percentileMs } from '#contract/policy/variant-counts';
import { durationMs } from '#contract/resources/fields';
import type { VariantPromote, VariantRollback } from '#contract/resources/route-variant';

export interface Evidence {
  /** Of the variant, since it was stated. */
  readonly whole: ArmCounts;
  /** Its newest requests: at least as many as are asked for, where there are. */
  readonly newest: ArmCounts;
  /** Of the requests that were drawn for none, since then. */
  readonly baseline: ArmCounts;
}

/** Fewer say little of what users think. */
const MIN_RATINGS = 20;
/** Two-sided 95 percent. */
const Z = 1.96;

/** undefined: no threshold is passed, or too little is known. */
export function rollbackReason(
  { errorPercent, firstTokenP95, costPercent, ratingPercent, minRequests }: VariantRollback,
  { whole, newest, baseline }: Evidence,
): string | undefined {
  if (whole.requests < minRequests) return undefined;
  const { requests, errors, firstToken } = newest;
  if (errorPercent !== undefined && requests >= minRequests && errors * 100 >= errorPercent * requests)
    return `${errors} of its newest ${requests} requests failed; errorPercent is ${errorPercent}`;
  const p95 = answersOf(newest) >= minRequests ? percentileMs(firstToken, 0.95) : undefined;
  if (firstTokenP95 !== undefined && p95 !== undefined && p95 > durationMs(firstTokenP95))
    return `of its newest ${requests} requests 95 percent began within ${p95}ms; firstTokenP95 is ${firstTokenP95}`;
  const cost = costRatio(whole, baseline, minRequests);
  if (costPercent !== undefined && cost !== undefined && cost >= costPercent)
    return `a request costs ${cost} percent of one that was drawn for none; costPercent is ${costPercent}`;
  const rating = ratingOf(whole);
  if (ratingPercent !== undefined && rating !== undefined && rating <= ratingPercent)
    return `${whole.ratings} ratings of its answers are ${rating.toFixed(1)} percent in the mean; ratingPercent is ${ratingPercent}`;
  return undefined;
}

/** What of a promotion was asked for: null where it does not hold or is not known, undefined where nobody asked, else what is said for it. */
type Claim = (promote: VariantPromote, evidence: Evidence) => string | null | undefined;

const CLAIMS: readonly Claim[] = [
  ({ maxErrorPercent }, { whole: { errors, requests } }) => {
    const bound = 100 * wilsonUpper(errors, requests);
    return bound > maxErrorPercent
      ? null
      : `${errors} of ${requests} requests failed, with 95 percent confidence at most ${bound.toFixed(2)} percent`;
  },
  ({ maxFirstTokenP95 }, { whole }) => {
    if (maxFirstTokenP95 === undefined) return undefined;
    const p95 = percentileMs(whole.firstToken, 0.95);
    return p95 === undefined || p95 > durationMs(maxFirstTokenP95) ? null : `95 percent began within ${p95}ms`;
  },
  ({ maxCostPercent, minRequests }, { whole, baseline }) => {
    if (maxCostPercent === undefined) return undefined;
    const cost = costRatio(whole, baseline, minRequests);
    return cost === undefined || cost > maxCostPercent ? null : `one costs ${cost} percent of one drawn for none`;
  },
  ({ minRatingPercent }, { whole }) => {
    if (minRatingPercent === undefined) return undefined;
    const rating = ratingOf(whole);
    return rating === undefined || rating < minRatingPercent
      ? null
      : `${whole.ratings} ratings are ${rating.toFixed(1)} percent in the mean`;
  },
];

/** undefined: something that is asked for does not hold, or is not known. `ranMs`: since it was stated. */
export function promotionReason(promote: VariantPromote, evidence: Evidence, ranMs: number): string | undefined {
  const { minRequests, after } = promote;
  if (evidence.whole.requests < minRequests || (after !== undefined && ranMs < durationMs(after))) return undefined;
  const said = CLAIMS.map((claim) => claim(promote, evidence));
  return said.includes(null) ? undefined : said.filter((text) => text !== undefined).join('; ');
}

const answersOf = ({ requests, errors }: ArmCounts): number => requests - errors;

/** 100 where all are `up`; undefined: too few. */
const ratingOf = ({ ratings, ratingMilli }: ArmCounts): number | undefined =>
  ratings < MIN_RATINGS ? undefined : ratingMilli / ratings / 10;

/** Mean cost in percent of the mean cost of the baseline, upwards; undefined where either of them is not known of enough requests, or the baseline is free. */
function costRatio(of: ArmCounts, baseline: ArmCounts, minRequests: number): number | undefined {
  if (of.priced < minRequests || baseline.priced < minRequests || baseline.costNanoUsd === 0n) return undefined;
  const [part, whole] = [of.costNanoUsd * BigInt(baseline.priced) * 100n, baseline.costNanoUsd * BigInt(of.priced)];
  return Number((part + whole - 1n) / whole);
}

/** Upper end of the Wilson score interval of a share. `of`: at least 1. */
function wilsonUpper(found: number, of: number): number {
  const share = found / of;
  const spread = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return (share + Z ** 2 / (2 * of) + spread) / (1 + Z ** 2 / of);
}
