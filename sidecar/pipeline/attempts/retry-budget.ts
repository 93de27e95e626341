/**
 * How many retries a route may make: a share of its requests of the last ten seconds, and a few in any case (Finagle's budget, and
 * Gateway API's GEP-3388), so that a failing provider is not asked many times as often as a sound one. The next target is no retry.
 */
import { RecentCounts } from '#sidecar/pipeline/health/recent-counts';

const SPAN = { bucketMs: 1_000, buckets: 10 };
export const BUDGET_WINDOW_MS = SPAN.bucketMs * SPAN.buckets;
/** Retries of a second that no traffic has to earn. */
export const FREE_RETRIES_PER_SECOND = 3;

const REQUEST = 0;
const RETRY = 1;

export class RetryBudgets {
  readonly #routes = new Map<string, RecentCounts>();
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  requested(route: string): void {
    this.#of(route).add(REQUEST);
  }

  /** Whether one more retry may be made; if so it is counted. */
  take(route: string, budgetPercent: number): boolean {
    const recent = this.#of(route);
    const isFree = recent.latest(RETRY) < FREE_RETRIES_PER_SECOND;
    const isEarned = (recent.sum(RETRY) + 1) * 100 <= recent.sum(REQUEST) * budgetPercent;
    if (!isFree && !isEarned) return false;
    recent.add(RETRY);
    return true;
  }

  #of(route: string): RecentCounts {
    let recent = this.#routes.get(route);
    if (recent === undefined) {
      // Routes come and go with policies: what is quiet is forgotten whenever there is a new one.
      for (const [key, other] of this.#routes) if (other.isEmpty) this.#routes.delete(key);
      recent = new RecentCounts(2, SPAN, this.#nowMs);
      this.#routes.set(route, recent);
    }
    return recent;
  }
}
