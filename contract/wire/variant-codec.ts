/** What was measured of variants, as it travels in reports to the operator. What arrives may say anything; the bounds are held here. */
import { type ArmCounts, type Counts, MAX_BUCKET } from '#contract/policy/variant-counts';
import type { ArmCounts as ArmMessage, ExperimentCounts, VariantReport } from './gen/remora/policy/v1/sync.ts';

/** The counts of one source. */
export interface SourceCounts {
  readonly experiment: string;
  /** Who counted. */
  readonly source: string;
  readonly counts: Counts;
}

/** More than any source has: an instance of a pod, and a number. */
const MAX_SOURCE_CHARS = 128;
/** What the schema allows of a rule, and those that were drawn for none. */
const MAX_ARMS = 9;
const MAX_AMOUNT = /^[0-9]{1,24}$/;

export const encodeVariantReport = (sources: readonly SourceCounts[]): VariantReport => ({
  experiments: sources.map(({ experiment, source, counts }) => ({
    experiment,
    source,
    arms: [...counts].map(([variant, { firstToken, costNanoUsd, ...arm }]) => ({
      ...{ variant, ...arm, costNanoUsd: costNanoUsd.toString() },
      firstToken: [...firstToken].map(([bucket, count]) => ({ bucket, count })),
    })),
  })),
});

/** Leaves out experiments that `known` does not name, arms that they do not have, and what cannot have been counted. */
export const decodeVariantReport = (
  { experiments }: VariantReport,
  known: ReadonlyMap<string, ReadonlySet<string>>,
): SourceCounts[] => experiments.flatMap((told) => decodeExperiment(told, known.get(told.experiment)));

function decodeExperiment(
  { experiment, source, arms }: ExperimentCounts,
  known: ReadonlySet<string> | undefined,
): SourceCounts[] {
  if (known === undefined || source === '' || source.length > MAX_SOURCE_CHARS) return [];
  const counts = new Map(
    arms
      .slice(0, MAX_ARMS)
      .filter((arm) => known.has(arm.variant) && isPossible(arm))
      .map((arm) => [arm.variant, decodeArm(arm)]),
  );
  return counts.size === 0 ? [] : [{ experiment, source, counts }];
}

const isPossible = ({ requests, errors, ratings, ratingMilli, costNanoUsd }: ArmMessage): boolean =>
  errors <= requests && ratingMilli <= ratings * 1_000 && MAX_AMOUNT.test(costNanoUsd);

function decodeArm({ variant: _, costNanoUsd, firstToken, ...arm }: ArmMessage): ArmCounts {
  const buckets = firstToken
    .filter(({ bucket }) => bucket <= MAX_BUCKET)
    .map(({ bucket, count }) => [bucket, count] as const);
  return { ...arm, costNanoUsd: BigInt(costNanoUsd), firstToken: new Map(buckets) };
}
