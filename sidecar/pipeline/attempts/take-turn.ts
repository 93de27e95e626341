/** One target's turn: how it is asked, attempts on it, until it answers or another one may. */
import type { PolicyBudget } from '#contract/policy/policy';
import { UNIT_USE } from '#sidecar/budget/unit-use';
import { isBilledByPiece } from '#sidecar/canonical/operation';
import { AttemptFailed, type AttemptFailure } from '#sidecar/errors/attempt-failure';
import { FAILURE_KINDS } from '#sidecar/errors/failure-kinds';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { AttemptQuestion, PlannedQuestion } from '#sidecar/pipeline/attempt';
import { clientRetryOf } from '#sidecar/pipeline/client-retry';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import { notTried } from '#sidecar/pipeline/left-out';
import { mayBeJoined } from '#sidecar/pipeline/streams/may-be-joined';
import type { RetryDenial } from '#sidecar/telemetry/request-record';
import type { Answer } from './answer.ts';
import type { Candidate } from './candidate.ts';
import { type Decision, decideNext, otherwise } from './decide-next.ts';
import { estimatedAnswer } from './estimator.ts';
import { waitForRoom } from './limit-wait.ts';
import { limitsOf } from './limits-of.ts';
import { type Plan, planAttempt } from './plan.ts';
import { sendAttempt } from './send-attempt.ts';

/** What came of one target: an answer; nothing to hope for; the next one's turn; or that it could not be asked, and why. */
export type TurnOutcome = Answer | 'give-up' | 'next' | RemoraError;

export const isAnswer = (outcome: TurnOutcome): outcome is Answer =>
  typeof outcome !== 'string' && !(outcome instanceof RemoraError);

export interface Turn {
  readonly question: AttemptQuestion;
  readonly failures: AttemptFailure[];
  /** What goes wrong is nobody's but its own: the targets of the rule are asked as if it had not been. */
  readonly isOnTrial: boolean;
  /** Who is left after it. */
  others: readonly Candidate[];
  /** Another target is asked at the same time: nothing is tried again beside it. */
  isAccompanied: boolean;
}

/** Throws the RemoraError that ends the request, or the cause of a cancel. */
export function takeTurn(candidate: Candidate, turn: Turn): Promise<TurnOutcome> {
  const outcome = turnOf(candidate, turn);
  return turn.isOnTrial ? outcome.then((made) => (isAnswer(made) ? made : 'next')) : outcome;
}

async function turnOf(candidate: Candidate, turn: Turn): Promise<TurnOutcome> {
  const { call, decoded, deps } = turn.question;
  deps.health.turnBegan(candidate);
  try {
    const planned = planFor(candidate, turn.question);
    const plan = planned instanceof Promise ? await planned : planned;
    if (plan === undefined)
      return (await estimatedFor(candidate, decoded)) ?? unsupportedOperation(candidate, turn.question);
    return await tryPlan(plan, turn);
  } catch (thrown) {
    const isOfRequest = call.scope.cause !== undefined || !(thrown instanceof RemoraError);
    if (!isOfRequest && (turn.isOnTrial || isOfTarget(thrown))) return thrown;
    throw thrown;
  } finally {
    deps.health.turnEnded(candidate);
  }
}

/** How the candidate would be asked. As `planAttempt`. */
export function planFor(candidate: Candidate, question: PlannedQuestion): ReturnType<typeof planAttempt> {
  const { call, decoded, selection } = question;
  const { policy, ceilings } = selection.route;
  const limits = limitsOf(candidate, question);
  return planAttempt(candidate, {
    call,
    decoded,
    bounded: limits.some(boundsOutput),
    boundedInMoney: limits.some(({ unit, soft }) => unit === 'nanoUsd' && !soft),
    ceilings,
    onUnsupported: policy.onUnsupported,
    mayBeJoined: mayBeJoined(decoded.request, policy),
  });
}

/** What only counts changes no request. */
const boundsOutput = ({ unit, soft }: PolicyBudget): boolean => UNIT_USE[unit].countsOutput && !soft;

