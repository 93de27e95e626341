/** Which limits of AIBudgets a workload falls under. */
import { nanoUsd, picoPerToken } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import { type AIBudget, type AIBudgetLimit, BUDGET_SCOPES, type BudgetScope } from '#contract/resources/ai-budget';
import { namespacedName } from './object-key.ts';
import type { Workload } from './workload.ts';

/** Every stated value must hold. */
const matches = ({ match }: AIBudgetLimit, workload: Workload): boolean =>
  BUDGET_SCOPES.every((scope) => match[scope] === undefined || match[scope] === workload[scope]);

function policyBudget(budget: AIBudget, limit: AIBudgetLimit): PolicyBudget {
  const key = namespacedName(budget);
  const isMoney = limit.usd !== undefined;
  return {
    id: `${key}/${limit.name}`,
    budget: key,
    limit: limit.name,
    scope: BUDGET_SCOPES.flatMap((scope) => {
      const value = limit.match[scope];
      return value === undefined ? [] : [{ scope, value }];
    }),
    per: limit.per,
    ...(limit.shadows !== 'Include' && { shadows: limit.shadows }),
    unit: isMoney ? 'nanoUsd' : 'tokens',
    amount: String(limit.usd === undefined ? (limit.tokens ?? 0) : nanoUsd(limit.usd)),
    every: limit.every,
    ...(isMoney && ceilingOf(budget)),
    ...stopOf(budget),
  };
}

const stopOf = ({ spec: { stop, stopReason: reason, stopInFlight } }: AIBudget): Pick<PolicyBudget, 'stop'> =>
  stop ? { stop: { ...(reason !== undefined && { reason }), ...(stopInFlight && { inFlight: true as const }) } } : {};

const ceilingOf = ({ spec: { priceCeiling: stated } }: AIBudget): Pick<PolicyBudget, 'priceCeiling'> =>
  stated === undefined
    ? {}
    : {
        priceCeiling: {
          inputPico: String(picoPerToken(stated.inputUsdPerMillion)),
          outputPico: String(picoPerToken(stated.outputUsdPerMillion)),
        },
      };

/** The limits of one AIBudget that apply to a workload, in the order of the object. */
export const limitsFor = (budget: AIBudget, workload: Workload): PolicyBudget[] =>
  budget.spec.limits.filter((limit) => matches(limit, workload)).map((limit) => policyBudget(budget, limit));

/** Whether a money limit that refuses unknown prices may cover pods of which only `known` is known. */
export const mayRefuseUnpriced = (budget: AIBudget, known: Partial<Record<BudgetScope, string | undefined>>): boolean =>
  budget.spec.unknownPrice === 'Reject' &&
  budget.spec.limits.some(
    (limit) =>
      limit.usd !== undefined &&
      BUDGET_SCOPES.every((scope) => {
        const [wanted, stated] = [limit.match[scope], known[scope]];
        return wanted === undefined || stated === undefined || wanted === stated;
      }),
  );
