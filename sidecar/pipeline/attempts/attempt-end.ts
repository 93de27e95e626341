/** How an attempt ended, as its usage row tells it. */
import type { AttemptEnd } from '#sidecar/budget/usage-record';
import { RemoraError } from '#sidecar/errors/remora-error';

export interface EndedAttempt {
  /** `ok`, `cut_by_budget`, or a kind of failure. */
  readonly outcome: string;
  /** The request was over before its answer. */
  readonly isLeft: boolean;
  /** Another target had answered. */
  readonly isSuperseded: boolean;
  /** Begun while another target was asked already. */
  readonly isHedge: boolean;
  /** Why the request ended early; undefined: it did not. */
  readonly cause: Error | undefined;
  readonly totalMs: number;
  readonly firstTokenMs: number | undefined;
}

/** `hedge` is what was asked beside the one that answered, whichever began: all that such rows cost is the price of hedging. */
export function attemptEnd(ended: EndedAttempt): AttemptEnd {
  const { outcome, isLeft, isSuperseded, isHedge, cause, totalMs, firstTokenMs } = ended;
  const isCutShort = outcome === 'aborted' || (outcome === 'ok' && (isLeft || isSuperseded));
  const traffic = isSuperseded || (isHedge && outcome !== 'ok') ? 'hedge' : 'live';
  // A deadline of the request, or a sidecar that shuts down.
  const endedBy = isCutShort && cause instanceof RemoraError ? cause.code : undefined;
  if (endedBy !== undefined) return { outcome: 'failed', failure: endedBy, traffic, totalMs, firstTokenMs };
  if (isCutShort) return { outcome: 'cancelled', traffic, totalMs, firstTokenMs };
  return outcome === 'ok'
    ? { outcome: 'ok', traffic, totalMs, firstTokenMs }
    : { outcome: 'failed', failure: outcome, traffic, totalMs, firstTokenMs };
}
