/** A refusal or failure in Google's error shape (google.rpc.Status), with our own facts under `error.remora`. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { SseEvent } from '#sidecar/stream/sse-event';

/** Google's word for each status (google.rpc.Code). */
const WORD: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
  529: 'UNAVAILABLE',
};

const wordOf = (status: number): string => WORD[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');

export function renderError(error: RemoraError, requestId: string): JsonObject {
  const { details, status } = error;
  return {
    error: {
      code: status,
      message: error.message,
      status: wordOf(status),
      details: [errorInfo(error, requestId), ...retryInfo(details.retryAfterMs)],
      remora: {
        code: error.code,
        ...(details.object !== undefined && { object: details.object }),
        ...(details.upstream !== undefined && { upstream: { ...details.upstream } }),
        ...(details.attempts !== undefined && { attempts: details.attempts.map((attempt) => ({ ...attempt })) }),
        request_id: requestId,
      },
    },
  };
}

const errorInfo = ({ code, details }: RemoraError, requestId: string): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason: (details.upstream?.code ?? code).toUpperCase(),
  domain: 'remora.dev',
  metadata: { requestId, ...(details.param !== undefined && { param: details.param }) },
});

const retryInfo = (retryAfterMs: number | undefined): JsonObject[] =>
  retryAfterMs === undefined
    ? []
    : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterMs / 1000}s` }];

/** The official clients raise on a chunk with `error`. */
export const renderStreamError = (error: RemoraError, requestId: string): readonly SseEvent[] => [
  { event: '', data: JSON.stringify(renderError(error, requestId)) },
];
