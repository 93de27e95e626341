/** The class of a request: as its client says, else as its route does; never above what an AIPolicy says. */
import type { IncomingHttpHeaders } from 'node:http';
import { REQUEST_HEADER } from '#contract/names/headers';
import { PRIORITIES, type Priority } from '#contract/resources/route-concurrency';
import type { PriorityRules } from '#sidecar/pipeline/policy/priority-rule';
import type { CompiledRoute } from '#sidecar/pipeline/policy/snapshot';
import { matchesClass } from '#sidecar/pipeline/request-class';
import type { RouteQuestion } from '#sidecar/pipeline/select-route';

export type PriorityQuestion = Pick<RouteQuestion, 'call' | 'caller' | 'request' | 'conditions' | 'snapshot' | 'log'>;

const BY_WORD: Readonly<Record<string, Priority>> = { high: 'High', normal: 'Normal', low: 'Low' };

/** In any case. */
export const isPriority = (word: string): boolean => Object.hasOwn(BY_WORD, word.toLowerCase());

export function priorityOf(question: PriorityQuestion, route: CompiledRoute): Priority {
  const { call, snapshot } = question;
  const stated = statedBy(call.headers) ?? route.policy.priority;
  if (snapshot.priorities.length === 0) return stated ?? 'Normal';
  let most = stated;
  for (const rules of snapshot.priorities)
    if (!rules.isObserved) most = lowerOf(most, highestBy(rules, question, route));
  for (const rules of snapshot.priorities)
    if (rules.isObserved) observe(rules, { most, would: lowerOf(most, highestBy(rules, question, route)) }, question);
  return most ?? 'Normal';
}

function statedBy(headers: IncomingHttpHeaders): Priority | undefined {
  const said = headers[REQUEST_HEADER.priority];
  return typeof said === 'string' ? BY_WORD[said.toLowerCase()] : undefined;
}

const rank = (priority: Priority): number => PRIORITIES.indexOf(priority);

/** undefined: nobody says. */
function lowerOf(one: Priority | undefined, other: Priority | undefined): Priority | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return rank(other) > rank(one) ? other : one;
}

/** undefined: no entry holds. One that cannot be judged binds beside the one that decides, so that what is missing raises nobody. */
function highestBy({ rules }: PriorityRules, question: PriorityQuestion, route: CompiledRoute): Priority | undefined {
  let highest: Priority | undefined;
  for (const rule of rules) {
    if (rule.isOpen?.(question.log.startUnixMs) === false || !matchesClass(rule, question, route)) continue;
    const holds = rule.when === undefined || question.conditions.holds(rule.when);
    if (holds === false) continue;
    highest = lowerOf(highest, rule.priority);
    if (holds === true) break;
  }
  return highest;
}

function observe(
  { policy }: PriorityRules,
  { most = 'Normal', would = 'Normal' }: { readonly most?: Priority; readonly would?: Priority },
  { log }: PriorityQuestion,
): void {
  if (most !== would) log.wouldHaveClassed(policy, rank(would) > rank(most) ? 'Lower' : 'Raise');
}
