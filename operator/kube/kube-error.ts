/** A refusal of the API server, kept as its own type so that callers can decide by status instead of by message. */
export class KubeError extends Error {
  /** HTTP status, under the name that ApiException of the client library gives it. */
  readonly code: number;
  /** The machine-readable reason of metav1.Status, such as `AlreadyExists`; empty when the answer was no Status. */
  readonly reason: string;
  /** From Retry-After; 0 when the server named no wait. */
  readonly retryAfterMs: number;

  constructor(code: number, reason: string, message: string, retryAfterMs = 0) {
    super(message);
    this.name = 'KubeError';
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export const hasStatus = (error: unknown, status: number): boolean =>
  error instanceof KubeError && error.code === status;

/** Reads a metav1.Status out of an error body; anything else is named by its status and its first characters. */
export function kubeErrorOf(status: number, body: string, retryAfterSeconds?: string): KubeError {
  const retryAfterMs = Math.max(0, Number(retryAfterSeconds ?? 0) || 0) * 1000;
  const parsed = parseStatus(body);
  const message = parsed?.message || `the API server answered ${status}: ${body.slice(0, 200)}`;
  return new KubeError(status, parsed?.reason ?? '', message, retryAfterMs);
}

function parseStatus(body: string): { reason?: string; message?: string } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
