/** What a kill switch stops before anything else of a request is looked at. */
import type { Policy, PolicyBudget } from './policy.ts';

/** A limit whose `stop` holds for the request whatever it asks for. One with `where` is decided by the request, at the budget gate. */
const stopsAll = (budget: PolicyBudget): boolean =>
  budget.stop !== undefined && budget.shadows !== 'Only' && !('where' in budget);

/** The first limit that stops every request of the workload; undefined: some may go on. */
export const stopOf = ({ budgets }: Pick<Policy, 'budgets'>): PolicyBudget | undefined => budgets.find(stopsAll);
