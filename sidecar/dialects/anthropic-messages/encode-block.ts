/** Canonical parts of an answer → content blocks. */
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part, ReasoningPart, ToolCallPart } from '#sidecar/canonical/part';
import { sealedText } from '#sidecar/canonical/sealed';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import { API_ID } from './api-id.ts';
import { encodeCallSignature } from './call-signature.ts';

/** Opaque parts of other APIs are left out: no client of this one could read them. */
export function encodePart(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text, ...allOf(part.extensions?.[API_ID]) }];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      return [encodeReasoning(part)];
    case 'tool-call':
      return [...(part.signature === undefined ? [] : [encodeCallSignature(part.signature)]), encodeCall(part)];
    case 'opaque':
      return part.api === API_ID ? [part.value] : [];
    default:
      return [];
  }
}

const encodeReasoning = ({ text, signature, redacted }: ReasoningPart): JsonObject =>
  redacted === undefined
    ? { type: 'thinking', thinking: text, signature: signature === undefined ? '' : sealedText(signature, API_ID) }
    : { type: 'redacted_thinking', data: sealedText(redacted, API_ID) };

/** The API gives an object; a text that is none (the model wrote it so, or was cut) is kept whole inside one. */
function encodeCall({ id, name, arguments: text, extensions }: ToolCallPart): JsonObject {
  const parsed = text === '' ? {} : parseNested(text);
  const input = isJsonObject(parsed) ? parsed : { arguments: text };
  return { type: 'tool_use', id, name, input, ...allOf(extensions?.[API_ID]) };
}
