/** The only place of retry and fallback: targets in order, attempts on each, until one answers or none can. */
import { isBilledByPiece } from '#sidecar/canonical/operation';
import { AttemptFailed, type AttemptFailure } from '#sidecar/errors/attempt-failure';
import { FAILURE_KINDS } from '#sidecar/errors/failure-kinds';
import { finalError } from '#sidecar/errors/final-error';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { RetryDenial } from '#sidecar/telemetry/request-record';
import type { Answer } from './attempts/answer.ts';
import type { Candidate } from './attempts/candidate.ts';
import { type Decision, decideNext, otherwise } from './attempts/decide-next.ts';
import { estimatedAnswer } from './attempts/estimator.ts';
import { type Plan, planAttempt } from './attempts/plan.ts';
import { sendAttempt } from './attempts/send-attempt.ts';
import type { Call } from './call.ts';
import { clientRetryOf } from './client-retry.ts';
import type { DecodedRequest } from './decode.ts';
import type { PipelineDeps } from './handle.ts';
import type { Caller } from './identify.ts';
import { notTried } from './left-out.ts';
import type { RequestRecorder } from './request-recorder.ts';
import type { Selection } from './select-route.ts';
import { mayBeJoined } from './streams/may-be-joined.ts';

export interface AttemptQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly decoded: DecodedRequest;
  readonly selection: Selection;
  readonly log: RequestRecorder;
  readonly deps: PipelineDeps;
}

/** Of an attempt all that is known before anything is done. */
export type PlannedQuestion = Omit<AttemptQuestion, 'deps'>;

/** What came of one target: an answer; nothing to hope for; the next one's turn; or that it could not be asked, and why. */
type TargetOutcome = Answer | 'give-up' | 'next' | RemoraError;

/** Throws the RemoraError that the client is to see. */
export async function attempt(question: AttemptQuestion): Promise<Answer> {
  const { deps, selection } = question;
  deps.retries.requested(selection.route.policy.key);
  const failures: AttemptFailure[] = [];
  let unasked: RemoraError | undefined;
  for (let left = selection.candidates; ; ) {
    // Asked anew for each turn: other requests may have learned meanwhile who does not work.
    const [candidate, ...others] = byHealth(left, question);
    if (candidate === undefined) break;
    left = others;
    const isOnTrial = candidate.target.variant !== undefined && selection.candidates.length > 1;
    const outcome = await tryTarget(candidate, { question, failures: isOnTrial ? [] : failures, others, isOnTrial });
    if (outcome === 'give-up') break;
    if (outcome instanceof RemoraError) unasked ??= outcome;
    else if (outcome !== 'next') return outcome;
  }
  throw failures.length === 0 && unasked !== undefined ? unasked : finalError(failures, notTried(question.log.leftOut));
}

/** The unfit ones last, and what is held against them told. */
function byHealth(candidates: readonly Candidate[], { deps: { health }, log }: AttemptQuestion): readonly Candidate[] {
  const order = health.order(candidates);
  if (order === candidates) return order;
  for (const candidate of candidates)
    for (const { by, isUnfit } of health.concerns(candidate))
      if (isUnfit) log.triedLast(candidate.target.policy.name, by);
  return order;
}

interface TargetQuestion {
  readonly question: AttemptQuestion;
  readonly failures: AttemptFailure[];
  /** Who is left after it. */
  readonly others: readonly Candidate[];
  /** What goes wrong is nobody's but its own: the targets of the rule are asked as if it had not been. */
  readonly isOnTrial: boolean;
}

async function tryTarget(candidate: Candidate, turn: TargetQuestion): Promise<TargetOutcome> {
  const outcome = await turnOf(candidate, turn);
  const isAnswer = typeof outcome !== 'string' && !(outcome instanceof RemoraError);
  return turn.isOnTrial && !isAnswer ? 'next' : outcome;
}

async function turnOf(candidate: Candidate, turn: TargetQuestion): Promise<TargetOutcome> {
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
    if (!isOfRequest && (turn.isOnTrial || ONLY_THIS_TARGET.has(thrown.code))) return thrown;
    throw thrown;
  } finally {
    deps.health.turnEnded(candidate);
  }
}

/** How the candidate would be asked. As `planAttempt`. */
export function planFor(candidate: Candidate, question: PlannedQuestion): ReturnType<typeof planAttempt> {
  const { call, caller, decoded, selection } = question;
  const { policy, ceilings } = selection.route;
  return planAttempt(candidate, {
    call,
    decoded,
    bounded: caller.budgets.length > 0,
    ceilings,
    onUnsupported: policy.onUnsupported,
    mayBeJoined: mayBeJoined(decoded.request, policy),
  });
}

const estimatedFor = (
  candidate: Candidate,
  { content: { inTurns } }: DecodedRequest,
): ReturnType<typeof estimatedAnswer> | Promise<ReturnType<typeof estimatedAnswer>> => {
  const estimate = (): ReturnType<typeof estimatedAnswer> => estimatedAnswer(candidate);
  return inTurns === undefined ? estimate() : inTurns(estimate);
};

async function tryPlan(plan: Plan, turn: TargetQuestion): Promise<TargetOutcome> {
  const { question, failures, others } = turn;
  const { places, health } = question.deps;
  const hasFit = (): boolean => others.some((other) => !health.isUnfit(other));
  for (let retriesDone = 0; ; retriesDone += 1) {
    const taken = places.take(plan.candidate, question, hasFit);
    const place = taken instanceof Promise ? await taken : taken;
    if (place === null) return 'next';
    if (place instanceof RemoraError) return place;
    const made = await sendAttempt(plan, question, place);
    if (!(made instanceof AttemptFailed)) return made;
    failures.push(made.failure);
    const decision = decide(made, { ...turn, candidate: plan.candidate, retriesDone });
    if (decision.action !== 'retry') return decision.action;
    await question.call.scope.sleep(decision.afterMs);
  }
}

interface FailedTurn extends TargetQuestion {
  readonly candidate: Candidate;
  readonly retriesDone: number;
}

function decide(failed: AttemptFailed, turn: FailedTurn): Decision {
  const { question, candidate, retriesDone, others } = turn;
  const { call, selection, log, deps } = question;
  const hasNext = others.length > 0;
  const state = {
    retriesLeft: candidate.target.policy.maxRetries - retriesDone,
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
  { selection: { route }, log }: Pick<AttemptQuestion, 'selection' | 'log'>,
): RemoraError =>
  new RemoraError({
    code: 'unsupported_operation',
    message:
      `The API of ${target.policy.name} does not serve ${request.operation.replace('_', ' ')} requests. Ask for a model of another AIRoute, or add a target whose provider serves them. ${notTried(log.leftOut)}`.trimEnd(),
    object: `AIRoute ${route.policy.key}`,
    param: 'model',
  });

/** Errors before sending that another target may not have. */
export const ONLY_THIS_TARGET: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'price_unknown',
  'ceiling_exceeded',
]);
