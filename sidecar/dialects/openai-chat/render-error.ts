/** A refusal or failure in OpenAI's error shape, with our own facts under `error.remora`. */
import { ERROR_CODES, type ErrorCategory, type ErrorCode } from '#contract/names/error-codes';
import type { JsonObject } from '#sidecar/canonical/json';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { SseEvent } from '#sidecar/stream/sse-event';

interface OpenAiWords {
  readonly type: string;
  /** Default: our own code. */
  readonly code?: string;
}

const BY_CATEGORY: Readonly<Record<ErrorCategory, OpenAiWords>> = {
  client: { type: 'invalid_request_error' },
  policy: { type: 'invalid_request_error' },
  gateway: { type: 'server_error' },
  upstream: { type: 'server_error' },
};

/** Where clients know a word of OpenAI's own for the same cause. */
const BY_CODE: Partial<Record<ErrorCode, OpenAiWords>> = {
  answer_forgotten: { type: 'invalid_request_error', code: 'previous_response_not_found' },
  unknown_model: { type: 'invalid_request_error', code: 'model_not_found' },
  guardrail_blocked: { type: 'invalid_request_error', code: 'content_filter' },
  budget_exceeded: { type: 'insufficient_quota', code: 'insufficient_quota' },
  rate_limit_exceeded: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  upstream_rate_limited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  upstream_rejected: { type: 'invalid_request_error' },
};

export function renderError(error: RemoraError, requestId: string): JsonObject {
  const { details } = error;
  const words = BY_CODE[error.code] ?? BY_CATEGORY[ERROR_CODES[error.code].category];
  const upstreamCode = error.code === 'upstream_rejected' ? details.upstream?.code : undefined;
  return {
    error: {
      message: error.message,
      type: words.type,
      code: upstreamCode ?? words.code ?? error.code,
      param: details.param ?? null,
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

/** The official clients raise on a chunk with `error`; `[DONE]` must not follow it. */
export const renderStreamError = (error: RemoraError, requestId: string): readonly SseEvent[] => [
  { event: '', data: JSON.stringify(renderError(error, requestId)) },
];
