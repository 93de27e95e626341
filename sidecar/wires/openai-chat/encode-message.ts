/** Canonical message → message of a Chat Completions call. */

import type { CacheControl } from '#sidecar/canonical/cache-control';
import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ImagePart, Part, ToolResultPart } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { pathName } from '#sidecar/wires/path-name';
import { nineCharacterId } from './call-id.ts';
import { encodeDetail } from './reasoning-details.ts';
import type { ServerWord, WireOptions } from './wire-options.ts';

export interface MessageContext {
  readonly options: WireOptions;
  /** Words that the target does not know. */
  readonly lacks: readonly ServerWord[];
  readonly path: string;
  readonly losses: Losses;
}

export function encodeMessage(message: Message, context: MessageContext): JsonObject {
  const hasName = message.name !== undefined && !context.lacks.includes('name');
  if (message.name !== undefined && !hasName) context.losses.note(`${context.path}.name`);
  return {
    role: message.role === 'developer' && !context.options.hasDeveloperRole ? 'system' : message.role,
    ...(hasName && { name: message.name }),
    ...encodeParts(message, context),
    ...ownMembers(message, context),
  };
}

/** What this API alone knows of the message. A strict server gets what it knows, and an empty list of something says nothing. */
function ownMembers({ extensions }: Message, { options, path, losses }: MessageContext): JsonObject {
  const members = extensions?.['openai-chat'] ?? {};
  if (options.isStrict !== true) return members;
  const known = new Set(options.knows);
  for (const [key, value] of Object.entries(members))
    if (!known.has(key) && !isEmptyList(value)) losses.note(`${path}.${pathName(key)}`);
  return Object.fromEntries(Object.entries(members).filter(([key]) => known.has(key)));
}

const isEmptyList = (value: JsonValue | undefined): boolean => Array.isArray(value) && value.length === 0;

function encodeParts(message: Message, context: MessageContext): JsonObject {
  if (message.role === 'assistant') return encodeAssistant(message.parts, context);
  const result = once(() => message.parts.find((part) => part.type === 'tool-result'));
  return result === undefined ? { content: encodeContent(message.parts, context) } : encodeToolResult(result, context);
}

function encodeAssistant(parts: readonly Part[], context: MessageContext): JsonObject {
  const isStrict = context.options.isStrict === true;
  const isText = (part: Part) => part.type === 'text' || (isStrict && part.type === 'refusal');
  const texts = flatMapEach(parts, (part) => ('text' in part && isText(part) ? [part.text] : []));
  const text = once(() => texts.join(''));
  const refusals = flatMapEach(parts, (part) => (part.type === 'refusal' ? [part.text] : []));
  const calls = flatMapEach(parts, (part, index) => encodeCall(part, { ...context, index }));
  return {
    content: texts.length > 0 ? text : null,
    ...(refusals.length > 0 && !isStrict && { refusal: refusals.join('') }),
    ...encodeReasoning(parts, text, context),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function encodeCall(part: Part, context: MessageContext & PartPlace): JsonObject[] {
  if (part.type === 'opaque') return [opaque(part, { ...context, path: partPath(context) })];
  // A model of this API says nothing but text.
  if (part.type === 'image' || part.type === 'file') return context.losses.refuse(partPath(context));
  if (part.type !== 'tool-call') return [];
  if (part.signature !== undefined) context.losses.note(`${context.path}.tool_calls.signature`);
  return [{ id: callId(part.id, context), type: 'function', function: { name: part.name, arguments: part.arguments } }];
}

const callId = (id: string, { options }: MessageContext): string =>
  options.hasNineCharacterCallIds === true ? nineCharacterId(id) : id;

/** A signature is of use only to the provider that made it, and its reasoning text is not this model's. */
function encodeReasoning(parts: readonly Part[], text: string, { options, path, losses }: MessageContext): JsonObject {
  const reasoning = filterEach(parts, (part) => part.type === 'reasoning');
  const details = flatMapEach(reasoning, (part) => encodeDetail(part, options.reasoningFormats));
  if (details.length > 0 && details.length === reasoning.length) return { reasoning_details: details };
  const own = filterEach(reasoning, (part) => part.signature === undefined && part.redacted === undefined);
  const isSent = options.reasoningKeys.length > 0 && own.length > 0 && own.length === reasoning.length;
  if (reasoning.length > 0 && !isSent) losses.note(`${path}.reasoning`);
  const isMissed = options.needsReasoningOfCalls === true && once(() => parts.some(({ type }) => type === 'tool-call'));
  if (!isSent && !isMissed) return {};
  const thought = isSent ? once(() => own.map((part) => part.text).join('')) : '';
  return Object.fromEntries(
    options.reasoningKeys.map((key) => [key, key === 'content' ? thinkingContent(thought, text) : thought]),
  );
}

/** Mistral's form: thoughts are parts of the content. */
const thinkingContent = (thought: string, text: string): JsonObject[] => [
  { type: 'thinking', thinking: [{ type: 'text', text: thought }] },
  ...(text === '' ? [] : [{ type: 'text', text }]),
];

function encodeToolResult(result: ToolResultPart, context: MessageContext): JsonObject {
  return { tool_call_id: callId(result.toolCallId, context), content: encodeContent(result.parts, context) };
}

/** One plain text is sent as a string: many servers take nothing else. */
function encodeContent(parts: readonly Part[], context: MessageContext): JsonValue {
  const [only] = parts;
  if (only === undefined) return '';
  if (parts.length === 1 && only.type === 'text' && !hasMark(only, context)) return only.text;
  return mapEach(parts, (part, index) => {
    const at = { ...context, path: `${context.path}.content[${index}]` };
    return hasMark(part, at)
      ? { ...encodePart(part, at), cache_control: { type: 'ephemeral', ...part.cacheControl } }
      : encodePart(part, at);
  });
}

type Marked = Extract<Part, { cacheControl?: CacheControl }> & { readonly cacheControl: CacheControl };

/** Whether the part has a cache mark that the server takes. */
const hasMark = (part: Part, { options }: MessageContext): part is Marked =>
  options.takesCacheMarks === true && 'cacheControl' in part && part.cacheControl !== undefined;

function encodePart(part: Part, context: MessageContext): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      if (part.source.kind === 'url' && context.lacks.includes('image_url')) return context.losses.refuse(context.path);
      return { type: 'image_url', image_url: encodeImage(part) };
    case 'file':
      if (context.lacks.includes('file')) return context.losses.refuse(context.path);
      return {
        type: 'file',
        file: {
          ...(part.filename !== undefined && { filename: part.filename }),
          file_data: `data:${part.mediaType};base64,${part.data}`,
        },
      };
    case 'opaque':
      return opaque(part, context);
    default:
      return context.losses.refuse(context.path);
  }
}

const encodeImage = ({ source, detail }: ImagePart): JsonObject => ({
  url: source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`,
  ...(detail !== undefined && { detail }),
});

function opaque(part: Extract<Part, { type: 'opaque' }>, { losses, path }: MessageContext): JsonObject {
  return part.api === 'openai-chat' ? part.value : losses.refuse(path);
}
