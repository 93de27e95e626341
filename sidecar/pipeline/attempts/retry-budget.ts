/**
 * How many retries a route may make: a share of its requests of the last ten seconds, and a few in any case (Finagle's budget, and
 * Gateway API's GEP-3388), so that a failing provider is not asked many times as often as a sound one. The next target is no retry.
 */
import { RecentCounts, type Span } from '#sidecar/pipeline/health/recent-counts';

/** Retries of a second that no traffic has to earn. */
export const FREE_RETRIES_PER_SECOND = 3;

interface Allowance {
  readonly span: Span;
  /** Of one bucket. */
  readonly free: number;
}

const RETRIES: Allowance = { span: { bucketMs: 1_000, buckets: 10 }, free: FREE_RETRIES_PER_SECOND };
export const BUDGET_WINDOW_MS = RETRIES.span.bucketMs * RETRIES.span.buckets;
/** The same of hedges: a minute, so that a small share is something on a quiet route too, and none for nothing, since no request needs one. */
export const HEDGES: Allowance = { span: { bucketMs: 5_000, buckets: 12 }, free: 0 };

const REQUEST = 0;
const RETRY = 1;

export class RetryBudgets {
  readonly #routes = new Map<string, RecentCounts>();
  readonly #nowMs: () => number;
  readonly #allowance: Allowance;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number, allowance = RETRIES) {
    this.#nowMs = nowMs;
    this.#allowance = allowance;
  }

  requested(route: string): void {
    this.#of(route).add(REQUEST);
  }

  /** Whether one more retry may be made; if so it is counted. */
  take(route: string, budgetPercent: number): boolean {
    const recent = this.#of(route);
    const isFree = recent.latest(RETRY) < this.#allowance.free;
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
      recent = new RecentCounts(2, this.#allowance.span, this.#nowMs);
      this.#routes.set(route, recent);
    }
    return recent;
  }
}
