/** One message of a Chat Completions request → canonical message. Messages keep their number: canonical message i is the client's. */

import type { Message, Role } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part, ToolResultPart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import { filterEach, mapEach, once } from '#sidecar/canonical/walk';
import {
  invalid,
  optionalArray,
  optionalString,
  requiredObject,
  requiredString,
  restOf,
} from '#sidecar/dialects/field';
import { decodeContentPart } from './decode-part.ts';
import { decodeCallSignatures, decodeReasoning, placeReasoning } from './reasoning-details.ts';

const KNOWN = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
]);

export function decodeMessage(value: JsonValue, path: string): Message {
  const message = requiredObject(value, path);
  const role = decodeRole(message.role, `${path}.role`);
  const name = optionalString(message.name, `${path}.name`);
  const rest = restOf(message, KNOWN);
  return {
    role,
    parts: decodeParts(message, role, path),
    ...(name !== undefined && { name }),
    ...(rest !== undefined && { extensions: { 'openai-chat': rest } }),
  };
}

function decodeRole(value: JsonValue | undefined, path: string): Role {
  switch (value) {
    case 'system':
    case 'developer':
    case 'user':
    case 'assistant':
    case 'tool':
      return value;
    default:
      throw invalid(path, "'system', 'developer', 'user', 'assistant' or 'tool'");
  }
}

function decodeParts(message: JsonObject, role: Role, path: string): readonly Part[] {
  if (role === 'tool') return [decodeToolResult(message, path)];
  if (role === 'assistant') return decodeAssistant(message, path);
  if (message.content === undefined || message.content === null)
    throw invalid(`${path}.content`, 'a string or an array of parts');
  return decodeContent(message.content, `${path}.content`);
}

function decodeContent(value: JsonValue | undefined, path: string): readonly Part[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(path, 'a string or an array of parts');
  return mapEach(value, (part, index) => decodeContentPart(part, `${path}[${index}]`));
}

function decodeToolResult(message: JsonObject, path: string): ToolResultPart {
  const parts = decodeContent(message.content, `${path}.content`);
  return {
    type: 'tool-result',
    toolCallId: requiredString(message.tool_call_id, `${path}.tool_call_id`),
    parts: mapEach(parts, (part, index) => {
      if (part.type !== 'text' && part.type !== 'image') throw invalid(`${path}.content[${index}]`, 'text or an image');
      return part;
    }),
  };
}

function decodeAssistant(message: JsonObject, path: string): readonly Part[] {
  const refusal = optionalString(message.refusal, `${path}.refusal`);
  const content = filterEach(
    decodeContent(message.content, `${path}.content`),
    (part) => part.type !== 'text' || part.text !== '',
  );
  const calls = optionalArray(message.tool_calls, `${path}.tool_calls`);
  const signatures = calls.length === 0 ? undefined : decodeCallSignatures(message);
  const said: readonly Part[] = refusal === undefined ? content : [...content, { type: 'refusal', text: refusal }];
  const called = mapEach(calls, (call, index) => decodeToolCall(call, `${path}.tool_calls[${index}]`, signatures));
  const reasoning = decodeReasoning(message, path);
  return once(() => placeReasoning(reasoning, said, called));
}

function decodeToolCall(value: JsonValue, path: string, signatures?: ReadonlyMap<string, Sealed>): Part {
  const call = requiredObject(value, path);
  const id = requiredString(call.id, `${path}.id`);
  if (call.type !== undefined && call.type !== 'function') return { type: 'opaque', api: 'openai-chat', value: call };
  const called = requiredObject(call.function, `${path}.function`);
  const signature = signatures?.get(id);
  return {
    type: 'tool-call',
    id,
    name: requiredString(called.name, `${path}.function.name`),
    arguments: optionalString(called.arguments, `${path}.function.arguments`) ?? '',
    ...(signature !== undefined && { signature }),
  };
}
