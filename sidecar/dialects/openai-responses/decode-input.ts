/**
 * Input items → canonical messages. What the model wrote in a row (reasoning, text, calls) is one assistant message, as the other APIs have it;
 * every result of a call is a message of its own. Items that this API alone knows become opaque parts at their place.
 */

import type { Message, Role } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part, ToolResultPart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import { flatMapEach, foldEach, once } from '#sidecar/canonical/walk';
import type { Place } from '#sidecar/dialects/client-paths';
import { invalid, optionalString, requiredObject, requiredString, restOf } from '#sidecar/dialects/field';
import { DIALECT_ID } from './api-id.ts';
import { decodeContent, opaque } from './decode-content.ts';
import { decodeReasoning, decodeSignature } from './reasoning-item.ts';
import { isReference, isReferenceToLost, lostReasoning } from './reference.ts';

const KNOWN_OF_MESSAGE = new Set(['type', 'role', 'content', 'id', 'status']);

/** Items of the model's turn, beside those whose name says that they are calls. */
const OF_MODEL = new Set(['compaction', 'mcp_list_tools', 'mcp_approval_request', 'program']);

export function decodeInput(input: JsonValue): readonly Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  return turnsOf(input).messages;
}

/** Where the parts of each message that `decodeInput` makes stand in the body. */
export const placesOf = (input: JsonValue): readonly Place[] =>
  typeof input === 'string' ? [{ path: 'input', parts: ['input'] }] : turnsOf(input).places;

function turnsOf(input: JsonValue): Turns {
  if (!Array.isArray(input)) throw invalid('input', 'a string or an array of items');
  return foldEach(input, startTurns, (turns, entry, index) => {
    const path = `input[${index}]`;
    const item = requiredObject(entry, path);
    const signature = decodeSignature(item);
    const isMessage = item.type === 'message' || (item.type == null && !isReference(item));
    const decoded = signature === undefined && decodeItem(item, path);
    if (decoded) once(() => turns.add(decoded, { isMessage, path }));
    else turns.signature = signature;
  });
}

const startTurns = (): Turns => new Turns();

/** The messages so far, the last of which may be a turn of the model that goes on. */
class Turns {
  readonly messages: Message[] = [];
  /** Of each message and its parts. */
  readonly places: { readonly path: string; readonly parts: string[] }[] = [];
  /** Proof of the call that follows. */
  signature: Sealed | undefined;
  /** Of the last message. */
  #parts: Part[] = [];
  #hasAnswered = false;
  #hasCalled = false;

  /** `isMessage`: the item is one, and not a call or whatever else a turn is made of. */
  add(message: Message, { isMessage, path }: { readonly isMessage: boolean; readonly path: string }): void {
    const last = this.messages.at(-1);
    // Two answers in a row are two messages; but nothing may come between a call and its result.
    const isNext = isMessage && this.#hasAnswered && !this.#hasCalled;
    if (last?.role === 'assistant' && message.role === 'assistant' && !isNext)
      this.messages[this.messages.length - 1] = { ...message, ...last };
    else this.#begin(message, path);
    const places = this.places.at(-1)?.parts;
    for (const [index, part] of message.parts.entries()) {
      this.#push(part);
      places?.push(isMessage ? `${path}.content[${index}]` : path);
    }
  }

  #begin(message: Message, path: string): void {
    this.places.push({ path, parts: [] });
    this.#parts = [];
    this.#hasAnswered = false;
    this.#hasCalled = false;
    this.messages.push({ ...message, parts: this.#parts });
  }

  #push(part: Part): void {
    const { signature } = this;
    this.#hasAnswered ||= part.type === 'text' || part.type === 'refusal';
    if (part.type !== 'tool-call') this.#parts.push(part);
    else {
      this.#hasCalled = true;
      this.signature = undefined;
      this.#parts.push(signature === undefined ? part : { ...part, signature });
    }
  }
}

function decodeMessage(item: JsonObject, path: string): Message {
  const role = decodeRole(item.role, `${path}.role`);
  const rest = restOf(item, KNOWN_OF_MESSAGE);
  return {
    role,
    parts: decodeContent(item.content, `${path}.content`),
    ...(rest !== undefined && { extensions: { [DIALECT_ID]: rest } }),
  };
}

function decodeRole(value: JsonValue | undefined, path: string): Role {
  switch (value) {
    case 'system':
    case 'developer':
    case 'user':
    case 'assistant':
      return value;
    default:
      throw invalid(path, "'system', 'developer', 'user' or 'assistant'");
  }
}

function decodeItem(item: JsonObject, path: string): Message {
  const type = optionalString(item.type, `${path}.type`) ?? (isReference(item) ? 'item_reference' : 'message');
  switch (type) {
    case 'message':
      return decodeMessage(item, path);
    case 'function_call':
      return ofModel(item.namespace == null ? decodeCall(item, path) : opaque(item));
    case 'function_call_output':
      return { role: 'tool', parts: [decodeOutput(item, path) ?? opaque(item)] };
    case 'reasoning':
      return ofModel(...decodeReasoning(item, path));
    default:
      if (isReferenceToLost(item)) return ofModel(lostReasoning(item));
      return type.endsWith('_call') || OF_MODEL.has(type)
        ? ofModel(opaque(item))
        : { role: 'user', parts: [opaque(item)] };
  }
}

const ofModel = (...parts: readonly Part[]): Message => ({ role: 'assistant', parts });

const decodeCall = (item: JsonObject, path: string): Extract<Part, { type: 'tool-call' }> => ({
  type: 'tool-call',
  id: requiredString(item.call_id, `${path}.call_id`),
  name: requiredString(item.name, `${path}.name`),
  arguments: optionalString(item.arguments, `${path}.arguments`) ?? '',
});

/** undefined: it holds a file or what else only this API takes as a result. */
function decodeOutput(item: JsonObject, path: string): ToolResultPart | undefined {
  const toolCallId = requiredString(item.call_id, `${path}.call_id`);
  const parts = flatMapEach(decodeContent(item.output ?? '', `${path}.output`), (part) =>
    part.type === 'text' || part.type === 'image' ? [part] : [],
  );
  const isWhole = typeof item.output === 'string' || !Array.isArray(item.output) || parts.length === item.output.length;
  return isWhole ? { type: 'tool-result', toolCallId, parts } : undefined;
}
