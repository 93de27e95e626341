/** Waits for a fact instead of for time: asks again until it holds, under a long guard that only a real failure meets. */
import { setTimeout as delay } from 'node:timers/promises';

const GUARD_MS = 60_000;

/** The first value that is not undefined, null or false. Throws with `what` and the last error after a minute. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | null | false | Promise<T | undefined | null | false>,
): Promise<T> {
  const deadline = performance.now() + GUARD_MS;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await ask();
      if (value !== undefined && value !== null && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await delay(25);
  }
  throw new Error(`${what} did not happen within ${GUARD_MS / 1000} s; last: ${String(last)}`);
}
