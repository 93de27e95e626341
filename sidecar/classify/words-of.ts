/** A class in the words of logs, traces and CEL, which are those of AIRoutes in lower case. */
import { COMPLEXITIES, LATENCIES, TASKS } from '#contract/resources/request-class';
import type { RequestClass } from './classify.ts';

export interface ClassWords {
  readonly task: string | undefined;
  readonly complexity: string | undefined;
  readonly latency: string;
  readonly costClass: string | undefined;
}

export const wordsOf = ({ task, complexity, latency, costClass }: RequestClass): ClassWords => ({
  task: task && TASKS[task],
  complexity: complexity && COMPLEXITIES[complexity],
  latency: LATENCIES[latency],
  costClass,
});
