/** What a fake provider sends, reduced to the members that it has. */
import type { Answer } from '#test/support/providers/script';

/** Shows every kind of content. */
export const ANSWER: Answer = {
  id: 'x',
  model: 'm',
  created: 1,
  words: ['Hello', ' there'],
  reasoning: 'Hm.',
  toolCalls: [{ id: 'c', name: 'f', arguments: '{"a":1}' }],
  finishReason: undefined,
  serviceTier: undefined,
  searches: 0,
  isCutShort: false,
  inputTokens: 1,
  outputTokens: 2,
  includeUsage: true,
};

const ARGUMENTS = new Set(['input', 'args']);

/** Paths of all members with the type of what they hold. What a tool's arguments hold is the model's, so it does not count. */
export function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => shapeOf(entry, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [`${path} ${value === null ? 'null' : typeof value}`];
  return Object.entries(value).flatMap(([key, member]) =>
    ARGUMENTS.has(key) ? [`${path}.${key}`] : shapeOf(member, `${path}.${key}`),
  );
}
