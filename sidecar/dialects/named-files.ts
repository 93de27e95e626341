/** Files that a chat names by the id under which an account keeps them. Only the client's own API knows them, so that they stand in opaque parts. */

import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Keeping } from '#sidecar/canonical/kept-request';
import type { Part } from '#sidecar/canonical/part';
import { flatMapEach } from '#sidecar/canonical/walk';

/** Of a chat whose files the wire `by` knows; undefined where it names none. */
export function keepingOfFiles(request: ChatRequest, api: string, by: string): Keeping | undefined {
  const names = namedFiles(request, api);
  return names.length === 0 ? undefined : { by, names };
}

/** The members of `file_id` in all parts that only `api` knows. */
export const namedFiles = (request: ChatRequest, api: string): string[] =>
  flatMapEach(opaqueValues(request, api), fileIds);

/** What only `api` knows of the messages, in order. */
export const opaqueValues = ({ messages }: ChatRequest, api: string): JsonObject[] =>
  flatMapEach(messages, ({ parts }) => flatMapEach(parts, (part) => opaqueValue(part, api)));

const opaqueValue = (part: Part, api: string): JsonObject[] =>
  part.type === 'opaque' && part.api === api ? [part.value] : [];

function fileIds(value: JsonValue | undefined): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return flatMapEach(value, fileIds);
  return flatMapEach(Object.entries(value), ([key, member]) =>
    key === 'file_id' && typeof member === 'string' ? [member] : fileIds(member),
  );
}
