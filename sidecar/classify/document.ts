/** What a classifier of a route's own is told of a request, and what it may answer. */
import { COMPLEXITIES, type Complexity, TASKS, type Task } from '#contract/resources/request-class';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { RequestClass } from './classify.ts';
import { featuresOf } from './features.ts';
import { lookedAt } from './looked-at.ts';
import { wordsOf } from './words-of.ts';

/** Bounded, as what the sidecar itself looks at is. Undefined: the operation asks no model for text. */
export function documentOf(request: CanonicalRequest, local: RequestClass): JsonObject | undefined {
  const looked = lookedAt(request);
  if (looked === undefined) return undefined;
  const { system, before, asked } = looked;
  const { task, complexity, latency } = wordsOf(local);
  return {
    operation: request.operation,
    model: request.model,
    text: { system, before, asked },
    features: featuresOf(looked),
    local: { ...(task && { task }), ...(complexity && { complexity }), latency },
  };
}

export interface Judged {
  readonly task?: Task;
  readonly complexity?: Complexity;
}

const taskOf = namedBy(TASKS);
const complexityOf = namedBy(COMPLEXITIES);

/** Either may be left out. Undefined: it is no answer to the question, and nothing of it is to be believed. */
export function judgedBy(answer: JsonValue): Judged | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const task = taskOf(answer.task);
  const complexity = complexityOf(answer.complexity);
  const isWrong = (answer.task != null && !task) || (answer.complexity != null && !complexity);
  if (isWrong || (!task && !complexity)) return undefined;
  return { ...(task && { task }), ...(complexity && { complexity }) };
}

/** The name for a word. */
function namedBy<Name extends string>(
  words: Readonly<Record<Name, string>>,
): (word: JsonValue | undefined) => Name | undefined {
  const names = new Map<JsonValue | undefined, Name>((Object.keys(words) as Name[]).map((name) => [words[name], name]));
  return (word) => names.get(word);
}
