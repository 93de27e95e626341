/** How many requests of a route are under way or wait at this moment, by class. */
import type { Priority } from '#contract/resources/route-concurrency';

export interface AdmissionCount {
  /** `namespace/name` of the AIRoute. */
  readonly route: string;
  readonly priority: Priority;
  readonly running: number;
  readonly waiting: number;
}
