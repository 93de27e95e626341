/** A refusal of the API server, kept as its own type so that callers can decide by status instead of by message. */
export class KubeError extends Error {
  /** HTTP status, under the name that ApiException of the client library gives it. */
  readonly code: number;
  /** The machine-readable reason of metav1.Status, such as `AlreadyExists`; empty when the answer was no Status. */
  readonly reason: string;
  /** From Retry-After; 0 when the server named no wait. */
  readonly retryAfterMs: number;
  /** The reasons of `details.causes`, such as `NamespaceTerminating`. */
  readonly causes: readonly string[];

  constructor(code: number, reason: string, message: string, more: Partial<KubeErrorDetails> = {}) {
    super(message);
    this.name = 'KubeError';
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = more.retryAfterMs ?? 0;
    this.causes = more.causes ?? [];
  }
}

type KubeErrorDetails = Pick<KubeError, 'retryAfterMs' | 'causes'>;

export const hasStatus = (error: unknown, status: number): boolean =>
  error instanceof KubeError && error.code === status;

/** Nothing can be created in the namespace any more, since it is being deleted. */
export const isOfTerminatingNamespace = (error: unknown): boolean =>
  error instanceof KubeError && error.causes.includes('NamespaceTerminating');

/** Reads a metav1.Status out of an error body; anything else is named by its status and its first characters. */
export function kubeErrorOf(status: number, body: string, retryAfterSeconds?: string): KubeError {
  const retryAfterMs = Math.max(0, Number(retryAfterSeconds ?? 0) || 0) * 1000;
  const parsed = parseStatus(body);
  const message = parsed?.message || `the API server answered ${status}: ${body.slice(0, 200)}`;
  const causes = (parsed?.details?.causes ?? []).flatMap(({ reason }) => reason ?? []);
  return new KubeError(status, parsed?.reason ?? '', message, { retryAfterMs, causes });
}

/** The parts of a metav1.Status that are read. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
