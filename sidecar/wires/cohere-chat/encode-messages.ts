/** Canonical messages → messages of a Chat call, one for one. */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { kindOf, type ReasoningKind, WIRE_ID } from './seal.ts';

interface MessageContext {
  readonly path: string;
  readonly losses: Losses;
}

/** Throws `unsupported_parameter` for parts that have no counterpart. */
export const encodeMessages = (messages: readonly Message[], losses: Losses): JsonObject[] =>
  mapEach(messages, (message, index) => encodeMessage(message, { path: `messages[${index}]`, losses }));

function encodeMessage(message: Message, context: MessageContext): JsonObject {
  if (message.name !== undefined) context.losses.note(`${context.path}.name`);
  return { ...encodeRole(message, context), ...message.extensions?.[WIRE_ID] };
}

function encodeRole({ role, parts }: Message, context: MessageContext): JsonObject {
  if (role === 'assistant') return { role, ...encodeAssistant(parts, context) };
  const result = once(() => parts.find((part) => part.type === 'tool-result'));
  if (result !== undefined) return { role: 'tool', ...encodeToolResult(result, context) };
  return { role: role === 'developer' ? 'system' : role, content: encodeContent(parts, context) };
}

function encodeAssistant(parts: readonly Part[], context: MessageContext): JsonObject {
  const reasoning = filterEach(parts, (part) => part.type === 'reasoning');
  if (once(() => reasoning.some((part) => kindOf(part) === undefined)))
    context.losses.note(`${context.path}.reasoning`);
  const plan = textOf(reasoning, 'tool_plan');
  const thinking = textOf(reasoning, 'thinking');
  const said = flatMapEach(parts, (part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : []));
  const texts = once(() => said.join(''));
  const calls = flatMapEach(parts, (part, index) => encodeCall(part, { ...context, index }));
  const content: JsonObject[] = [
    ...(thinking === '' ? [] : [{ type: 'thinking', thinking }]),
    ...(texts === '' ? [] : [{ type: 'text', text: texts }]),
  ];
  return {
    // A message needs content or calls.
    ...((content.length > 0 || calls.length === 0) && { content: thinking === '' ? texts : content }),
    ...(calls.length > 0 && { tool_calls: calls, ...(plan !== '' && { tool_plan: plan }) }),
  };
}

const textOf = (reasoning: readonly ReasoningPart[], kind: ReasoningKind): string =>
  once(() => reasoning.flatMap((part) => (kindOf(part) === kind ? [part.text] : [])).join(''));

function encodeCall(part: Part, context: MessageContext & PartPlace): JsonObject[] {
  if (part.type === 'tool-call') return [toolCall(part, context)];
  const isSaidElsewhere = part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning';
  return isSaidElsewhere ? [] : context.losses.refuse(partPath(context));
}

function toolCall(
  { id, name, arguments: text, signature }: ToolCallPart,
  { path, losses }: MessageContext,
): JsonObject {
  if (signature !== undefined) losses.note(`${path}.tool_calls.signature`);
  return { id, type: 'function', function: { name, arguments: text === '' ? '{}' : text } };
}

function encodeToolResult(result: ToolResultPart, context: MessageContext): JsonObject {
  const { path, losses } = context;
  if (result.isError === true) losses.note(`${path}.is_error`);
  const texts = mapEach(result.parts, (part) => (part.type === 'text' ? part.text : losses.refuse(`${path}.content`)));
  return { tool_call_id: result.toolCallId, content: once(() => texts.join('')) };
}

function encodeContent(parts: readonly Part[], context: MessageContext): JsonValue {
  const [only] = parts;
  if (only === undefined) return '';
  if (parts.length === 1 && only.type === 'text') return only.text;
  return mapEach(parts, (part, index) => encodePart(part, { ...context, path: `${context.path}.content[${index}]` }));
}

function encodePart(part: Part, { path, losses }: MessageContext): JsonObject {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image_url', image_url: encodeImage(part) };
    case 'opaque':
      return part.api === WIRE_ID ? part.value : losses.refuse(path);
    default:
      return losses.refuse(path);
  }
}

const encodeImage = ({ source, detail }: ImagePart): JsonObject => ({
  url: source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`,
  ...(detail !== undefined && { detail }),
});
