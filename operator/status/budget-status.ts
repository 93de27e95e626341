/** What the status of an object says about its limits in their present windows. Pure. */
import { type Limiting, policyBudget, statedLimits } from '#contract/compile/compile-budgets';
import { amountText } from '#contract/policy/amount-text';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitStatus } from '#contract/resources/limit-status';
import type { BudgetStatus } from '#treasury/treasury';
import { ENDLESS_MS } from '#treasury/window';

/** Every limit as sidecars know it, whatever the workload. */
export const limitsOf = (object: Limiting): PolicyBudget[] =>
  statedLimits(object).map((limit) => policyBudget(object, limit));

/** `12.50 USD`, `1200 tokens`. */
export const readingText = (unit: PolicyBudget['unit'], amount: bigint): string =>
  amountText(unit, amount, (usd) => `${usd} USD`);

/** RFC 3339 in seconds. */
const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z');

export interface LimitReading {
  readonly limit: PolicyBudget;
  readonly status: BudgetStatus;
  /** Of the window before; undefined: nothing of it is asked any more. */
  readonly before?: BudgetStatus | undefined;
}

export interface BudgetReport {
  /** Of the limit that is used most. */
  readonly spent?: string;
  readonly remaining?: string;
  readonly percent?: string;
  readonly limits: LimitStatus[];
}

export function budgetReport(readings: readonly LimitReading[]): BudgetReport {
  const limits = readings.map(limitStatus);
  const [most] = [...readings].sort((a, b) => b.status.percent - a.status.percent);
  if (!most) return { limits };
  const { spent, remaining, percent } = limitStatus(most);
  return { spent, remaining, percent: `${percent}%`, limits };
}

export const limitStatus = ({ limit, status }: LimitReading): LimitStatus => ({
  name: limit.limit,
  spent: readingText(limit.unit, status.spent),
  granted: readingText(limit.unit, status.held),
  remaining: readingText(limit.unit, status.remaining),
  percent: status.percent,
  ...(status.windowEndMs !== ENDLESS_MS && {
    windowStart: timeText(status.windowStartMs),
    windowEnd: timeText(status.windowEndMs),
  }),
});
