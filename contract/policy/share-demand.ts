/** What a sidecar says of its part of what is shared over the fleet, and what it is told. */
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';

export type PriorityCounts = Readonly<Record<Priority, number>>;

export const NO_COUNTS: PriorityCounts = { High: 0, Normal: 0, Low: 0 };

export const sumOf = (counts: PriorityCounts): number =>
  PRIORITIES.reduce((sum, priority) => sum + counts[priority], 0);

export const plus = (a: PriorityCounts, b: PriorityCounts): PriorityCounts => ({
  High: a.High + b.High,
  Normal: a.Normal + b.Normal,
  Low: a.Low + b.Low,
});

/** Of one key. */
export interface ShareDemand {
  /** As `share-key.ts` writes it. */
  readonly key: string;
  readonly running: PriorityCounts;
  readonly waiting: PriorityCounts;
  /** Refusals of the provider for its rate since the last report. */
  readonly throttled: number;
  /** What the sidecar takes to be its own. */
  readonly units: number;
}

/** How much of one key the sidecar may have under way. */
export interface Share {
  readonly key: string;
  readonly units: number;
}

/** Told of no more keys than this at once. */
export const MAX_SHARES = 512;
