/**
 * Canonical messages → system instruction and contents. Results of tools follow their calls at once, in the order of the calls (without
 * ids nothing else tells them apart) and in a content of their own, since the API counts the parts of that content.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ToolResultPart } from '#sidecar/canonical/part';
import { flatMapEach, foldEach, once, visitEach } from '#sidecar/canonical/walk';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import { encodeImage, encodePart, idMember, type PartContext } from './encode-part.ts';
import { NO_SIGNATURE } from './seal.ts';

interface Result {
  /** Number of its call in the conversation. */
  readonly call: number;
  readonly part: JsonObject;
}

interface Turn {
  readonly role: 'user' | 'model';
  results: Result[];
  parts: JsonObject[];
}

interface Call {
  readonly number: number;
  readonly name: string;
}

export interface EncodedContents {
  readonly system: JsonObject[];
  readonly contents: JsonObject[];
}

/** Throws `unsupported_parameter` for parts that have no counterpart. */
export function encodeContents(
  messages: readonly Message[],
  context: Omit<PartContext, 'path' | 'index'>,
): EncodedContents {
  const { system, turns } = foldEach(
    messages,
    startWalk,
    ({ system: instruction, turns: sofar, calls }, message, index) => {
      const at = { ...context, path: `messages[${index}]` };
      if (message.name !== undefined) context.losses.note(`${at.path}.name`);
      const isSystem = message.role === 'system' || message.role === 'developer';
      const turn = isSystem ? instruction : turnOf(sofar, message);
      encodeMessage(message, turn, { calls, at });
    },
  );
  return { system: system.parts, contents: flatMapEach(turns, (turn) => contentsOf(turn, context)) };
}

interface Walked {
  readonly system: Turn;
  readonly turns: Turn[];
  /** By their ids. */
  readonly calls: Map<string, Call>;
}

const startWalk = (): Walked => ({ system: newTurn('user'), turns: [], calls: new Map() });

const NONE: never[] = [];
const newTurn = (role: Turn['role']): Turn => ({ role, results: NONE, parts: NONE });

/** The list that is given becomes the turn's, where that has none. */
function joined<T>(list: T[], more: T[]): T[] {
  if (list.length === 0) return more;
  for (const one of more) list.push(one);
  return list;
}

function turnOf(turns: Turn[], { role }: Message): Turn {
  const wanted = role === 'assistant' ? 'model' : 'user';
  const last = turns.at(-1);
  if (last?.role === wanted) return last;
  const turn = newTurn(wanted);
  turns.push(turn);
  return turn;
}

interface Walk {
  readonly calls: Map<string, Call>;
  readonly at: Omit<PartContext, 'index'>;
}

function encodeMessage(message: Message, turn: Turn, { calls, at }: Walk): void {
  visitEach(message.parts, (part, index) => {
    if (part.type === 'tool-result') return encodeAnswer(part, turn, { calls, at });
    const parts = encodePart(part, { ...at, index });
    if (part.type === 'tool-call') calls.set(part.id, { number: calls.size, name: part.name });
    turn.parts = joined(turn.parts, parts);
  });
}

function encodeAnswer(part: ToolResultPart, turn: Turn, { calls, at }: Walk): void {
  const call = calls.get(part.toolCallId) ?? at.losses.refuse(`${at.path}.tool_call_id`);
  const result = encodeResult(part, call.name, at);
  // Older models take images beside the result only.
  const images = at.traits.hasMediaResults ? [] : imagesOf(part);
  turn.results = joined(turn.results, [{ call: call.number, part: result }]);
  turn.parts = joined(turn.parts, images);
}

const imagesOf = ({ parts }: ToolResultPart): JsonObject[] =>
  flatMapEach(parts, (part) => (part.type === 'image' ? [encodeImage(part)] : []));

function encodeResult(part: ToolResultPart, name: string, { options, traits }: Walk['at']): JsonObject {
  const texts = flatMapEach(part.parts, (inner) => (inner.type === 'text' ? [inner.text] : []));
  const text = once(() => texts.join(''));
  const images = traits.hasMediaResults ? imagesOf(part) : [];
  return {
    functionResponse: {
      ...idMember(part.toolCallId, options),
      name,
      response: encodeOutput(text, part.isError === true),
      ...(images.length > 0 && { parts: images }),
    },
  };
}

/** The API takes an object, with the names `output` and `error` for what is none. */
function encodeOutput(text: string, isError: boolean): JsonObject {
  if (isError) return { error: text };
  const parsed: JsonValue | undefined = text.startsWith('{') ? parseNested(text) : undefined;
  return isJsonObject(parsed) ? parsed : { output: text };
}

function contentsOf({ role, results, parts }: Turn, { traits }: Pick<PartContext, 'traits'>): JsonObject[] {
  const answers = once(() => results.toSorted((a, b) => a.call - b.call).map(({ part }) => part));
  const own = role === 'model' && traits.checksSignatures ? once(() => withSignature(parts)) : parts;
  return [answers, own].filter(({ length }) => length > 0).map((members) => ({ role, parts: members }));
}

/** The first of parallel calls carries the proof; one that another API made has none. */
function withSignature(parts: readonly JsonObject[]): JsonObject[] {
  const first = parts.findIndex(({ functionCall }) => functionCall !== undefined);
  return parts.map((part, index) =>
    index === first && part.thoughtSignature === undefined ? { ...part, thoughtSignature: NO_SIGNATURE } : part,
  );
}
