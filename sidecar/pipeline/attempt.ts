/** The only place of retry, fallback and hedging: targets in order, attempts on each, until one answers or none can. */
import type { AttemptFailure } from '#sidecar/errors/attempt-failure';
import { finalError } from '#sidecar/errors/final-error';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Answer } from './attempts/answer.ts';
import type { Candidate } from './attempts/candidate.ts';
import { hedgeOf, takeHedgedTurn } from './attempts/hedge.ts';
import { type TurnOutcome, takeTurn } from './attempts/take-turn.ts';
import type { Call } from './call.ts';
import type { DecodedRequest } from './decode.ts';
import type { PipelineDeps } from './handle.ts';
import type { Caller } from './identify.ts';
import { notTried } from './left-out.ts';
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

/** Of an attempt all that is known before anything is done. */
export type PlannedQuestion = Omit<AttemptQuestion, 'deps'>;

/** Throws the RemoraError that the client is to see. */
export async function attempt(question: AttemptQuestion): Promise<Answer> {
  const { deps, selection } = question;
  deps.retries.requested(selection.route.policy.key);
  const hedge = hedgeOf(question);
  const failures: AttemptFailure[] = [];
  let unasked: RemoraError | undefined;
  for (let left = selection.candidates; ; ) {
    // Asked anew for each turn: other requests may have learned meanwhile who does not work.
    const order = byHealth(left, question);
    const candidate = order[0];
    if (candidate === undefined) break;
    const others = order.slice(1);
    left = others;
    const isOnTrial = candidate.target.variant !== undefined && selection.candidates.length > 1;
    const turn = { question, failures: isOnTrial ? [] : failures, isOnTrial, others, isAccompanied: false };
    let outcome: TurnOutcome;
    if (hedge === undefined || isOnTrial) outcome = await takeTurn(candidate, turn);
    else ({ outcome, left } = await takeHedgedTurn(candidate, turn, hedge));
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
