/** The sentences a caller reads when a budget says no: what was needed, what is left, who holds the rest, and what to do. */
import { type PartitionedRequest, partitionValue } from '#contract/policy/book-id';
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import type { BudgetPartition, BudgetScope } from '#contract/resources/limit';
import type { LimitView } from '#sidecar/canonical/limit-view';
import { RemoraError, type RemoraErrorOptions } from '#sidecar/errors/remora-error';
import type { AttemptEstimate } from './budget-gate.ts';
import { LimitRefused } from './limit-refused.ts';

const PHRASE: Record<BudgetScope, (value: string) => string> = {
  team: (value) => value,
  project: (value) => `project ${value}`,
  environment: (value) => `in environment ${value}`,
  namespace: (value) => `in namespace ${value}`,
};
/** Never the value: who reads the message need not be who it is about. */
const PARTITION_PHRASE: Record<BudgetPartition, { readonly stated: string; readonly missing: string }> = {
  user: { stated: 'this user', missing: 'requests that name no user' },
};
const WHO: readonly BudgetScope[] = ['team', 'project'];

export interface Refusal {
  readonly budget: PolicyBudget;
  /** The attempt that is refused. */
  readonly attempt: PartitionedRequest;
  /** Of the whole attempt. */
  readonly needed: bigint;
  readonly remaining: bigint;
  /** Reserved by other requests and held by other sidecars. */
  readonly reserved: bigint;
  readonly nowMs: number;
  readonly windowEndMs: number;
  /** Of the limit, where it is one of requests or tokens. */
  readonly view?: LimitView | undefined;
}

/** The official SDKs heed no Retry-After above this. */
const LONGEST_CLIENT_WAIT_MS = 60_000;

const objectOf = ({ budget, limit }: PolicyBudget): string => `AIBudget ${budget} limit ${limit}`;

/** ` for team-a project x in environment dev`, the matched values in scope order. */
function scopeText({ scope, limit }: PolicyBudget): string {
  if (scope.length === 0) return ` for limit ${limit}`;
  const phrases = scope.map(({ scope: name, value }) => PHRASE[name](value)).join(' ');
  return scope.some(({ scope: name }) => WHO.includes(name)) ? ` for ${phrases}` : ` ${phrases}`;
}

/** ` for this user, for team-a in environment dev`. */
function subject(budget: PolicyBudget, attempt: PartitionedRequest): string {
  const phrases = budget.per.map((partition) => {
    const { stated, missing } = PARTITION_PHRASE[partition];
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
  view,
}: Refusal): LimitRefused {
  const text = (amount: bigint): string => amountText(budget, amount);
  const until = timeText(windowEndMs);
  const retryAfterMs = Math.max(0, windowEndMs - nowMs);
  const options: RemoraErrorOptions = {
    code: 'budget_exceeded',
    message:
      `Budget exceeded${subject(budget, attempt)}. ` +
      `The request may use up to ${text(needed)}, while ${text(remaining)} of ${text(BigInt(budget.amount))} remain and ` +
      `${text(reserved)} are reserved by others in flight: wait until ${until}, ask for fewer output tokens, ` +
      `or have the limit ${budget.limit} of the AIBudget ${budget.budget} raised.`,
    object: objectOf(budget),
    retryAfterMs,
    ...(view && { limits: [view], retryable: retryAfterMs <= LONGEST_CLIENT_WAIT_MS }),
  };
  return new LimitRefused(options, { budget, needed, remaining, reserved, windowEndMs });
}

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
      `AIBudget ${budget.budget} in this window, the most that one pod may; no further one is let through: wait until ` +
      `${until}, spread the users over more pods, or check that the app states each end user by one stable name.`,
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
    code: 'budget_unavailable',
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
