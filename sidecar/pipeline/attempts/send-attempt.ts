/** One attempt on one target: reserve, send, read until the answer is sure to be one. Settling follows when its use is known. */
import type { AttemptEstimate, Reservation } from '#sidecar/budget/budget-gate';
import { budgetStopped } from '#sidecar/budget/stopped';
import { isAboutKept, operationOf } from '#sidecar/canonical/operation';
import { AttemptFailed } from '#sidecar/errors/attempt-failure';
import type { Place } from '#sidecar/pipeline/admission/shared-gate';
import type { AttemptQuestion, PlannedQuestion } from '#sidecar/pipeline/attempt';
import { attemptLabels } from '#sidecar/pipeline/row-labels';
import type { AttemptAbort } from '#sidecar/pipeline/scope/attempt-abort';
import { UpstreamFault, type UpstreamRequest, type UpstreamResponse } from '#sidecar/upstream/upstream';
import type { Answer } from './answer.ts';
import { AttemptRecorder } from './attempt-recorder.ts';
import { credentialOf } from './credential-of.ts';
import { holdToCeilings } from './hold-to-ceilings.ts';
import { limitsOf } from './limits-of.ts';
import { openAnswer } from './open-answer.ts';
import type { Plan } from './plan.ts';
import { pricedFor } from './priced-for.ts';
import { showsAllItBills } from './shown-output.ts';
import { exchangeFailed, refused } from './upstream-failure.ts';

const SENT_HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'remora' };

/** `place` is taken, and given back when the attempt is settled. Throws RemoraError of a ceiling, of the budget or of a cancelled request, and ClientGone. */
export async function sendAttempt(
  plan: Plan,
  question: AttemptQuestion,
  place: Place,
): Promise<Answer | AttemptFailed> {
  const { scope } = question.call;
  const { health } = question.deps;
  const reservation = await reserve(plan, question, place);
  const log = new AttemptRecorder(plan, { reservation, place }, question);
  question.log.attempts.push(log);
  if (reservation.wouldRefuse !== undefined) question.log.wouldHaveExceeded(reservation.wouldRefuse);
  question.log.guardrailsFired(plan.candidate.maskedBy, 'Input');
  if (plan.candidate.watch !== undefined) question.log.guardrailsWatched(plan.candidate.watch.found);
  const abort = scope.beginAttempt();
  const sentMs = scope.deadlines.nowMs();
  let expired = false;
  const firstContent = scope.deadlines.in(plan.candidate.target.policy.timeouts.firstTokenMs, () => {
    expired = true;
    abort.abort();
  });
  try {
    const answered = (): void => {
      log.firstChunk();
      health.attempted(plan.candidate, { kind: 'ok', firstContentMs: scope.deadlines.nowMs() - sentMs });
    };
    const answer = await exchange({ plan, question, log, abort, answered });
    if (answer.kind === 'whole' || answer.isEarly !== true) answered();
    return answer;
  } catch (thrown) {
    scope.endAttempt(abort);
    const failed = thrown instanceof UpstreamFault ? exchangeFailed(plan.candidate, thrown, expired) : thrown;
    if (failed instanceof AttemptFailed) log.failed(failed.failure.kind, failed.billing, failed.failure.status);
    // The cause of a cancel explains the failure better than the broken exchange that follows from it.
    if (scope.cause !== undefined || !(failed instanceof AttemptFailed)) throw scope.cause ?? failed;
    health.attempted(plan.candidate, failed.failure);
    return failed;
  } finally {
    scope.deadlines.cancel(firstContent);
  }
}

async function reserve(plan: Plan, question: AttemptQuestion, place: Place): Promise<Reservation> {
  try {
    // Whatever policy the request began under: what waited, and what is tried again, is stopped too.
    const { stop } = question.deps.policies.current ?? {};
    if (stop !== undefined) throw budgetStopped(stop);
    const asked = estimate(plan, question);
    const held = hold(asked, question);
    if (held !== undefined) await held;
    const reservation = await question.deps.budgetGate.reserve(asked);
    const { cause } = question.call.scope;
    if (cause === undefined) return reservation;
    reservation.settle({ usage: undefined, billing: 'nothing' });
    throw cause;
  } catch (refused) {
    place.leave();
    throw refused;
  }
}

