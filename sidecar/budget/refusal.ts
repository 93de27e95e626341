/** The sentences a caller reads when a budget says no: what was needed, what is left, who holds the rest, and what to do. */
import { amountText } from '#contract/policy/amount-text';
import { ownerText, type PartitionedRequest, partitionValue } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { BudgetScope, BudgetUnit } from '#contract/resources/limit-names';
import type { LimitView } from '#sidecar/canonical/limit-view';
import { RemoraError, type RemoraErrorOptions } from '#sidecar/errors/remora-error';
import { ENDLESS_MS } from '#treasury/window';
import type { AttemptEstimate } from './budget-gate.ts';
import { LimitRefused } from './limit-refused.ts';
import { toolsUnknown } from './tool-cost.ts';

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
  key: { matched: (value) => `with AIKey ${value}`, stated: 'this AIKey', missing: 'requests without an AIKey' },
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
  /** Of the limit, where it is one of requests or tokens. */
  readonly view?: LimitView | undefined;
}

/** The official SDKs heed no Retry-After above this. */
const LONGEST_CLIENT_WAIT_MS = 60_000;

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

/** What makes a request need less. */
const ADVICE: Record<BudgetUnit, string> = {
  nanoUsd: ', ask for fewer output tokens',
  tokens: ', ask for fewer output tokens',
  inputTokens: ', send less',
  outputTokens: ', ask for fewer output tokens',
  requests: '',
};

/** Whether a limit has no room for what is asked. */
export const isExceeded = (error: unknown): error is RemoraError =>
  error instanceof RemoraError && (error.code === 'budget_exceeded' || error.code === 'rate_limit_exceeded');

export const exceededCode = ({ unit }: PolicyBudget): 'budget_exceeded' | 'rate_limit_exceeded' =>
  unit === 'nanoUsd' ? 'budget_exceeded' : 'rate_limit_exceeded';

interface Wait {
  readonly nowMs: number;
  readonly windowEndMs: number;
}

const waitText = ({ windowEndMs }: Wait): string =>
  windowEndMs === ENDLESS_MS ? 'begin a new run' : `wait until ${timeText(windowEndMs)}`;

const retryAfter = ({ nowMs, windowEndMs }: Wait): { readonly retryAfterMs?: number } =>
  windowEndMs === ENDLESS_MS ? {} : { retryAfterMs: Math.max(0, windowEndMs - nowMs) };

const timeText = (unixMs: number): string => new Date(unixMs).toISOString().replace('.000Z', 'Z');

export function budgetExceeded({ budget, attempt, needed, remaining, reserved, view, ...wait }: Refusal): LimitRefused {
  const text = (amount: bigint): string => amountText(budget.unit, amount);
  const options: RemoraErrorOptions = {
    code: exceededCode(budget),
    message:
      `Budget exceeded${subject(budget, attempt)}. ` +
      `${attempt.isSliced ? 'The next part of the stream' : 'The request'} may use up to ${text(needed)}, while ${text(remaining)} of ${text(BigInt(budget.amount))} remain and ` +
      `${text(reserved)} are reserved by others in flight: ${waitText(wait)}${ADVICE[budget.unit]}, ` +
      `or have the limit ${budget.limit} of the ${ownerText(budget)} raised.`,
    object: objectOf(budget),
    ...(isOfTarget(budget) && { onlyThisTarget: true }),
    ...retryAfter(wait),
    ...(view && { limits: [view], retryable: wait.windowEndMs - wait.nowMs <= LONGEST_CLIENT_WAIT_MS }),
  };
  return new LimitRefused(options, { budget, needed, remaining, reserved, windowEndMs: wait.windowEndMs });
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
    code: exceededCode(budget),
    message:
      `This pod has counted ${most} different values of ${budget.per.join(' and ')} against the limit ${budget.limit} of the ` +
      `${ownerText(budget)} in this window, the most that one pod may; no further one is let through: wait until ` +
      `${until}, spread the requests over more pods, or check that the app states each ${budget.per.join(' and ')} by one stable name.`,
    object: objectOf(budget),
    retryAfterMs: Math.max(0, windowEndMs - nowMs),
  });
}

/** `refused`: the authority said why. `stopped`: it is away, and the AIBudget says to stop then. */
export type UnavailableReason = 'unreachable' | 'slow' | 'journal' | 'clock' | 'closing' | 'stopped' | 'refused';

const UNAVAILABLE: Record<Exclude<UnavailableReason, 'refused'>, string> = {
  unreachable:
    'The granted budget is used up and the treasury cannot be reached for more. Retry later; check the operator.',
  slow: 'The granted budget is used up and the treasury did not answer in time. Retry later; check the operator.',
  journal:
    'The journal of the sidecar cannot be written, so that spending could not be proven after a crash. ' +
    'Free space on the volume of the journal or make it writable; it recovers by itself.',
  clock: 'The treasury grants nothing for this window. Check that the clocks of the sidecar and the operator agree.',
  stopped:
    'The operator cannot be reached, and the AIBudget has all stop then (operatorLoss: Stop). Retry later; check the operator.',
  closing: 'The sidecar is shutting down and takes no more budget. Retry on a new connection.',
};

const RETRY_MS = 1_000;

export class BudgetUnavailable extends RemoraError {
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, message: string, more: Pick<RemoraErrorOptions, 'object' | 'cause'>) {
    const code = reason === 'journal' ? 'ledger_unavailable' : 'budget_unavailable';
    super({ code, message, retryAfterMs: RETRY_MS, ...more });
    this.reason = reason;
  }
}

export const budgetUnavailable = (
  budget: PolicyBudget | undefined,
  reason: Exclude<UnavailableReason, 'refused'>,
  cause?: unknown,
): BudgetUnavailable =>
  new BudgetUnavailable(reason, UNAVAILABLE[reason], { cause, ...(budget && { object: objectOf(budget) }) });

/** The authority said why, in a sentence. */
export const grantRefused = (budget: PolicyBudget, refused: Error): BudgetUnavailable =>
  new BudgetUnavailable(
    'refused',
    `The granted budget is used up and no more was granted. ${refused.message} Retry later; check the operator.`,
    { cause: refused, object: objectOf(budget) },
  );

type Unpriced = Pick<AttemptEstimate, 'target' | 'isBilledOtherwise' | 'tools'>;

export function priceUnknown(budget: PolicyBudget, attempt: Unpriced): RemoraError {
  const { target, isBilledOtherwise = false } = attempt;
  const ofTools = toolsUnknown(attempt);
  if (ofTools !== undefined)
    return new RemoraError({
      code: 'price_unknown',
      message: `A budget in US dollars applies, and what the request may cost is not known. ${ofTools}`,
      object: objectOf(budget),
    });
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
