/** Puts what budgets have left into an explanation of a sidecar, which does not know it: as the operator last wrote it in their status. */
import { ApiError, type Cluster } from '#cli/kube/cluster';
import type { BudgetObject } from '#cli/kube/objects';
import { API_GROUP_VERSION } from '#contract/names/api';
import { AI_BUDGET } from '#contract/resources/ai-budget';
import type { ExplainedBudget, Explanation } from '#sidecar/pipeline/explain/explanation';

/** Others tell no figures in their status. */
const isOfBudget = ({ kind }: ExplainedBudget): boolean => kind === undefined;

/** Budgets that may not be read stay as they are told. */
export async function withRemaining(explanation: Explanation, cluster: Cluster): Promise<Explanation> {
  const names = new Set(
    explanation.targets.flatMap(({ budgets }) => budgets.filter(isOfBudget).map(({ budget }) => budget)),
  );
  const read = await Promise.all([...names].map(async (name) => [name, await limitsOf(name, cluster)] as const));
  const limits = new Map(read);
  const known = (row: ExplainedBudget): ExplainedBudget => {
    const remaining = limits.get(row.budget)?.get(row.limit);
    // Of several partitions the status tells the one that spent most.
    const isOurs = isOfBudget(row) && row.per === undefined && row.remaining === undefined && remaining !== undefined;
    return isOurs ? { ...row, remaining } : row;
  };
  return {
    ...explanation,
    targets: explanation.targets.map((target) => ({ ...target, budgets: target.budgets.map(known) })),
  };
}

/** What is left, by the name of the limit. */
async function limitsOf(name: string, cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const [namespace, object] = name.split('/').map((part) => encodeURIComponent(part));
  try {
    const path = `/apis/${API_GROUP_VERSION}/namespaces/${namespace}/${AI_BUDGET.plural}/${object}`;
    const { status } = await cluster.get<BudgetObject>(path);
    return new Map((status?.limits ?? []).map((limit) => [limit.name, limit.remaining]));
  } catch (error) {
    if (error instanceof ApiError) return new Map();
    throw error;
  }
}
