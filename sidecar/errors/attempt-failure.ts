/** Why one attempt failed, from HTTP and from below it, in one closed set: what retry, fallback, parking and the final answer are decided by. */
import type { FailureClass } from '#sidecar/canonical/failure';

/** What fails below HTTP, or before its answer is complete. */
export type UpstreamFaultKind = 'connect' | 'dns' | 'timeout' | 'reset' | 'tls' | 'aborted' | 'protocol';

export type AttemptFailureKind =
  /** Said by the provider. */
  | FailureClass
  /** Seen below HTTP. */
  | UpstreamFaultKind
  /** No credential could be had, so that nothing was sent. */
  | 'credential';

export interface AttemptFailure {
  readonly kind: AttemptFailureKind;
  /** `provider/model` as the route states it. */
  readonly target: string;
  /** `namespace/name` of the AIProvider. */
  readonly provider: string;
  /** The provider's words, cleaned, or ours. */
  readonly message: string;
  readonly status?: number;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  /** False: the provider says that to ask it again is of no use (`x-should-retry`). */
  readonly mayRetry?: boolean;
}

/** Thrown by an attempt. `billing` says what to book: nothing when the provider cannot have done the work. */
export class AttemptFailed extends Error {
  readonly failure: AttemptFailure;
  readonly billing: 'nothing' | 'unknown';

  constructor(failure: AttemptFailure, billing: 'nothing' | 'unknown', cause?: unknown) {
    super(failure.message, { cause });
    this.name = 'AttemptFailed';
    this.failure = failure;
    this.billing = billing;
  }
}
