/** What of a request the classifier looks at: its shape, and the beginnings and ends of what the system and the user said, however long they are. */
import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import type { CanonicalRequest } from '#sidecar/canonical/request';

export interface LookedAt {
  /** Beginning and end. */
  readonly system: string;
  /** Of the last turn of the user: beginning and end. */
  readonly asked: string;
  /** Of the turns of the user before it, the later ones: their beginnings. */
  readonly before: string;
  readonly shape: Shape;
}

export interface Shape {
  readonly systemLength: number;
  readonly askedLength: number;
  /** Of all text in the last messages. */
  readonly totalLength: number;
  readonly turns: number;
  readonly images: number;
  readonly tools: number;
  readonly toolResults: number;
  readonly format: 'text' | 'json-object' | 'json-schema';
  readonly maxOutputTokens: number | undefined;
  readonly effort: string | undefined;
}

/** UTF-16 units. */
interface Ends {
  readonly head: number;
  readonly tail: number;
}

const SYSTEM: Ends = { head: 2048, tail: 1024 };
const ASKED: Ends = { head: 3072, tail: 2048 };
const BEFORE: Ends = { head: 512, tail: 0 };
const TURNS_BEFORE = 2;
/** Messages further back, and parts in the middle of a message of many, are not looked at. */
const MOST_MESSAGES = 32;
const MOST_PARTS = 16;

/** The most characters that are ever looked at in one request. */
export const MOST_LOOKED_AT = SYSTEM.head + SYSTEM.tail + ASKED.head + ASKED.tail + TURNS_BEFORE * BEFORE.head + 16;

/** Texts in the order in which they were said, by who said them. */
interface Said {
  readonly system: readonly string[];
  /** One list of texts per turn of the user. */
  readonly turns: readonly (readonly string[])[];
}

type Rest = Omit<Shape, 'systemLength' | 'askedLength'>;

function lookAt({ system, turns }: Said, rest: Rest): LookedAt {
  const asked = turns.at(-1) ?? [];
  const before = turns.slice(0, -1).slice(-TURNS_BEFORE);
  return {
    system: endsOf(system, SYSTEM),
    asked: endsOf(asked, ASKED),
    before: before.map((turn) => endsOf(turn, BEFORE)).join('\n\n'),
    shape: { ...rest, systemLength: lengthOf(system), askedLength: lengthOf(asked) },
  };
}

/** Undefined: the operation asks no model for text. */
export function lookedAt(request: CanonicalRequest): LookedAt | undefined {
  switch (request.operation) {
    case 'chat':
      return lookAtChat(request);
    case 'text_completion':
    case 'count_tokens':
      return lookAtBody(request.body);
    default:
      return undefined;
  }
}

export function lookAtChat(request: ChatRequest): LookedAt {
  const { messages, tools, responseFormat, maxOutputTokens, reasoning } = request;
  const recent = messages.slice(-MOST_MESSAGES);
  const users = recent.filter(({ role }) => role === 'user').filter((message) => textsOf(message).length > 0);
  const parts = recent.flatMap(endParts);
  return lookAt(
    { system: systemOf(messages), turns: users.map(textsOf) },
    {
      totalLength: lengthOf(recent.flatMap(textsOf)),
      turns: messages.length,
      images: parts.filter(({ type }) => type === 'image').length,
      tools: tools.length,
      toolResults: parts.filter(({ type }) => type === 'tool-result').length,
      format: responseFormat?.type ?? 'text',
      maxOutputTokens,
      effort: reasoning?.effort,
    },
  );
}

/** A body in the client's own words, of which texts are found by the names that the APIs use for them. */
export function lookAtBody(body: JsonObject): LookedAt {
  // Google's API wraps what is to be counted.
  const { system, systemInstruction, instructions, messages, contents, input, prompt, tools } = {
    ...body,
    ...(isObject(body.generateContentRequest) && body.generateContentRequest),
  };
  const said = messages ?? contents ?? input ?? prompt;
  const turns = Array.isArray(said) ? said : [said];
  const texts = turns.slice(-MOST_MESSAGES).map((turn) => textsIn(turn));
  return lookAt(
    {
      system: [system, systemInstruction, instructions].flatMap((value) => textsIn(value)),
      turns: texts.filter(({ length }) => length > 0).slice(-1),
    },
    {
      totalLength: lengthOf(texts.flat()),
      turns: turns.length,
      images: 0,
      tools: Array.isArray(tools) ? tools.length : 0,
      toolResults: 0,
      format: 'text',
      maxOutputTokens: undefined,
      effort: undefined,
    },
  );
}

const DEEPEST = 4;

/** Of a message, a part or a list of parts. */
function textsIn(value: JsonValue | undefined, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (depth > DEEPEST || value === undefined || value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.slice(-MOST_PARTS).flatMap((item) => textsIn(item, depth + 1));
  return [value.content, value.parts, value.text].flatMap((member) => textsIn(member, depth + 1)).slice(0, MOST_PARTS);
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What leads the conversation; clients put it first. */
const systemOf = (messages: readonly Message[]): readonly string[] =>
  messages
    .slice(0, 2)
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(textsOf);

const endParts = ({ parts }: Message): readonly Part[] =>
  parts.length <= MOST_PARTS ? parts : [...parts.slice(0, MOST_PARTS / 2), ...parts.slice(-MOST_PARTS / 2)];

const textsOf = (message: Message): readonly string[] =>
  endParts(message).flatMap((part) => (part.type === 'text' ? [part.text] : []));

const lengthOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

function endsOf(texts: readonly string[], { head, tail }: Ends): string {
  if (lengthOf(texts) + texts.length <= head + tail) return texts.join('\n');
  const begin = takenFrom(texts, head).join('\n').slice(0, head);
  const end = takenFrom(
    texts.toReversed().map((text) => text.slice(-tail)),
    tail,
  )
    .toReversed()
    .join('\n');
  return tail === 0 ? begin : `${begin}\n\n${end.slice(-tail)}`;
}

/** Beginnings of texts until there are enough characters. */
function takenFrom(texts: readonly string[], enough: number): string[] {
  const taken: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (length >= enough) break;
    taken.push(text.slice(0, enough));
    length += text.length;
  }
  return taken;
}
