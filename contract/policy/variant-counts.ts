/**
 * What was measured of one arm of an experiment, in numbers that only grow, so that two words about the same source merge to the later
 * one and words about different sources add up. Written by sidecars, summed by the operator. Pure.
 */
import { canonicalJson, type Json } from './canonical-json.ts';
import { sha256 } from './sha256.ts';

export interface ArmCounts {
  /** That came to an end which tells of the arm: those that their client left are not in it. */
  readonly requests: number;
  /** Of these. Of a variant: its target gave no answer, or half of one. */
  readonly errors: number;
  /** Requests whose cost is known. */
  readonly priced: number;
  /** Of these, fallbacks included. */
  readonly costNanoUsd: bigint;
  /** Input and output, of all attempts of `requests`. */
  readonly tokens: number;
  /** Answers that were rated, and the sum of their ratings in thousandths. */
  readonly ratings: number;
  readonly ratingMilli: number;
  /** Answers by the bucket of their time until the first content. */
  readonly firstToken: ReadonlyMap<number, number>;
}

/** The arms of one experiment by the variant's name; `''` is that of the requests that were drawn for none. */
export type Counts = ReadonlyMap<string, ArmCounts>;

/** How an experiment does in one sidecar. */
export interface MeasuredExperiment {
  /** As the policy names it. */
  readonly experiment: string;
  /** Another number whenever it is counted anew. */
  readonly run: number;
  readonly counts: Counts;
}

export const BASELINE = '';

export const NO_COUNTS: ArmCounts = {
  ...{ requests: 0, errors: 0, priced: 0, costNanoUsd: 0n, tokens: 0, ratings: 0, ratingMilli: 0 },
  firstToken: new Map(),
};

/** Bounds of buckets grow by a fifth: four of them to a doubling, from 1 ms to 17 minutes. */
const BUCKETS_PER_DOUBLING = 4;
export const MAX_BUCKET = 80;

/** The first bucket whose bound is not below `ms`. */
export const bucketOf = (ms: number): number =>
  Math.min(Math.ceil(Math.log2(Math.max(ms, 1)) * BUCKETS_PER_DOUBLING), MAX_BUCKET);

/** Milliseconds: the upper bound of the bucket in which so large a share of the times ends, hence at most a fifth too long; undefined without any. */
export function percentileMs(firstToken: ArmCounts['firstToken'], share: number): number | undefined {
  const buckets = [...firstToken].sort(([a], [b]) => a - b);
  let left = Math.max(1, Math.ceil(share * buckets.reduce((sum, [, count]) => sum + count, 0)));
  const found = buckets.find(([, count]) => {
    left -= count;
    return left <= 0;
  });
  return found && Math.round(2 ** (found[0] / BUCKETS_PER_DOUBLING));
}

interface Combine {
  readonly count: (a: number, b: number) => number;
  readonly money: (a: bigint, b: bigint) => bigint;
}

function combine(a: ArmCounts, b: ArmCounts, { count: by, money }: Combine): ArmCounts {
  const buckets = new Set([...a.firstToken.keys(), ...b.firstToken.keys()]);
  const inBoth = [...buckets].map((bucket): [number, number] => [
    bucket,
    by(a.firstToken.get(bucket) ?? 0, b.firstToken.get(bucket) ?? 0),
  ]);
  return {
    requests: by(a.requests, b.requests),
    errors: by(a.errors, b.errors),
    priced: by(a.priced, b.priced),
    costNanoUsd: money(a.costNanoUsd, b.costNanoUsd),
    tokens: by(a.tokens, b.tokens),
    ratings: by(a.ratings, b.ratings),
    ratingMilli: by(a.ratingMilli, b.ratingMilli),
    firstToken: new Map(inBoth.filter(([, count]) => count > 0)),
  };
}

const beyond = (a: bigint, b: bigint): bigint => (a > b ? a - b : 0n);
const LATER: Combine = { count: Math.max, money: (a, b) => a + beyond(b, a) };
const SUM: Combine = { count: (a, b) => a + b, money: (a, b) => a + b };
const SINCE: Combine = { count: (a, b) => Math.max(a - b, 0), money: beyond };

/** What `a` has beyond an earlier `b`. */
export const since = (a: ArmCounts, b: ArmCounts): ArmCounts => combine(a, b, SINCE);

/** Of the same source, heard at two times in whatever order. */
export const laterOf = (a: Counts, b: Counts): Counts => eachArm(a, b, LATER);

/** Of two sources. */
export const sumOf = (a: Counts, b: Counts): Counts => eachArm(a, b, SUM);

function eachArm(a: Counts, b: Counts, by: Combine): Counts {
  const arms = new Set([...a.keys(), ...b.keys()]);
  return new Map([...arms].map((arm) => [arm, combine(a.get(arm) ?? NO_COUNTS, b.get(arm) ?? NO_COUNTS, by)]));
}

const ID_CHARS = 16;

/** The same for as long as `stated` is: what was measured of another experiment is not about this one. */
export const experimentId = (stated: Json): string => sha256(canonicalJson(stated)).slice(0, ID_CHARS);
