/** The sentences a caller reads when a budget says no: what was needed, what is left, who holds the rest, and what to do. */
import { ownerText, type PartitionedRequest, partitionValue } from '#contract/policy/book-id';
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import type { BudgetScope } from '#contract/resources/limit-scope';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { AttemptEstimate } from './budget-gate.ts';

interface Phrase {
  /** Of a value that a limit matches. */
  readonly matched: (value: string) => string;
  /** Of the value that a request has where the limit holds for each by itself; never the value: who reads the message need not be who it is about. */
  readonly stated: string;
  /** Of requests that have none. */
  readonly missing: string;
}

/** What callers are told of users, sessions and runs is never their names. */
const PHRASE: Record<BudgetScope, Phrase> = {
  team: { matched: (value) => value, stated: 'this team', missing: 'requests of no team' },
  project: { matched: (value) => `project ${value}`, stated: 'this project', missing: 'requests of no project' },
  environment: {
    matched: (value) => `in environment ${value}`,
    stated: 'this environment',
    missing: 'requests of no environment',
  },
  user: { matched: () => 'of one user', stated: 'this user', missing: 'requests that name no user' },
  feature: {
    matched: (value) => `of feature ${value}`,
    stated: 'this feature',
    missing: 'requests that name no feature',
  },
  session: { matched: () => 'of one session', stated: 'this session', missing: 'requests that name no session' },
  run: { matched: () => 'of one run', stated: 'this run', missing: 'requests that name no run' },
  model: { matched: (value) => `of model ${value}`, stated: 'this model', missing: 'requests of no model' },
  provider: {
    matched: (value) => `at AIProvider ${value}`,
    stated: 'this AIProvider',
    missing: 'requests at no AIProvider',
  },
  route: { matched: (value) => `through AIRoute ${value}`, stated: 'this AIRoute', missing: 'requests of no AIRoute' },
  namespace: {
    matched: (value) => `in namespace ${value}`,
    stated: 'this namespace',
    missing: 'requests of no namespace',
  },
  workload: { matched: (value) => `of workload ${value}`, stated: 'this workload', missing: 'requests of no workload' },
};
const WHO: readonly BudgetScope[] = ['team', 'project'];

export interface Refusal {
  readonly budget: PolicyBudget;
  /** The attempt that is refused, or a stream that needs more of it. */
  readonly attempt: PartitionedRequest & Pick<AttemptEstimate, 'isSliced'>;
  /** Of the whole attempt, or of a stream for what comes next. */
  readonly needed: bigint;
  readonly remaining: bigint;
  /** Reserved by other requests and held by other sidecars. */
  readonly reserved: bigint;
  readonly nowMs: number;
  readonly windowEndMs: number;
}

const objectOf = (budget: PolicyBudget): string => `${ownerText(budget)} limit ${budget.limit}`;

/** ` for team-a project x in environment dev`, the matched values in scope order. */
function scopeText({ scope, limit }: PolicyBudget): string {
  if (scope.length === 0) return ` for limit ${limit}`;
  const phrases = scope.map(({ scope: name, value }) => PHRASE[name].matched(value)).join(' ');
  return scope.some(({ scope: name }) => WHO.includes(name)) ? ` for ${phrases}` : ` ${phrases}`;
}

/** ` for this user, for team-a in environment dev`. */
function subject(budget: PolicyBudget, attempt: PartitionedRequest): string {
  const phrases = budget.per.map((partition) => {
    const { stated, missing } = PHRASE[partition];
    return partitionValue(partition, attempt) === undefined ? missing : stated;
  });
  return phrases.length === 0 ? scopeText(budget) : ` for ${phrases.join(' and ')},${scopeText(budget)}`;
}

const amountText = ({ unit }: PolicyBudget, amount: bigint): string =>
  unit === 'nanoUsd' ? `$${formatUsd(amount)}` : `${amount} tokens`;

const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replace('.000Z', 'Z');

