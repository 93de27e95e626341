/** The one error class of the data plane. Anything else that is thrown is a fault of ours and becomes `internal`. */
import { ERROR_CODES, type ErrorCode } from '#contract/names/error-codes';
import type { LimitView } from '#sidecar/canonical/limit-view';

/** One attempt that failed, for `error.remora.attempts`. */
export interface AttemptSummary {
  readonly target: string;
  readonly outcome: string;
  readonly status?: number;
  readonly ms: number;
}

export interface RemoraErrorOptions {
  readonly code: ErrorCode;
  /** One sentence of cause and one of next step. Never a credential, never text of a prompt or an answer. */
  readonly message: string;
  /** Overrides the status of the catalogue where the upstream's own is kept, such as 529. */
  readonly status?: number;
  /** The Kubernetes object that decided, such as `AIBudget remora-system/environments`. */
  readonly object?: string;
  /** The field of the request that is wrong, as a path. */
  readonly param?: string;
  /** Another target of the request need not have it. */
  readonly onlyThisTarget?: true;
  readonly retryAfterMs?: number;
  /** Overrides the catalogue: a limit of money is not worth another try, one of requests per minute is. */
  readonly retryable?: boolean;
  /** The limits of requests or tokens that refuse. */
  readonly limits?: readonly LimitView[];
  /** The provider's own error type, request id. */
  readonly upstream?: {
    readonly provider: string;
    readonly status?: number;
    readonly type?: string;
    readonly code?: string;
    readonly requestId?: string;
  };
  readonly attempts?: readonly AttemptSummary[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class RemoraError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly details: RemoraErrorOptions;

  constructor(options: RemoraErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'RemoraError';
    this.code = options.code;
    this.status = options.status ?? ERROR_CODES[options.code].status;
    this.retryable = options.retryable ?? ERROR_CODES[options.code].retryable;
    this.details = options;
  }

  /** Normalises whatever was thrown; a foreign error keeps only its class name in the message, since its text may hold data. */
  static from(thrown: unknown): RemoraError {
    if (thrown instanceof RemoraError) return thrown;
    return new RemoraError({
      code: 'internal',
      message: 'The gateway failed while it handled the request. Report it with the request id.',
      cause: thrown,
    });
  }
}
