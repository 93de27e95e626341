/** Which limits an attempt counts against: of those of its caller the ones that match its route, its target and what it says of itself. */
import { counts, mayCount } from '#contract/policy/limit-where';
import type { PolicyBudget } from '#contract/policy/policy';
import { isAboutKept } from '#sidecar/canonical/operation';
import type { Caller } from '#sidecar/pipeline/identify';
import type { CompiledRoute, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import type { Candidate } from './candidate.ts';

type Counting = Pick<Candidate, 'target' | 'model' | 'request'>;

interface LimitsQuestion {
  readonly caller: Caller;
  readonly selection: { readonly route: CompiledRoute };
}

const NONE: readonly PolicyBudget[] = [];

export function limitsOf(candidate: Counting, { caller, selection }: LimitsQuestion): readonly PolicyBudget[] {
  if (isAboutKept(candidate.request)) return NONE;
  const { budgets } = caller;
  if (budgets.every(isForAll)) return budgets;
  const { target, model } = candidate;
  const asked = { caller, route: selection.route.policy.key, target: target.policy, model };
  return budgets.filter((budget) => target.uncounted?.has(budget.id) !== true && counts(budget, asked));
}

/** The first that would refuse some of what is asked later of models that are not known now. */
export const limitOfLaterCalls = (
  { policy }: CompiledTarget,
  { caller, selection: { route } }: LimitsQuestion,
): PolicyBudget | undefined =>
  caller.budgets.find(({ soft, where: { model: _, ...where } = {} }) => {
    if (soft) return false;
    const asked = { caller, route: route.policy.key, target: policy };
    return mayCount({ where }, asked.route, policy) && counts({ where }, asked);
  });

const isForAll = ({ where }: PolicyBudget): boolean => where === undefined;