export function budgetExceeded({
  budget,
  attempt,
  needed,
  remaining,
  reserved,
  nowMs,
  windowEndMs,
}: Refusal): RemoraError {
  const text = (amount: bigint): string => amountText(budget, amount);
  const until = timeText(windowEndMs);
  return new RemoraError({
    code: 'budget_exceeded',
    message:
      `Budget exceeded${subject(budget, attempt)}. ` +
      `${attempt.isSliced ? 'The next part of the stream' : 'The request'} may use up to ${text(needed)}, while ${text(remaining)} of ${text(BigInt(budget.amount))} remain and ` +
      `${text(reserved)} are reserved by others in flight: wait until ${until}, ask for fewer output tokens, ` +
      `or have the limit ${budget.limit} of the ${ownerText(budget)} raised.`,
    object: objectOf(budget),
    ...(isOfTarget(budget) && { onlyThisTarget: true }),
    retryAfterMs: Math.max(0, windowEndMs - nowMs),
  });
}

/** A limit of a provider or a model: another target may not count against it. */
const isOfTarget = ({ where }: PolicyBudget): boolean => (where?.provider ?? where?.model) !== undefined;

export interface PartitionsRefusal {
  readonly budget: PolicyBudget;
  readonly most: number;
  readonly nowMs: number;
  readonly windowEndMs: number;
}

/** One pod invents values of a partition, or serves more of them than it may. */
export function tooManyPartitions({ budget, most, nowMs, windowEndMs }: PartitionsRefusal): RemoraError {
  const until = timeText(windowEndMs);
  return new RemoraError({
    code: 'budget_exceeded',
    message:
      `This pod has counted ${most} different values of ${budget.per.join(' and ')} against the limit ${budget.limit} of the ` +
      `${ownerText(budget)} in this window, the most that one pod may; no further one is let through: wait until ` +
      `${until}, spread the requests over more pods, or check that the app states each ${budget.per.join(' and ')} by one stable name.`,
    object: objectOf(budget),
    retryAfterMs: Math.max(0, windowEndMs - nowMs),
  });
}

export type UnavailableReason = 'unreachable' | 'slow' | 'journal' | 'clock' | 'closing';

const UNAVAILABLE: Record<UnavailableReason, string> = {
  unreachable:
    'The granted budget is used up and the treasury cannot be reached for more. Retry later; check the operator.',
  slow: 'The granted budget is used up and the treasury did not answer in time. Retry later; check the operator.',
  journal:
    'The journal of the sidecar cannot be written, so that spending could not be proven after a crash. ' +
    'Free space on the volume of the journal or make it writable; it recovers by itself.',
  clock: 'The treasury grants nothing for this window. Check that the clocks of the sidecar and the operator agree.',
  closing: 'The sidecar is shutting down and takes no more budget. Retry on a new connection.',
};

const RETRY_MS = 1_000;

export function budgetUnavailable(
  budget: PolicyBudget | undefined,
  reason: UnavailableReason,
  cause?: unknown,
): RemoraError {
  return new RemoraError({
    code: reason === 'journal' ? 'ledger_unavailable' : 'budget_unavailable',
    message: UNAVAILABLE[reason],
    retryAfterMs: RETRY_MS,
    cause,
    ...(budget === undefined ? {} : { object: objectOf(budget) }),
  });
}

/** The authority said why, in a sentence. */
export function grantRefused(budget: PolicyBudget, refused: Error): RemoraError {
  return new RemoraError({
    code: 'budget_unavailable',
    message: `The granted budget is used up and no more was granted. ${refused.message} Retry later; check the operator.`,
    retryAfterMs: RETRY_MS,
    cause: refused,
    object: objectOf(budget),
  });
}

export function priceUnknown(
  budget: PolicyBudget,
  { target, isBilledOtherwise = false }: Pick<AttemptEstimate, 'target' | 'isBilledOtherwise'>,
): RemoraError {
  return new RemoraError({
    code: 'price_unknown',
    message: isBilledOtherwise
      ? `What ${target.name} charges for such a request is not told by a price per token, and a budget in US dollars applies. ` +
        'Where it is billed by the image or the character, state that price in the AIProvider under models. ' +
        'Use a budget in tokens for it otherwise or, where the model is free, state its prices as 0.'
      : `The price of ${target.name} is unknown, and a budget in US dollars applies. ` +
        'State the price in the AIProvider under models, or have the AIBudget count such targets at a ceiling (unknownPrice).',
    object: objectOf(budget),
  });
}
