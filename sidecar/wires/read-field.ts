/** Lenient reading of a provider's JSON: what is absent or of another type reads as undefined, since providers add and omit fields. */

import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { filterEach } from '#sidecar/canonical/walk';

type Field = JsonValue | undefined;

const isObject = (value: Field): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const asObject = (value: Field): JsonObject | undefined => (isObject(value) ? value : undefined);

export const asArray = (value: Field): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** The members of an array that are objects. */
export function asObjects(value: Field): readonly JsonObject[] {
  const members = asArray(value);
  // One choice in each chunk of a stream: no second array for it.
  if (members.length === 1) return isObject(members[0]) ? (members as readonly JsonObject[]) : [];
  return filterEach(members, isObject);
}

export const asString = (value: Field): string | undefined => (typeof value === 'string' ? value : undefined);

/** The string, or undefined when it is absent or empty. */
export const asText = (value: Field): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A count of something: negative and fractional numbers are no counts. */
export const asCount = (value: Field): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** The members that are not named. */
export function without(object: JsonObject, known: ReadonlySet<string>): JsonObject {
  const rest: [string, Field][] = [];
  for (const key in object) if (!known.has(key)) rest.push([key, object[key]]);
  // Not by assignment, which would take `__proto__` for something else than a member.
  return rest.length === 0 ? {} : Object.fromEntries(rest);
}
