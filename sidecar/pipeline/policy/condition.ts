/** A `when` of the policy, compiled with it. */
import { compileExpression, type Expression } from '#contract/expressions/compile-expression';
import type { Reads } from '#contract/expressions/inspect-syntax';

export interface Condition {
  /** For people: `AIRoute support/chat spec.rules[0].when`. */
  readonly place: string;
  readonly expression: Expression;
}

/** Says whether conditions hold for one request. */
export interface Conditions {
  /** undefined: the expression cannot be evaluated. What that counts as is for who asks to say. */
  holds(condition: Condition): boolean | undefined;
  /** What an expression that was asked found, by the names of facts; texts of the request are left out. Absent: there are none. */
  found?(condition: Condition): ReadonlyMap<string, string>;
}

/** Throws an Error whose message names the place and what is wrong there. */
export function compileCondition(text: string, place: string): Condition {
  const compiled = compileExpression(text);
  if (!compiled.ok) throw new Error(`${place}: ${compiled.message}`);
  return { place, expression: compiled.expression };
}

/** What all of them together read; undefined where there are none. */
export function readsOf(conditions: readonly (Condition | undefined)[]): Reads | undefined {
  const reads = conditions.flatMap((condition) => condition?.expression.reads ?? []);
  if (reads.length === 0) return undefined;
  return {
    facts: new Set(reads.flatMap(({ facts }) => [...facts])),
    headers: new Set(reads.flatMap(({ headers }) => [...headers])),
    labels: new Set(reads.flatMap(({ labels }) => [...labels])),
  };
}
