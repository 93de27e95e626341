/** Shows that something follows from its cause alone: while the body runs no timer of this process passes, so that nothing can be waited for. */
import type { TestContext } from 'node:test';

export async function withoutTimers<T>(t: TestContext, body: () => Promise<T>): Promise<T> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    return await body();
  } finally {
    t.mock.timers.reset();
  }
}
