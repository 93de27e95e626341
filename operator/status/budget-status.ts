/** What an AIBudget's status says about its limits in their present windows. Pure. */
import { limitsFor } from '#contract/compile/compile-budgets';
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import type { AIBudget, AIBudgetLimitStatus } from '#contract/resources/ai-budget';
import type { BudgetStatus } from '#treasury/treasury';

/** Every limit as sidecars know it: a workload made of the very values that a limit matches falls under it. */
export const limitsOf = (budget: AIBudget): PolicyBudget[] =>
  budget.spec.limits.flatMap((limit) =>
    limitsFor(
      { ...budget, spec: { ...budget.spec, limits: [limit] } },
      { ...limit.match, namespace: limit.match.namespace ?? budget.metadata.namespace, serviceAccount: '' },
    ),
  );

/** `12.50 USD`, `1200 tokens`. */
export const amountText = (unit: PolicyBudget['unit'], amount: bigint): string =>
  unit === 'nanoUsd' ? `${formatUsd(amount)} USD` : `${amount} tokens`;

/** RFC 3339 in seconds. */
const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replace(/\.\d+Z$/, 'Z');

export interface LimitReading {
  readonly limit: PolicyBudget;
  readonly status: BudgetStatus;
}

export interface BudgetReport {
  /** Of the limit that is used most. */
  readonly spent?: string;
  readonly remaining?: string;
  readonly percent?: string;
  readonly limits: AIBudgetLimitStatus[];
}

export function budgetReport(readings: readonly LimitReading[]): BudgetReport {
  const limits = readings.map(limitStatus);
  const [most] = [...readings].sort((a, b) => b.status.percent - a.status.percent);
  if (!most) return { limits };
  const { spent, remaining, percent } = limitStatus(most);
  return { spent, remaining, percent: `${percent}%`, limits };
}

const limitStatus = ({ limit, status }: LimitReading): AIBudgetLimitStatus => ({
  name: limit.limit,
  spent: amountText(limit.unit, status.spent),
  granted: amountText(limit.unit, status.held),
  remaining: amountText(limit.unit, status.remaining),
  percent: status.percent,
  windowStart: timeText(status.windowStartMs),
  windowEnd: timeText(status.windowEndMs),
});
