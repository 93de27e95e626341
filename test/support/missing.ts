/** What a test needs of the machine it runs on. */
import type { TestContext } from 'node:test';

/** Where CI is true everything is to be there and its absence is a failure; elsewhere the test is skipped, saying what is missing. */
export function missing(t: Pick<TestContext, 'skip'>, what: string): void {
  if (process.env.CI === 'true') throw new Error(`${what}. In CI no test is skipped for that.`);
  t.skip(what);
}
