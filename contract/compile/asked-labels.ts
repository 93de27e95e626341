/** Which labels of namespaces and pods the expressions of objects ask for: these travel with a policy, and no others. */
import { compileExpression } from '#contract/expressions/compile-expression';
import type { AIPolicy } from '#contract/resources/ai-policy';
import type { AIRoute } from '#contract/resources/ai-route';

type Asking = AIPolicy | AIRoute;

/** Objects are immutable, so what one of them asks stays right as long as it lives. */
const known = new WeakMap<Asking, readonly string[]>();

/** Names of labels, each once. */
export function askedLabels(object: Asking): readonly string[] {
  const asked = known.get(object) ?? [...new Set(expressionsOf(object).flatMap(labelsIn))];
  known.set(object, asked);
  return asked;
}

const expressionsOf = (object: Asking): string[] =>
  (object.kind === 'AIRoute' ? (object.spec.rules ?? []) : [...object.spec.require, ...object.spec.priority]).flatMap(
    ({ when }) => when ?? [],
  );

function labelsIn(text: string): string[] {
  // Few do, and to compile takes long.
  if (!text.includes('labels')) return [];
  const compiled = compileExpression(text);
  return compiled.ok ? [...compiled.expression.reads.labels] : [];
}
