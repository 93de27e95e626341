/** What each limit has to cover of an attempt, in which window and for whom. */
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { type BudgetPeriod, windowAt } from '#treasury/window';
import type { AttemptEstimate } from './budget-gate.ts';
import { MAX_PARTITIONS, PartitionBound } from './partition-bound.ts';
import { strictOf } from './price-ceiling.ts';
import { priceUnknown, tooManyPartitions } from './refusal.ts';
import { budgetStopped } from './stopped.ts';
import { UNIT_USE } from './unit-use.ts';
import type { Need } from './wallet.ts';

export interface Due {
  /** The limit as it holds for this attempt. */
  readonly budget: PolicyBudget;
  readonly period: BudgetPeriod;
  readonly need: Need;
  /** It lowered the request to another model: it counts what it has room for and refuses nothing. */
  readonly isSpared: boolean;
}

/** It refuses what it has no room for. */
export const isHard = ({ budget, isSpared }: Due): boolean => !budget.soft && !isSpared;

export class Dues {
  readonly #now: () => number;
  readonly #partitions = new PartitionBound();

  /** `now`: Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many partitions are remembered. */
  get partitions(): number {
    return this.#partitions.size;
  }

  /** Once per limit; none of those of which the attempt uses nothing. Throws `budget_stopped`, `price_unknown` and, for partitions, as budgetExceeded. */
  of(attempt: AttemptEstimate): readonly Due[] {
    if (attempt.budgets.length === 0) return NONE;
    const nowMs = this.#now();
    const budgets = new Map(attempt.budgets.map((budget) => [budget.id, budget]));
    return [...budgets.values()].flatMap((budget) => {
      if (budget.stop !== undefined) throw budgetStopped(budget);
      const isSpared = budget.id === attempt.spared?.id;
      const { atMost, known = atMost } = UNIT_USE[budget.unit];
      const refuses = !budget.soft && !isSpared;
      const amount = atMost(attempt) ?? (refuses ? null : known(attempt));
      if (amount === null && refuses) throw priceUnknown(strictOf(attempt.budgets) ?? budget, attempt);
      // What refuses nothing counts what can be counted.
      if (amount === null || amount === 0n) return [];
      const period = windowAt(budget.every, nowMs, budget.timezone);
      const counted = this.#counted(attempt, budget, period);
      if (counted === undefined) return [];
      return [{ budget: counted, period, need: { budgetId: counted.id, window: period.id, amount }, isSpared }];
    });
  }

  /** undefined: one that refuses nothing has too many partitions. */
  #counted(attempt: AttemptEstimate, budget: PolicyBudget, period: BudgetPeriod): PolicyBudget | undefined {
    const counted = partitionOf(budget, attempt);
    if (counted === budget) return counted;
    const nowMs = this.#now();
    // Runs have no window that would end.
    const span = budget.every === 'Run' ? windowAt('Day', nowMs) : period;
    if (this.#partitions.admits(budget.id, counted.id, span)) return counted;
    if (budget.soft || budget.id === attempt.spared?.id) return undefined;
    throw tooManyPartitions({ budget, most: MAX_PARTITIONS, nowMs, windowEndMs: span.endMs });
  }
}

const NONE: readonly Due[] = [];
