/** Answers a request about an answer that was made here and that no account keeps. */
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Call } from '#sidecar/pipeline/call';
import { requestIdHeaders } from '#sidecar/pipeline/request-id-headers';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';
import type { RememberedAnswers } from './remembered-answers.ts';

export interface TellQuestion {
  readonly call: Call;
  readonly log: RequestRecorder;
  readonly remembered: RememberedAnswers;
}

/** False: it is about nothing of that kind. Throws `unknown_answer`. */
export function tellRemembered(request: CanonicalRequest, { call, log, remembered }: TellQuestion): boolean {
  if (!('ofSidecar' in request) || request.ofSidecar === undefined) return false;
  const { id, action, answer } = request.ofSidecar;
  const turn = remembered.turn(id);
  if (turn === undefined) throw unknownAnswer('This sidecar remembers no answer under this id (any more).');
  if (action === 'refuse')
    throw unknownAnswer('No service stores this answer, and what it ended with is all there is.');
  if (action === 'forget') remembered.forget(id);
  const headers = { ...requestIdHeaders(call.endpoint.dialect, call.requestId), 'content-type': 'application/json' };
  log.status = 200;
  log.firstChunk();
  call.reply.whole(200, headers, action === 'tell' ? turn.answer : JSON.stringify(answer));
  return true;
}

const unknownAnswer = (message: string): RemoraError =>
  new RemoraError({
    code: 'unknown_answer',
    message: `${message} Use what the answer said when it came, or ask the model again.`,
  });
