/** Polls until something holds, under a long guard: the only way in which these tests wait. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Default two minutes. */
  readonly timeoutMs?: number;
  /** Default 250. */
  readonly everyMs?: number;
  /** Ends the wait at once by throwing: for what can no longer come true. */
  readonly unless?: () => void;
}

/** The first value that is not undefined. `attempt` may throw; the last reason is told when time runs out. */
export async function waitFor<T>(
  what: string,
  attempt: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 120_000, everyMs = 250, unless } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  do {
    unless?.();
    try {
      const value = await attempt();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await delay(everyMs);
  } while (performance.now() < deadline);
  const reason = last instanceof Error ? `: ${last.message}` : '';
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}${reason}`, { cause: last });
}
