/** The only place of retry and fallback: targets in order, attempts on each, until one answers or none can. */
import { AttemptFailed, type AttemptFailure } from '#sidecar/errors/attempt-failure';
import { finalError } from '#sidecar/errors/final-error';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Answer } from './attempts/answer.ts';
import type { Candidate } from './attempts/candidate.ts';
import { decideNext } from './attempts/decide-next.ts';
import { estimatedAnswer } from './attempts/estimator.ts';
import { planAttempt } from './attempts/plan.ts';
import { sendAttempt } from './attempts/send-attempt.ts';
import type { Call } from './call.ts';
import type { DecodedRequest } from './decode.ts';
import type { PipelineDeps } from './handle.ts';
import type { Caller } from './identify.ts';
import type { RequestRecorder } from './request-recorder.ts';
import type { Selection } from './select-route.ts';

export interface AttemptQuestion {
  readonly call: Call;
  readonly caller: Caller;
  readonly decoded: DecodedRequest;
  readonly selection: Selection;
  readonly log: RequestRecorder;
  readonly deps: PipelineDeps;
}

/** What came of one target: an answer; nothing to hope for; the next one's turn; or that it could not be asked, and why. */
type TargetOutcome = Answer | 'give-up' | 'next' | RemoraError;

/** Throws the RemoraError that the client is to see. */
export async function attempt(question: AttemptQuestion): Promise<Answer> {
  const order = question.deps.health.order(question.selection.candidates);
  const failures: AttemptFailure[] = [];
  let unasked: RemoraError | undefined;
  for (const [index, candidate] of order.entries()) {
    const hasNext = index < order.length - 1;
    const outcome = await tryTarget(candidate, { question, failures, hasNext });
    if (outcome === 'give-up') break;
    if (outcome instanceof RemoraError) unasked ??= outcome;
    else if (outcome !== 'next') return outcome;
  }
  throw failures.length === 0 && unasked !== undefined ? unasked : finalError(failures, question.selection.notTried);
}

interface TargetQuestion {
  readonly question: AttemptQuestion;
  readonly failures: AttemptFailure[];
  readonly hasNext: boolean;
}

async function tryTarget(
  candidate: Candidate,
  { question, failures, hasNext }: TargetQuestion,
): Promise<TargetOutcome> {
  const { call, caller, decoded, selection, deps } = question;
  try {
    const { onUnsupported } = selection.route.policy;
    const planned = planAttempt(candidate, { call, decoded, bounded: caller.budgets.length > 0, onUnsupported });
    const plan = planned instanceof Promise ? await planned : planned;
    if (plan === undefined) {
      const { inTurns } = decoded.content;
      const estimate = () => estimatedAnswer(candidate);
      return (
        (inTurns === undefined ? estimate() : await inTurns(estimate)) ?? unsupportedOperation(candidate, selection)
      );
    }
    const { maxRetries } = candidate.target.policy;
    for (let retriesDone = 0; ; retriesDone += 1) {
      const made = await sendAttempt(plan, question);
      if (!(made instanceof AttemptFailed)) return made;
      failures.push(made.failure);
      const state = {
        retriesLeft: maxRetries - retriesDone,
        retriesDone,
        hasNext,
        remainingMs: call.scope.remainingMs,
      };
      const decision = decideNext(made.failure, state, deps.random());
      if (decision.action !== 'retry') return decision.action;
      await call.scope.sleep(decision.afterMs);
    }
  } catch (thrown) {
    if (thrown instanceof RemoraError && ONLY_THIS_TARGET.has(thrown.code)) return thrown;
    throw thrown;
  }
}

const unsupportedOperation = ({ target, request }: Candidate, { route, notTried }: Selection): RemoraError =>
  new RemoraError({
    code: 'unsupported_operation',
    message:
      `The API of ${target.policy.name} does not serve ${request.operation.replace('_', ' ')} requests. Ask for a model of another AIRoute, or add a target whose provider serves them. ${notTried}`.trimEnd(),
    object: `AIRoute ${route.policy.key}`,
    param: 'model',
  });

/** Errors before sending that another target may not have. */
const ONLY_THIS_TARGET: ReadonlySet<string> = new Set(['unsupported_parameter', 'price_unknown']);
