/** What an attempt of unknown price counts by where every budget in dollars states a ceiling. */
import type { PolicyBudget, PolicyPrice } from '#contract/policy/policy';
import type { AttemptEstimate } from './budget-gate.ts';

type Ceiling = NonNullable<PolicyBudget['priceCeiling']>;

const isStrict = ({ unit, priceCeiling, soft }: PolicyBudget): boolean =>
  unit === 'nanoUsd' && priceCeiling === undefined && !soft;

const dearer = (a: string, b: string): string => (BigInt(a) < BigInt(b) ? b : a);

/** The first that refuses what has no price. */
export const strictOf = (budgets: readonly PolicyBudget[]): PolicyBudget | undefined => budgets.find(isStrict);

/** The same attempt where its price is known, where one of its budgets refuses it, and where a price per token would bound nothing. */
export function underCeiling(attempt: AttemptEstimate): AttemptEstimate {
  const { target, budgets, isBilledOtherwise } = attempt;
  if (target.price !== null || isBilledOtherwise || strictOf(budgets) !== undefined) return attempt;
  const ceilings = budgets.flatMap(({ priceCeiling }) => priceCeiling ?? []);
  if (ceilings.length === 0) return attempt;
  return { ...attempt, target: { ...target, price: priceOf(ceilings) }, isPriceCeiling: true };
}

function priceOf(ceilings: readonly Ceiling[]): PolicyPrice {
  const { inputPico, outputPico } = ceilings.reduce((most, each) => ({
    inputPico: dearer(most.inputPico, each.inputPico),
    outputPico: dearer(most.outputPico, each.outputPico),
  }));
  return { inputPico, cachedInputPico: inputPico, outputPico };
}
