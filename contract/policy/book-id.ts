/**
 * The identity of a book: `namespace/name/limit`, and where the limit has `per` a fourth segment that keeps one partition, such as a
 * user, apart from the others. It is a digest, so that no name of a user reaches ids, objects or logs. The name of an object other than
 * an AIBudget follows its kind and a colon, which no name has: `namespace/airoute:name/limit`.
 */
import { KIND } from '#contract/names/api';
import { BUDGET_SCOPES, type BudgetScope } from '#contract/resources/limit-names';
import type { Attribution, PolicyBudget, PolicyTarget } from './policy.ts';
import { sha256 } from './sha256.ts';

/** The kinds that state limits. */
export type LimitKind = typeof KIND.budget | NonNullable<PolicyBudget['kind']>;

export interface LimitOwner {
  readonly kind: LimitKind;
  readonly namespace: string;
  readonly name: string;
}

const PREFIX: Record<LimitKind, string> = {
  [KIND.budget]: '',
  [KIND.route]: 'airoute:',
  [KIND.provider]: 'aiprovider:',
  [KIND.key]: 'aikey:',
};
const KINDS = Object.keys(PREFIX) as LimitKind[];

export const limitIdOf = ({ kind, namespace, name }: LimitOwner, limit: string): string =>
  `${namespace}/${PREFIX[kind]}${name}/${limit}`;

/** The object that states the limit of a book. */
export function ownerOfBook(bookId: string): LimitOwner {
  const [namespace = '', named = ''] = bookId.split('/', 2);
  const kind = KINDS.find((each) => PREFIX[each] !== '' && named.startsWith(PREFIX[each])) ?? KIND.budget;
  return { kind, namespace, name: named.slice(PREFIX[kind].length) };
}

/** `AIBudget namespace/name`, for messages. */
export const ownerText = ({ kind, budget }: Pick<PolicyBudget, 'kind' | 'budget'>): string =>
  `${kind ?? KIND.budget} ${budget}`;

/** What of one attempt a limit may be kept apart by. */
export interface PartitionedRequest {
  readonly caller: {
    /** With the feature that the app states. */
    readonly attribution: Attribution;
    /** Each as the app states it. */
    readonly user: string | undefined;
    readonly session?: string | undefined;
    readonly run?: string | undefined;
    /** `namespace/name` of the AIKey whose token it sends. */
    readonly key?: string | undefined;
  };
  /** `namespace/name` of the AIRoute. */
  readonly route: string;
  readonly target: PolicyTarget;
  /** What the provider is asked for, where the target passes the asked name on. Default: the target's own. */
  readonly model?: string;
}

type ValueOf = (request: PartitionedRequest) => string | undefined;

const VALUE_OF: Record<BudgetScope, ValueOf> = {
  team: ({ caller }) => caller.attribution.team,
  project: ({ caller }) => caller.attribution.project,
  environment: ({ caller }) => caller.attribution.environment,
  user: ({ caller }) => caller.user,
  feature: ({ caller }) => caller.attribution.feature,
  session: ({ caller }) => caller.session,
  run: ({ caller }) => caller.run,
  model: ({ model, target }) => model ?? target.model,
  provider: ({ target }) => target.provider,
  route: ({ route }) => route,
  namespace: ({ caller }) => caller.attribution.namespace,
  workload: ({ caller: { attribution } }) => `${attribution.namespace}/${attribution.serviceAccount}`,
  key: ({ caller }) => caller.key,
};

const DIGEST_CHARS = 32;
const DIGEST = /^[0-9a-f]{32}$/;

/** Undefined when the request does not say; empty counts as not said. */
export const partitionValue = (partition: BudgetScope, request: PartitionedRequest): string | undefined =>
  VALUE_OF[partition](request) || undefined;

/** The limit as it holds for one request, under the id of the book that it counts in. Requests that do not say share one. */
export function partitionOf(budget: PolicyBudget, request: PartitionedRequest): PolicyBudget {
  if (budget.per.length === 0) return budget;
  const values = budget.per.map((partition) => partitionValue(partition, request) ?? null);
  return { ...budget, id: `${budget.id}/${sha256(JSON.stringify(values)).slice(0, DIGEST_CHARS)}` };
}

/** In whatever order they were stated: another order must not be another book. */
export const partitionsOf = (per: readonly BudgetScope[]): BudgetScope[] =>
  BUDGET_SCOPES.filter((scope) => per.includes(scope));

/** The id of the limit that a book belongs to. */
export const limitOfBook = (bookId: string): string => bookId.split('/', 3).join('/');

/** The same for all books of one object, and for those of no other. */
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
