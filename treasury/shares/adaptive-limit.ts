/**
 * How much a provider takes at one time, found by its refusals: additive increase, multiplicative decrease, as TCP finds what a network
 * carries. Pure: time and counts come in, the next state comes out. Nobody is bounded before the first refusal.
 */

/** A refusal takes this much, once per window. */
const DECREASE = 0.7;
/** What a window without a refusal gives back, at least one. */
const INCREASE = 0.03;
const WINDOW_MS = 1_000;
/** A limit that nobody needed for so long is forgotten. */
const FORGET_AFTER_MS = 600_000;
const LEAST = 1;

export interface AdaptiveLimit {
  /** null: none was found. */
  readonly limit: number | null;
  /** When this window began; a refusal begins one. */
  readonly sinceMs: number;
  /** Most that was under way in this window, and in the one before. */
  readonly peak: number;
  readonly formerPeak: number;
  /** Whether all of the limit was wanted in this window. */
  readonly used: boolean;
  readonly throttled: boolean;
  /** When there was last a refusal, or a need for all of the limit. */
  readonly neededAtMs: number;
}

/** What is known at one moment, over the fleet. */
export interface LoadSample {
  /** Monotonic. */
  readonly nowMs: number;
  readonly running: number;
  readonly waiting: number;
  /** Refusals for rate since the last sample. */
  readonly throttled: number;
}

export const noLimit = (nowMs: number): AdaptiveLimit => ({
  limit: null,
  sinceMs: nowMs,
  peak: 0,
  formerPeak: 0,
  used: false,
  throttled: false,
  neededAtMs: nowMs,
});

/** After one sample. Samples may come as often as one likes: what follows from them follows once per window of a second. */
export function adapt(former: AdaptiveLimit, { nowMs, running, waiting, throttled }: LoadSample): AdaptiveLimit {
  const state = nowMs - former.sinceMs >= WINDOW_MS ? nextWindow(former, nowMs) : former;
  const used = state.used || (state.limit !== null && running + waiting >= state.limit);
  const seen = { ...state, used, peak: Math.max(state.peak, running), neededAtMs: used ? nowMs : state.neededAtMs };
  if (throttled > 0) return seen.throttled ? { ...seen, neededAtMs: nowMs } : decreased(seen, nowMs);
  const isForgotten = seen.limit !== null && nowMs - seen.neededAtMs >= FORGET_AFTER_MS;
  return isForgotten ? { ...seen, limit: null } : seen;
}

/** What holds: the lesser of what was found and what is stated. null: no bound. */
export const boundOf = (found: number | null, stated: number | null): number | null =>
  found === null || stated === null ? (found ?? stated) : Math.min(found, stated);

/** A window in which all was used and nothing refused makes room for a little more. */
function nextWindow({ limit, used, throttled, neededAtMs, peak }: AdaptiveLimit, nowMs: number): AdaptiveLimit {
  const grows = limit !== null && used && !throttled;
  const next = grows ? limit + Math.max(1, Math.floor(limit * INCREASE)) : limit;
  return { limit: next, sinceMs: nowMs, peak: 0, formerPeak: peak, used: false, throttled: false, neededAtMs };
}

/** Of what was really under way, which may be less than the limit. */
function decreased(state: AdaptiveLimit, nowMs: number): AdaptiveLimit {
  const underWay = Math.min(state.limit ?? Number.POSITIVE_INFINITY, Math.max(state.peak, state.formerPeak));
  const limit = Math.max(LEAST, Math.floor(underWay * DECREASE));
  return { ...state, limit, throttled: true, sinceMs: nowMs, neededAtMs: nowMs };
}
