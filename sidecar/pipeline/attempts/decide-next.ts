/** What follows a failed attempt: the same target again, the next one, or the end. Pure, so that the whole rule is one table test. */
import type { RetryCondition } from '#contract/resources/route-resilience';
import type { AttemptFailure } from '#sidecar/errors/attempt-failure';
import { FAILURE_KINDS } from '#sidecar/errors/failure-kinds';

/** First backoff; doubles with each further attempt on the same target. */
export const BACKOFF_BASE_MS = 100;
export const BACKOFF_CAP_MS = 2_000;
/** Longest hint of a rate limit that is waited for; a longer one is what other targets are for. */
export const LONGEST_WAIT_MS = 2_000;

export interface AttemptState {
  /** Further attempts that this target may have. */
  readonly retriesLeft: number;
  /** Attempts that this target had before the failed one. */
  readonly retriesDone: number;
  readonly hasNext: boolean;
  /** What the route tries again on the same target. */
  readonly retryOn: readonly RetryCondition[];
  /** Until the total deadline of the request. */
  readonly remainingMs: number;
}

export type Decision =
  | { readonly action: 'retry'; readonly afterMs: number }
  | { readonly action: 'next' }
  | { readonly action: 'give-up' };

const NEXT = { action: 'next' } as const;
const GIVE_UP = { action: 'give-up' } as const;

/** What there is left to do without the same target. */
export const otherwise = (hasNext: boolean): Exclude<Decision, { action: 'retry' }> => (hasNext ? NEXT : GIVE_UP);

/** `random` is in [0, 1). */
export function decideNext(failure: AttemptFailure, state: AttemptState, random: number): Decision {
  const { follow, condition } = FAILURE_KINDS[failure.kind];
  if (follow === 'give-up') return GIVE_UP;
  const isTriedAgain = condition !== null && state.retryOn.includes(condition) && failure.mayRetry !== false;
  if (!isTriedAgain || state.retriesLeft === 0) return otherwise(state.hasNext);
  const afterMs = follow === 'hint' ? hintedWait(failure, state, random) : backoff(failure, state, random);
  return afterMs === undefined || afterMs >= state.remainingMs
    ? otherwise(state.hasNext)
    : { action: 'retry', afterMs };
}

/** The hint plus full jitter over the backoff, so that callers who were told the same time do not come back together. */
function hintedWait(failure: AttemptFailure, state: AttemptState, random: number): number | undefined {
  const hint = failure.retryAfterMs;
  if (hint === undefined) return state.hasNext ? undefined : jittered(state, random);
  return hint > LONGEST_WAIT_MS ? undefined : hint + jittered(state, random);
}

/** Full jitter over an exponential bound; a short hint is its floor, a long one sends the request elsewhere. */
function backoff(failure: AttemptFailure, state: AttemptState, random: number): number | undefined {
  const hint = failure.retryAfterMs ?? 0;
  return hint > LONGEST_WAIT_MS ? undefined : hint + jittered(state, random);
}

const jittered = (state: AttemptState, random: number): number =>
  Math.floor(random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** state.retriesDone));
