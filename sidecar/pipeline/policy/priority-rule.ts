/** What an AIPolicy says of the class of requests: the entries of its `priority`, in order. */
import type { PolicyPriorities } from '#contract/policy/policy';
import type { Priority } from '#contract/resources/route-concurrency';
import { type ClassMatch, classMatchOf } from './class-match.ts';
import { type Condition, compileCondition } from './condition.ts';
import { compileWindow } from './time-window.ts';

interface PriorityRule {
  /** Absent: whatever it is. */
  readonly requestClass: ClassMatch | undefined;
  readonly when: Condition | undefined;
  /** Of Unix milliseconds; absent: always. */
  readonly isOpen: ((nowMs: number) => boolean) | undefined;
  readonly priority: Priority;
}

export interface PriorityRules {
  /** The AIPolicy that states them. */
  readonly policy: string;
  /** They change nothing: what they would have changed is told. */
  readonly isObserved: boolean;
  /** The first that holds decides. */
  readonly rules: readonly PriorityRule[];
}

/** Throws an Error where an expression does not compile or a time zone does not exist. */
export const compilePriorities = ({ policy, mode, priority }: PolicyPriorities): PriorityRules => ({
  policy,
  isObserved: mode === 'Observe',
  rules: priority.map(({ match, when, during, class: stated }, index) => {
    const place = `AIPolicy ${policy} spec.priority[${index}]`;
    return {
      requestClass: match && classMatchOf(match),
      when: when === undefined ? undefined : compileCondition(when, `${place}.when`),
      isOpen: during && compileWindow(during, `${place}.during`),
      priority: stated,
    };
  }),
});
