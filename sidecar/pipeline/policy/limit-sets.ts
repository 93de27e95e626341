/** The limits of a policy, apart by whom they may count: limits of an AIKey are looked at for what comes with it alone, however many keys there are. */
import { KIND } from '#contract/names/api';
import type { PolicyBudget } from '#contract/policy/policy';

export interface LimitSets {
  readonly requests: readonly PolicyBudget[];
  /** Of copies for Shadow variants. */
  readonly copies: readonly PolicyBudget[];
}

const setsOf = (budgets: readonly PolicyBudget[]): LimitSets => ({
  requests: budgets.filter(({ shadows }) => shadows !== 'Only'),
  copies: budgets.filter(({ shadows }) => shadows !== 'Exclude'),
});

const isOfKey = ({ kind }: PolicyBudget): boolean => kind === KIND.key;

/** Of whatever a request comes with. */
export const limitsOfAll = (budgets: readonly PolicyBudget[]): LimitSets =>
  setsOf(budgets.filter((budget) => !isOfKey(budget)));

/** What each AIKey states beside them, by `namespace/name`. */
export const limitsOfKeys = (budgets: readonly PolicyBudget[]): ReadonlyMap<string, LimitSets> =>
  new Map([...Map.groupBy(budgets.filter(isOfKey), ({ budget }) => budget)].map(([key, own]) => [key, setsOf(own)]));

/** `own`: of the key that the request comes with. */
export const limitsWith = (all: readonly PolicyBudget[], own: readonly PolicyBudget[] = []): readonly PolicyBudget[] =>
  own.length === 0 ? all : [...all, ...own];
