/** How much is under way or waits at this moment, by class. */
import type { Priority } from '#contract/resources/route-concurrency';

interface Count {
  readonly priority: Priority;
  readonly running: number;
  readonly waiting: number;
}

/** Requests of a route that bounds them. */
export interface RouteCount extends Count {
  /** `namespace/name` of the AIRoute. */
  readonly route: string;
}

/** Attempts at what a provider limits. */
export interface ProviderCount extends Count {
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** As routes name it; empty: all of the provider. */
  readonly model: string;
}

/** Requests that wait for room in a limit, all its partitions together. */
interface LimitCount {
  /** `namespace/name` of the object that states it. */
  readonly budget: string;
  readonly limit: string;
  readonly waiting: number;
}

export interface AdmissionReadings {
  routes(): readonly RouteCount[];
  providers(): readonly ProviderCount[];
  limits(): readonly LimitCount[];
}
