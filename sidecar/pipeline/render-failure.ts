/** How a failed request ends for the client: an error answer in its dialect, or the error event of a stream that has begun. */
import { RESPONSE_HEADER } from '#contract/names/headers';
import type { AnyDialect } from '#sidecar/dialects/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { writeSse } from '#sidecar/stream/write-sse';
import type { Call } from './call.ts';
import { requestIdHeaders, variantHeader } from './request-id-headers.ts';
import type { RequestRecorder } from './request-recorder.ts';
import { ClientGone } from './scope/request-scope.ts';

/** The status that the log shows for a client that left before its answer (nginx's convention). */
const CLIENT_CLOSED_STATUS = 499;

/** Returns what was thrown as a RemoraError, or undefined when there is nobody to tell. */
export function renderFailure(thrown: unknown, call: Call, log: RequestRecorder): RemoraError | undefined {
  const cause = call.scope.cause ?? thrown;
  if (cause instanceof ClientGone) {
    log.outcome = 'client_closed';
    log.status = call.reply.started ? log.status : CLIENT_CLOSED_STATUS;
    return undefined;
  }
  const error = withAttempts(RemoraError.from(cause), log);
  log.outcome = error.code;
  log.decidedBy = error.details.object;
  if (call.reply.started) endStream(error, call);
  else {
    log.status = error.status;
    const { status, headers, body } = errorAnswer(error, call.endpoint.dialect, call.requestId);
    Object.assign(headers, variantHeader(log));
    if (log.policyHash !== undefined) headers[RESPONSE_HEADER.policy] = log.policyHash;
    if (log.downgraded !== undefined) headers[RESPONSE_HEADER.downgraded] = log.downgraded.by;
    if (log.attempts.length > 0) headers[RESPONSE_HEADER.attempts] = String(log.attempts.length);
    call.reply.whole(status, headers, body);
  }
  return error;
}

function endStream(error: RemoraError, { endpoint, reply, requestId }: Call): void {
  const events = endpoint.dialect.renderStreamError?.(error, requestId);
  if (events === undefined) reply.cut();
  else {
    reply.write(events.map(writeSse).join(''));
    reply.end();
  }
}

function withAttempts(error: RemoraError, log: RequestRecorder): RemoraError {
  if (log.attempts.length === 0 || error.details.attempts !== undefined) return error;
  return new RemoraError({ ...error.details, attempts: log.summaries() });
}

/** An error as an HTTP answer. An SDK may repeat the request only where we did not try already. */
export function errorAnswer(
  error: RemoraError,
  dialect: AnyDialect,
  requestId: string,
): { status: number; headers: Record<string, string>; body: string } {
  const tried = (error.details.attempts?.length ?? 0) > 0;
  const headers: Record<string, string> = {
    ...error.details.headers,
    'content-type': 'application/json',
    ...requestIdHeaders(dialect, requestId),
    [RESPONSE_HEADER.shouldRetry]: String(error.retryable && !tried),
  };
  const { retryAfterMs, limits } = error.details;
  if (limits !== undefined) Object.assign(headers, dialect.limitHeaders?.(limits));
  if (retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
    headers['retry-after-ms'] = String(Math.ceil(retryAfterMs));
  }
  return { status: error.status, headers, body: JSON.stringify(dialect.renderError(error, requestId)) };
}