const estimatedFor = (
  candidate: Candidate,
  { content: { inTurns } }: DecodedRequest,
): ReturnType<typeof estimatedAnswer> | Promise<ReturnType<typeof estimatedAnswer>> => {
  const estimate = (): ReturnType<typeof estimatedAnswer> => estimatedAnswer(candidate);
  return inTurns === undefined ? estimate() : inTurns(estimate);
};

async function tryPlan(plan: Plan, turn: Turn): Promise<TurnOutcome> {
  const { question, failures } = turn;
  const { places, health } = question.deps;
  // Beside another target nobody waits for room.
  const hasFit = (): boolean => turn.isAccompanied || turn.others.some((other) => !health.isUnfit(other));
  for (let retriesDone = 0; ; ) {
    const taken = places.take(plan.candidate, question, hasFit);
    const place = taken instanceof Promise ? await taken : taken;
    if (place === null) return 'next';
    if (place instanceof RemoraError) return place;
    let made: Awaited<ReturnType<typeof sendAttempt>>;
    try {
      made = await sendAttempt(plan, question, place);
    } catch (thrown) {
      // It holds no place while it waits, and takes one anew.
      await waitForRoom(thrown, turn);
      continue;
    }
    if (!(made instanceof AttemptFailed)) return made;
    failures.push(made.failure);
    const decision = decide(made, { ...turn, candidate: plan.candidate, retriesDone });
    if (decision.action !== 'retry') return decision.action;
    retriesDone += 1;
    await question.call.scope.sleep(decision.afterMs);
  }
}

interface FailedTurn extends Turn {
  readonly candidate: Candidate;
  readonly retriesDone: number;
}

function decide(failed: AttemptFailed, turn: FailedTurn): Decision {
  const { question, candidate, retriesDone, isAccompanied } = turn;
  const hasNext = isAccompanied || turn.others.length > 0;
  const { call, selection, log, deps } = question;
  const state = {
    retriesLeft: isAccompanied ? 0 : candidate.target.policy.maxRetries - retriesDone,
    retriesDone,
    hasNext,
    retryOn: selection.route.policy.retry.on,
    remainingMs: call.scope.remainingMs,
  };
  const decision = decideNext(failed.failure, state, deps.random());
  if (decision.action !== 'retry') return decision;
  const denied = retryDenial(failed, turn);
  if (denied === undefined) log.retries += 1;
  else log.retriesDenied.push(denied);
  return denied === undefined ? decision : otherwise(hasNext);
}

/** Why what may well help is not done. The budget comes last, since what it lets through is counted. */
function retryDenial(failed: AttemptFailed, { question, candidate, others }: FailedTurn): RetryDenial | undefined {
  const { call, selection, deps } = question;
  const { key, retry } = selection.route.policy;
  // The client sends it again by itself: each of its tries would be multiplied by ours.
  if (clientRetryOf(call) > 0) return 'ClientRetries';
  if (failed.billing === 'unknown' && isBilledByPiece(candidate.request)) return 'MayBeBilled';
  // Who asks for a short wait is waited for; what else is known of the target is not about that.
  const asksToWait = FAILURE_KINDS[failed.failure.kind].follow === 'hint';
  if (others.length > 0 && !asksToWait && deps.health.isUnfit(candidate)) return 'TargetUnfit';
  return deps.retries.take(key, retry.budgetPercent) ? undefined : 'BudgetSpent';
}

export const unsupportedOperation = (
  { target, request }: Candidate,
  { selection: { route }, log }: Pick<PlannedQuestion, 'selection' | 'log'>,
): RemoraError =>
  new RemoraError({
    code: 'unsupported_operation',
    message:
      `The API of ${target.policy.name} does not serve ${request.operation.replace('_', ' ')} requests. Ask for a model of another AIRoute, or add a target whose provider serves them. ${notTried(log.leftOut)}`.trimEnd(),
    object: `AIRoute ${route.policy.key}`,
    param: 'model',
  });

/** Of errors before sending: whether another target may not have it. */
export const isOfTarget = ({ code, details }: RemoraError): boolean =>
  ONLY_THIS_TARGET.has(code) || details.onlyThisTarget === true;

const ONLY_THIS_TARGET: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'price_unknown',
  'budget_stopped',
  'ceiling_exceeded',
]);
