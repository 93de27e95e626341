/** What the books say of the limits of an object: of the present window, and of the one before while something of it may still come. */
import { type Limiting, statedLimits } from '#contract/compile/compile-budgets';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitStatus } from '#contract/resources/limit-status';
import type { LimitLook, Told, WindowLook } from '#operator/alerts/due-alerts';
import { type LimitReading, limitStatus, limitsOf, readingText } from '#operator/status/budget-status';
import type { BudgetStatus, Treasury } from '#treasury/treasury';

/** A sidecar may ask for so long of a window that is over, for requests that began in it. */
const LATE_MS = 10 * 60_000;

export interface LimitBooks {
  readonly treasury: Pick<Treasury, 'status'>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** In the order of the object. `present`: what its status says now. Rejects when the store cannot be asked. */
export function readLimits(books: LimitBooks, limiting: Limiting, { limits = [] }: Told): Promise<LimitReading[]> {
  const atPercent = percentagesOf(limiting);
  return Promise.all(
    limitsOf(limiting).map(async (limit) => {
      const status = await books.treasury.status(limit);
      const known = limits.find(({ name }) => name === limit.limit);
      const isAsked = atPercent(limit).length > 0 && mayComeBefore(known, { limit, status }, books.now());
      const before = isAsked ? await books.treasury.status(limit, status.windowStartMs - 1) : undefined;
      return { limit, status, before };
    }),
  );
}

/** Of a window that nobody saw while it was there nothing is told; of the last that was seen once, however late. */
function mayComeBefore(known: LimitStatus | undefined, reading: LimitReading, nowMs: number): boolean {
  if (known === undefined || known.windowStart === undefined) return false;
  if (known.windowStart !== limitStatus(reading).windowStart) return true;
  return known.alertedBefore !== undefined && nowMs - reading.status.windowStartMs < LATE_MS;
}

/** What alerts are worked out from. */
export function looksOf(limiting: Limiting, readings: readonly LimitReading[]): LimitLook[] {
  const atPercent = percentagesOf(limiting);
  return readings.map(({ limit, status, before }) => ({
    ...lookOf(limit, status),
    alertAtPercent: atPercent(limit),
    before: before && lookOf(limit, before),
  }));
}

const lookOf = (limit: PolicyBudget, status: BudgetStatus): WindowLook => ({
  row: limitStatus({ limit, status }),
  amount: readingText(limit.unit, status.limit),
  fullest: status.fullest,
});

function percentagesOf(limiting: Limiting): (limit: PolicyBudget) => readonly number[] {
  const stated = new Map(statedLimits(limiting).map(({ name, alertAtPercent }) => [name, alertAtPercent]));
  return ({ limit }) => stated.get(limit) ?? [];
}
