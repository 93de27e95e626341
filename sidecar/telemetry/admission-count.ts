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

export interface AdmissionReadings {
  routes(): readonly RouteCount[];
  providers(): readonly ProviderCount[];
}
