/** Puts what budgets have left into an explanation of a sidecar, which does not know it: as the operator last wrote it in their status. */
import { ApiError, type Cluster } from '#cli/kube/cluster';
import type { BudgetObject } from '#cli/kube/objects';
import { API_GROUP_VERSION, KIND } from '#contract/names/api';
import type { LimitKind } from '#contract/policy/book-id';
import { AI_BUDGET } from '#contract/resources/ai-budget';
import { AI_KEY } from '#contract/resources/ai-key';
import { AI_PROVIDER } from '#contract/resources/ai-provider';
import { AI_ROUTE } from '#contract/resources/ai-route';
import type { ExplainedBudget, Explanation } from '#sidecar/pipeline/explain/explanation';

const PLURAL: Record<LimitKind, string> = {
  AIBudget: AI_BUDGET.plural,
  AIRoute: AI_ROUTE.plural,
  AIProvider: AI_PROVIDER.plural,
  AIKey: AI_KEY.plural,
};

/** Below the path of the group. */
function pathOf({ kind = KIND.budget, budget }: ExplainedBudget): string {
  const [namespace, object] = budget.split('/').map((part) => encodeURIComponent(part));
  return `namespaces/${namespace}/${PLURAL[kind]}/${object}`;
}

/** Budgets that may not be read stay as they are told. */
export async function withRemaining(explanation: Explanation, cluster: Cluster): Promise<Explanation> {
  const paths = new Set(explanation.targets.flatMap(({ budgets }) => budgets.map(pathOf)));
  const read = await Promise.all([...paths].map(async (path) => [path, await limitsOf(path, cluster)] as const));
  const limits = new Map(read);
  const known = (row: ExplainedBudget): ExplainedBudget => {
    const remaining = limits.get(pathOf(row))?.get(row.limit);
    // Of several partitions the status tells the one that spent most.
    const isOurs = row.per === undefined && row.remaining === undefined && remaining !== undefined;
    return isOurs ? { ...row, remaining } : row;
  };
  return {
    ...explanation,
    targets: explanation.targets.map((target) => ({ ...target, budgets: target.budgets.map(known) })),
  };
}

/** What is left, by the name of the limit. */
async function limitsOf(path: string, cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  try {
    const { status } = await cluster.get<BudgetObject>(`/apis/${API_GROUP_VERSION}/${path}`);
    return new Map((status?.limits ?? []).map((limit) => [limit.name, limit.remaining]));
  } catch (error) {
    if (error instanceof ApiError) return new Map();
    throw error;
  }
}
