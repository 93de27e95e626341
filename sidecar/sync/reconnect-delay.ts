/** How long to wait before the next connection: full jitter, so that a fleet that lost its operator does not come back as one. */
const FIRST_MS = 500;
const MAX_MS = 30_000;
/** A stream that lived this long clears the count of failures. */
export const HEALTHY_MS = 60_000;

/** `failures`: connections in a row that were not healthy; `random` is in [0, 1). */
export const reconnectDelayMs = (failures: number, random: number): number =>
  random * Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 16));
