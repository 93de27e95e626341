/**
 * What was measured of one experiment, by source, as operator replicas share it in a ConfigMap. Short, since there may be thousands of
 * sources. Written by the operator, read by it. Pure.
 */
import { z } from 'zod';
import { canonicalJson, type Json } from '#contract/policy/canonical-json';
import { type ArmCounts, type Counts, MAX_BUCKET } from '#contract/policy/variant-counts';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Requests, errors, priced, their nano-dollars, tokens, ratings, their thousandths, and pairs of a bucket and its answers. */
const arm = z.tuple([
  count,
  count,
  count,
  z.string().regex(/^[0-9]{1,30}$/),
  count,
  count,
  count,
  z.array(z.tuple([z.number().int().min(0).max(MAX_BUCKET), count])).max(MAX_BUCKET + 1),
]);

const report = z.object({
  version: z.literal(1),
  /** By source, and in it by arm. */
  sources: z.record(z.string(), z.record(z.string(), arm)),
});

/** The key of a report in its ConfigMap, which carries LABEL.experiments. */
export const COUNTS_DATA_KEY = 'counts.json';

/** Equal counts are equal text. */
export const encodeCounts = (counts: Counts): string => canonicalJson(countsJson(counts));

export const encodeCountsReport = (sources: ReadonlyMap<string, Counts>): string =>
  canonicalJson({
    version: 1,
    sources: Object.fromEntries([...sources].map(([name, own]) => [name, countsJson(own)])),
  });

/** Empty for what is no report of this version, which a neighbouring release may have written. */
export function decodeCountsReport(text: string): ReadonlyMap<string, Counts> {
  try {
    const { sources = {} } = report.safeParse(JSON.parse(text)).data ?? {};
    return new Map(Object.entries(sources).map(([name, arms]) => [name, countsOf(arms)]));
  } catch {
    return new Map();
  }
}

const countsJson = (counts: Counts): Json =>
  Object.fromEntries([...counts].map(([name, own]) => [name, [...numbersOf(own)]]));

const numbersOf = ({ requests, errors, priced, costNanoUsd, tokens, ratings, ratingMilli, firstToken }: ArmCounts) =>
  [
    ...[requests, errors, priced, costNanoUsd.toString(), tokens, ratings, ratingMilli],
    [...firstToken].sort(([a], [b]) => a - b),
  ] as const;

const countsOf = (arms: Readonly<Record<string, z.infer<typeof arm>>>): Counts =>
  new Map(
    Object.entries(arms).map(([name, [requests, errors, priced, cost, tokens, ratings, ratingMilli, firstToken]]) => [
      name,
      {
        ...{ requests, errors, priced, tokens, ratings, ratingMilli },
        costNanoUsd: BigInt(cost),
        firstToken: new Map(firstToken),
      },
    ]),
  );
