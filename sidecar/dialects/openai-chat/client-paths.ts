/** Where a Chat Completions request says what the canonical one does: the same but for what an assistant says, whose calls stand apart from its content. */

import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
import type { ClientPaths, Place } from '#sidecar/dialects/client-paths';
import { requiredArray } from '#sidecar/dialects/field';
import { isJsonObject } from '#sidecar/json/body';
import { decodeMessage } from './decode-message.ts';

export const clientPaths = (body: JsonObject): ClientPaths => ({
  messages: mapEach(requiredArray(body.messages, 'messages'), (message, index) =>
    placeOf(message, `messages[${index}]`),
  ),
  tools: [],
  words: {},
});

function placeOf(message: JsonValue, path: string): Place {
  const { role, parts } = decodeMessage(message, path);
  const content = `${path}.content`;
  if (role !== 'assistant') {
    const isList = isJsonObject(message) && Array.isArray(message.content);
    return {
      path,
      parts: mapEach(parts, (_, index) => (isList && role !== 'tool' ? `${content}[${index}]` : content)),
    };
  }
  const calls = isJsonObject(message) && Array.isArray(message.tool_calls) ? message.tool_calls : [];
  return once(() => {
    const own = new Set<unknown>(calls);
    let call = 0;
    const isCall = (part: (typeof parts)[number]) =>
      part.type === 'tool-call' || (part.type === 'opaque' && own.has(part.value));
    return { path, parts: parts.map((part) => (isCall(part) ? `${path}.tool_calls[${call++}]` : content)) };
  });
}