/** Throws `ceiling_exceeded` and `price_unknown`. */
export function hold(asked: AttemptEstimate, { selection, decoded, log }: PlannedQuestion): void | Promise<void> {
  const { ceilings } = selection.route;
  const { inTurns } = decoded.content;
  if (ceilings.length === 0) return;
  const work = (): void => holdToCeilings(ceilings, asked, { decoded, log });
  return inTurns === undefined ? work() : inTurns(work);
}

/** What the attempt may cost at most. */
export const estimate = (plan: Plan, question: PlannedQuestion): AttemptEstimate => {
  const { call, caller, decoded, selection } = question;
  const budgets = limitsOf(plan.candidate, question);
  const isSliced = budgets.length > 0 && plan.tools === undefined && showsAllItBills(plan, decoded.dialect);
  return {
    ...pricedFor(plan.candidate, decoded.content.body, plan.lane.name === 'passthrough'),
    requestId: call.requestId,
    route: selection.route.policy.key,
    caller,
    model: plan.candidate.model,
    budgets,
    spared: caller.spared,
    inputTokensAtMost: Math.max(
      decoded.content.bytes.length,
      plan.bytes.length,
      operationOf(plan.candidate.request).inputTokens ?? 0,
    ),
    outputTokensAtMost: plan.outputTokensAtMost,
    tools: plan.tools,
    isSliced: isSliced || undefined,
    labels: attemptLabels(plan.candidate, question),
  };
};

/** One attempt under way. */
export interface Exchange {
  readonly plan: Plan;
  readonly question: AttemptQuestion;
  readonly log: AttemptRecorder;
  readonly abort: AttemptAbort;
  /** The first content is here. */
  readonly answered: () => void;
}

async function exchange(running: Exchange): Promise<Answer> {
  const { plan, question, log, abort } = running;
  const { target, provider } = plan.candidate;
  const { connectMs, firstTokenMs, idleMs } = target.policy.timeouts;
  const stored = credentialOf(plan.candidate, abort);
  const credential = stored instanceof Promise ? await stored : stored;
  const nowUnixMs = question.deps.now();
  const { bytes: body } = plan;
  const url = log.endpoint.baseUrl + plan.path;
  const signed = provider.adapter.headers({ credential, url, body, nowUnixMs });
  const authorization = signed instanceof Promise ? await signed : signed;
  log.sending();
  const { request } = plan.candidate;
  const response = await send(running, {
    url,
    method: isAboutKept(request) ? request.method : undefined,
    headers: { ...SENT_HEADERS, ...provider.pool?.headers, ...authorization, ...plan.headers },
    body,
    timeouts: { connectMs, headersMs: firstTokenMs, idleMs },
    signal: abort,
  });
  log.status = response.status;
  const { requestIdHeader } = provider.adapter;
  if (requestIdHeader !== undefined) log.upstreamRequestId = response.headers[requestIdHeader];
  if (response.status !== 200) throw await refused(plan, response, question.deps.now());
  question.deps.places.answered(plan.candidate, response.headers);
  return openAnswer(running, response);
}

function send(running: Exchange, request: UpstreamRequest): Promise<UpstreamResponse> {
  const { plan, question } = running;
  const { endpoints, pool } = plan.candidate.provider;
  const isAlone = pool === undefined && endpoints.length === 1;
  return isAlone ? question.deps.upstream.send(request) : sendToAny(running, request);
}

/** Of several servers that are alike the next one, as long as none could be reached: no byte was sent, so nothing is asked twice. */
async function sendToAny({ plan, question, log }: Exchange, first: UpstreamRequest): Promise<UpstreamResponse> {
  for (let request = first; ; request = { ...first, url: log.endpoint.baseUrl + plan.path }) {
    try {
      return await question.deps.upstream.send(request);
    } catch (thrown) {
      if (!(thrown instanceof UpstreamFault && isUnreached(thrown) && log.turnsElsewhere())) throw thrown;
    }
  }
}

const isUnreached = ({ kind, requestSent }: UpstreamFault): boolean =>
  !requestSent && (kind === 'connect' || kind === 'dns');
