/** Shows that something follows from its cause alone: while the body runs no timer can be begun, so that nothing can be waited for. */
import type { TestContext } from 'node:test';

export async function withoutTimers<T>(t: TestContext, body: () => Promise<T>): Promise<T> {
  const { clearTimeout: endTimeout, clearInterval: endInterval } = globalThis;
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  // The mock ends only what it began: an interval from before would run on for ever, and the process with it.
  globalThis.clearTimeout = endTimeout;
  globalThis.clearInterval = endInterval;
  try {
    return await body();
  } finally {
    t.mock.timers.reset();
  }
}
