/** When an alert that was not taken is posted again, and when it is given up. */

const FIRST_MS = 5_000;
const LONGEST_MS = 15 * 60_000;
/** A receiver that is away over a night is met the next morning; what is older helps nobody. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** `attempts`: made so far, at least 1. `random` in [0, 1): receivers that were away are not met by all at once. */
export const retryAfterMs = (attempts: number, random: number): number =>
  Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.min(attempts, 20) - 1)) * (1 + random / 4));

/** `raised`: RFC 3339. */
export const isTooOld = (raised: string, nowMs: number): boolean => nowMs - Date.parse(raised) >= GIVE_UP_AFTER_MS;
