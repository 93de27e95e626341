/**
 * The identity of a book: `namespace/name/limit`, and where the limit has `per` a fourth segment that keeps one partition, such as a
 * user, apart from the others. It is a digest, so that no name of a user reaches ids, objects or logs.
 */
import type { BudgetPartition } from '#contract/resources/ai-budget';
import type { Attribution, PolicyBudget, PolicyTarget } from './policy.ts';
import { sha256 } from './sha256.ts';

/** What of one attempt a limit may be kept apart by. */
export interface PartitionedRequest {
  readonly caller: { readonly attribution: Attribution; readonly user: string | undefined };
  readonly target: PolicyTarget;
}

const VALUE_OF: Record<BudgetPartition, (request: PartitionedRequest) => string | undefined> = {
  user: ({ caller }) => caller.user,
};

const DIGEST_CHARS = 32;
const DIGEST = /^[0-9a-f]{32}$/;

/** Undefined when the request does not say; empty counts as not said. */
export const partitionValue = (partition: BudgetPartition, request: PartitionedRequest): string | undefined =>
  VALUE_OF[partition](request) || undefined;

/** The limit as it holds for one request, under the id of the book that it counts in. Requests that do not say share one. */
export function partitionOf(budget: PolicyBudget, request: PartitionedRequest): PolicyBudget {
  if (budget.per.length === 0) return budget;
  const values = budget.per.map((partition) => partitionValue(partition, request) ?? null);
  return { ...budget, id: `${budget.id}/${sha256(JSON.stringify(values)).slice(0, DIGEST_CHARS)}` };
}

/** The id of the limit that a book belongs to. */
export const limitOfBook = (bookId: string): string => bookId.split('/', 3).join('/');

/** `namespace/name` of the AIBudget that a book belongs to. */
export const budgetKeyOfBook = (bookId: string): string => bookId.split('/', 2).join('/');

/** The last segment of the id of a partition's book. */
export const partitionDigest = (bookId: string): string => bookId.slice(limitOfBook(bookId).length + 1);

export const isPartition = (bookId: string): boolean => bookId !== limitOfBook(bookId);

/**
 * The limit under which a book may be asked for; `budgets` are the limits by id. Undefined unless it is the book of a limit without
 * `per`, or a partition of one with it: a sidecar that invents ids must not find another amount behind them.
 */
export function budgetOfBook(budgets: ReadonlyMap<string, PolicyBudget>, bookId: string): PolicyBudget | undefined {
  const limitId = limitOfBook(bookId);
  const budget = budgets.get(limitId);
  if (budget === undefined) return undefined;
  const fits = budget.per.length === 0 ? bookId === limitId : DIGEST.test(bookId.slice(limitId.length + 1));
  return fits ? { ...budget, id: bookId } : undefined;
}
