/**
 * Canonical messages → system instruction and contents. Results of tools follow their calls at once, in the order of the calls (without
 * ids nothing else tells them apart) and in a content of their own, since the API counts the parts of that content.
 */
import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { ToolResultPart } from '#sidecar/canonical/part';
import { isJsonObject, parseJson } from '#sidecar/json/body';
import { encodeImage, encodePart, idMember, type PartContext } from './encode-part.ts';
import { NO_SIGNATURE } from './seal.ts';

interface Result {
  /** Number of its call in the conversation. */
  readonly call: number;
  readonly part: JsonObject;
}

interface Turn {
  readonly role: 'user' | 'model';
  readonly results: Result[];
  readonly parts: JsonObject[];
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
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  const calls = new Map<string, Call>();
  for (const [index, message] of messages.entries()) {
    const at = { ...context, path: `messages[${index}]` };
    if (message.name !== undefined) context.losses.note(`${at.path}.name`);
    const isSystem = message.role === 'system' || message.role === 'developer';
    encodeMessage(message, isSystem ? { role: 'user', results: [], parts: system } : turnOf(turns, message), {
      calls,
      at,
    });
  }
  return { system, contents: turns.flatMap((turn) => contentsOf(turn, context)) };
}

function turnOf(turns: Turn[], { role }: Message): Turn {
  const wanted = role === 'assistant' ? 'model' : 'user';
  const last = turns.at(-1);
  if (last?.role === wanted) return last;
  const turn: Turn = { role: wanted, results: [], parts: [] };
  turns.push(turn);
  return turn;
}

interface Walk {
  readonly calls: Map<string, Call>;
  readonly at: Omit<PartContext, 'index'>;
}

function encodeMessage(message: Message, turn: Turn, { calls, at }: Walk): void {
  for (const [index, part] of message.parts.entries()) {
    if (part.type === 'tool-call') calls.set(part.id, { number: calls.size, name: part.name });
    if (part.type !== 'tool-result') {
      turn.parts.push(...encodePart(part, { ...at, index }));
      continue;
    }
    const call = calls.get(part.toolCallId) ?? at.losses.refuse(`${at.path}.tool_call_id`);
    turn.results.push({ call: call.number, part: encodeResult(part, call.name, at) });
    // Older models take images beside the result only.
    if (!at.traits.hasMediaResults) turn.parts.push(...imagesOf(part));
  }
}

const imagesOf = ({ parts }: ToolResultPart): JsonObject[] =>
  parts.flatMap((part) => (part.type === 'image' ? [encodeImage(part)] : []));

function encodeResult(part: ToolResultPart, name: string, { options, traits }: Walk['at']): JsonObject {
  const text = part.parts.flatMap((inner) => (inner.type === 'text' ? [inner.text] : [])).join('');
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
  const parsed: JsonValue | undefined = text.startsWith('{') ? parseJson(text) : undefined;
  return isJsonObject(parsed) ? parsed : { output: text };
}

function contentsOf({ role, results, parts }: Turn, { traits }: Pick<PartContext, 'traits'>): JsonObject[] {
  const answers = results.toSorted((a, b) => a.call - b.call).map(({ part }) => part);
  const own = role === 'model' && traits.checksSignatures ? withSignature(parts) : parts;
  return [answers, own].filter(({ length }) => length > 0).map((members) => ({ role, parts: members }));
}

/** The first of parallel calls carries the proof; one that another API made has none. */
function withSignature(parts: readonly JsonObject[]): JsonObject[] {
  const first = parts.findIndex(({ functionCall }) => functionCall !== undefined);
  return parts.map((part, index) =>
    index === first && part.thoughtSignature === undefined ? { ...part, thoughtSignature: NO_SIGNATURE } : part,
  );
}
