/** Turns the conditions we want into the status to write, or into nothing when the object already says so. Pure. */
import { CONDITION, type ConditionType, REASON } from '#contract/names/conditions';
import { canonicalJson, type Json } from '#contract/policy/canonical-json';
import type { Condition } from '#contract/resources/fields';

export interface WantedCondition {
  readonly type: ConditionType;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** The schema's bound on a message. */
const MAX_MESSAGE_CHARS = 32_768;

/** Ready is all the others; what is missing is named by the first that is not True. */
export function withReady(conditions: readonly WantedCondition[]): WantedCondition[] {
  const blocker = conditions.find(({ status }) => status !== 'True');
  const ready: WantedCondition = blocker
    ? { type: CONDITION.ready, status: 'False', reason: blocker.reason, message: `${blocker.type}: ${blocker.message}` }
    : { type: CONDITION.ready, status: 'True', reason: REASON.ready, message: 'All conditions hold.' };
  return [...conditions, ready];
}

export interface MergeInput {
  readonly present: readonly Condition[] | undefined;
  readonly wanted: readonly WantedCondition[];
  /** The generation that `wanted` speaks about. */
  readonly generation: number;
  /** RFC 3339 in seconds, as metav1.Time writes it. */
  readonly now: string;
}

/** metav1.Condition list: lastTransitionTime moves only when the status of that condition does. */
export function mergeConditions({ present, wanted, generation, now }: MergeInput): Condition[] {
  return wanted.map((condition) => {
    const before = present?.find(({ type }) => type === condition.type);
    return {
      type: condition.type,
      status: condition.status,
      reason: condition.reason,
      message: condition.message.slice(0, MAX_MESSAGE_CHARS),
      observedGeneration: generation,
      lastTransitionTime: before?.status === condition.status ? before.lastTransitionTime : now,
    };
  });
}

/** `wanted` when it differs from what the object says in any field, else undefined. */
export const statusChange = <S extends Json>(present: Json | undefined, wanted: S): S | undefined =>
  present !== undefined && canonicalJson(present) === canonicalJson(wanted) ? undefined : wanted;

/** Conditions whose status changed, for Events. A condition that was never written counts as changed. */
export function transitions(present: readonly Condition[] | undefined, next: readonly Condition[]): Condition[] {
  return next.filter(({ type, status }) => present?.find((before) => before.type === type)?.status !== status);
}
