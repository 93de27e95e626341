/** What a rule asks a request to be classified as. */
import type { PolicyRule } from '#contract/policy/policy';

/** All that is stated must be so. */
export type ClassMatch = Pick<PolicyRule['match'], 'task' | 'complexity' | 'latency' | 'costClass'>;

/** undefined: it does not ask. */
export function classMatchOf({ task, complexity, latency, costClass }: ClassMatch): ClassMatch | undefined {
  const isAsked = [task, complexity, latency, costClass].some((wanted) => wanted !== undefined);
  return isAsked ? { task, complexity, latency, costClass } : undefined;
}
