/** What several events say of one thing together: lists go on where earlier ones end, objects are merged, and of all else the last word counts. */
import type { JsonObject, JsonValue } from './json.ts';

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function mergeMembers(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged = new Map(Object.entries(earlier));
  for (const [name, value] of Object.entries(later)) merged.set(name, mergeValues(merged.get(name), value));
  return Object.fromEntries(merged);
}

export function mergeValues(earlier: JsonValue | undefined, later: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(earlier) && Array.isArray(later)) return [...earlier, ...later];
  if (isObject(earlier) && isObject(later)) return mergeMembers(earlier, later);
  return later ?? earlier;
}
