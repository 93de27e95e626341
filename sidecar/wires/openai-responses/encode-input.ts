/** Canonical messages → input items of a Responses call: what a message says becomes one item, and each of its calls, results and reasonings one of its own. */

import { createHash } from 'node:crypto';
import type { Message } from '#sidecar/canonical/chat-request';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type {
  FilePart,
  ImagePart,
  OpaquePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolResultPart,
} from '#sidecar/canonical/part';
import { flatMapEach, foldEach, mapEach, once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { asString } from '#sidecar/wires/read-field';
import { unseal, WIRE_ID } from './seal.ts';

export interface InputContext {
  /** Of the first message among those of the request. */
  readonly firstIndex: number;
  readonly losses: Losses;
  /** Reasoning may be named by its id: the client speaks this API and did not say that nothing is to be stored. */
  readonly isStored: boolean;
}

interface MessageContext extends InputContext, PartPlace {
  readonly message: Message;
}

export const encodeInput = (messages: readonly Message[], context: InputContext): JsonObject[] =>
  flatMapEach(messages, (message, at) =>
    encodeMessage({ ...context, message, path: `messages[${context.firstIndex + at}]`, index: 0 }),
  );

function encodeMessage(inMessage: MessageContext): JsonObject[] {
  const { message, losses, path } = inMessage;
  if (message.name !== undefined) losses.note(`${path}.name`);
  const start = (): Items => ({ items: [], said: [] });
  const walk = foldEach(message.parts, start, (sofar, part, index) => {
    const context = { ...inMessage, index };
    if (isSaid(part)) sofar.said.push(encodeSaid(part, context));
    else {
      const items = encodeItem(part, context);
      speak(sofar, message);
      sofar.items.push(...items);
    }
  });
  once(() => speak(walk, message));
  return walk.items;
}

interface Items {
  readonly items: JsonObject[];
  /** Content of the message that goes on. */
  said: JsonObject[];
}

function speak(walk: Items, message: Message): void {
  if (walk.said.length > 0) walk.items.push(messageItem(message, walk.said));
  walk.said = [];
}

type SaidPart = Extract<Part, { readonly type: 'text' | 'image' | 'file' | 'refusal' | 'opaque' }>;

const isSaid = (part: Part): part is SaidPart =>
  part.type === 'text' ||
  part.type === 'image' ||
  part.type === 'file' ||
  part.type === 'refusal' ||
  (part.type === 'opaque' && (part.api !== WIRE_ID || (asString(part.value.type) ?? '').startsWith('input_')));

const messageItem = (message: Message, content: JsonObject[]): JsonObject => ({
  type: 'message',
  role: message.role,
  content: plainText(message, content) ?? content,
  ...message.extensions?.[WIRE_ID],
});

/** One text and nothing else is sent as a string, as most clients do; what the model said has a kind of its own. */
function plainText({ role }: Message, content: readonly JsonObject[]): JsonValue | undefined {
  const [first] = content;
  const isPlain =
    role !== 'assistant' && content.length === 1 && first?.type === 'input_text' && Object.keys(first).length === 2;
  return isPlain ? first.text : undefined;
}

function encodeSaid(part: SaidPart, context: MessageContext): JsonObject {
  const isOutput = context.message.role === 'assistant';
  switch (part.type) {
    case 'text':
      return isOutput ? encodeSpoken(part, context) : encodeText(part, context);
    case 'image':
      return isOutput ? refuse(context) : encodeImage(part, context);
    case 'file':
      return isOutput ? refuse(context) : encodeFile(part, context);
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'opaque':
      return encodeOpaque(part, context);
  }
}

const refuse = (context: MessageContext): never => context.losses.refuse(partPath(context));

const encodeOpaque = (part: OpaquePart, context: MessageContext): JsonObject =>
  part.api === WIRE_ID ? part.value : refuse(context);

/** A mark that says where a cached prompt ends: given back to who made it here; models before GPT-5.6 refuse it, and they cache without. */
function cacheMark(part: TextPart | ImagePart | FilePart, context: MessageContext): JsonObject {
  const own = allOf(part.extensions?.[WIRE_ID]);
  if (part.cacheControl !== undefined && own.prompt_cache_breakpoint === undefined)
    context.losses.note(`${partPath(context)}.cache_control`);
  return own;
}

function encodeSpoken(part: TextPart, context: MessageContext): JsonObject {
  if (part.cacheControl !== undefined) context.losses.note(`${partPath(context)}.cache_control`);
  return { type: 'output_text', text: part.text, annotations: [] };
}

const encodeText = (part: TextPart, context: MessageContext): JsonObject => ({
  type: 'input_text',
  text: part.text,
  ...cacheMark(part, context),
});

const encodeImage = (part: ImagePart, context: MessageContext): JsonObject => ({
  type: 'input_image',
  image_url: part.source.kind === 'url' ? part.source.url : `data:${part.source.mediaType};base64,${part.source.data}`,
  ...(part.detail !== undefined && { detail: part.detail }),
  ...cacheMark(part, context),
});

const encodeFile = (part: FilePart, context: MessageContext): JsonObject => ({
  type: 'input_file',
  ...(part.filename !== undefined && { filename: part.filename }),
  file_data: `data:${part.mediaType};base64,${part.data}`,
  ...cacheMark(part, context),
});

function encodeItem(part: Exclude<Part, SaidPart> | OpaquePart, context: MessageContext): JsonObject[] {
  switch (part.type) {
    case 'tool-call':
      if (part.signature !== undefined) context.losses.note(`${context.path}.tool_calls.signature`);
      return [{ type: 'function_call', call_id: callId(part.id), name: part.name, arguments: part.arguments || '{}' }];
    case 'tool-result':
      return [{ type: 'function_call_output', call_id: callId(part.toolCallId), output: encodeOutput(part, context) }];
    case 'reasoning':
      return encodeReasoning(part, context);
    case 'opaque':
      return [encodeOpaque(part, context)];
  }
}

const MAX_CALL_ID_LENGTH = 64;

/** The API refuses longer ids, which others give; call and result are mapped alike, so that they still match. */
const callId = (id: string): string =>
  id.length <= MAX_CALL_ID_LENGTH ? id : `call_${createHash('sha256').update(id).digest('hex').slice(0, 48)}`;

function encodeOutput(result: ToolResultPart, context: MessageContext): JsonValue {
  if (result.isError === true) context.losses.note(`${context.path}.is_error`);
  const [first] = result.parts;
  if (first === undefined) return '';
  if (first.type === 'text' && result.parts.length === 1 && first.extensions === undefined) return first.text;
  return mapEach(result.parts, (part) =>
    part.type === 'text' ? encodeText(part, context) : encodeImage(part, context),
  );
}

/** Reasoning that this API did not make, or that it neither stored nor encrypted, would be refused. */
function encodeReasoning(part: ReasoningPart, { losses, path, isStored }: MessageContext): JsonObject[] {
  const own = unseal(part.redacted ?? part.signature);
  if (own === undefined || (own.encrypted === '' && !isStored)) {
    losses.note(`${path}.reasoning`);
    return [];
  }
  return [
    {
      type: 'reasoning',
      ...(own.id !== '' && { id: own.id }),
      summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
      ...(own.encrypted !== '' && { encrypted_content: own.encrypted }),
    },
  ];
}
