/** Keeps the cache marks of a translated request within what the API takes. */
import type { ChatRequest, Message, Tool } from '#sidecar/canonical/chat-request';
import type { Part } from '#sidecar/canonical/part';
import type { Losses } from '#sidecar/wires/losses';

/** Prompt caching, "up to 4 cache breakpoints". */
const MAX_MARKS = 4;

type Markable = Part | Tool;

/**
 * The first mark stays, since what it ends is shared by most requests, and of the others the last ones, since the longest prefix saves most.
 * The marks stand in the order of the prompt: tools, system, turns.
 */
export function limitCacheMarks(request: ChatRequest, losses: Losses): ChatRequest {
  const marked = inPromptOrder(request).filter(({ holder }) => isMarked(holder));
  const surplus = new Map(marked.slice(1, 1 - MAX_MARKS).map(({ holder, path }) => [holder, path]));
  if (marked.length <= MAX_MARKS) return request;
  for (const path of surplus.values()) losses.note(`${path}.cache_control`);
  const strip = <T extends Markable>(holder: T): T =>
    surplus.has(holder) ? { ...holder, cacheControl: undefined } : holder;
  return {
    ...request,
    tools: request.tools.map(strip),
    messages: request.messages.map((message) => ({
      ...message,
      parts: message.parts.map((part) => stripPart(part, strip)),
    })),
  };
}

const isMarked = (holder: Markable): boolean => 'cacheControl' in holder && holder.cacheControl !== undefined;

const isSystem = ({ role }: Message): boolean => role === 'system' || role === 'developer';

interface Place {
  readonly holder: Markable;
  readonly path: string;
}

function inPromptOrder({ tools, messages }: ChatRequest): readonly Place[] {
  const system: Place[] = [];
  const turns: Place[] = [];
  for (const [index, message] of messages.entries()) {
    for (const [at, part] of message.parts.entries()) {
      const path = `messages[${index}].content[${at}]`;
      const inner = part.type === 'tool-result' ? part.parts : [];
      for (const holder of [...inner, part]) (isSystem(message) ? system : turns).push({ holder, path });
    }
  }
  return [...tools.map((holder, index) => ({ holder, path: `tools[${index}]` })), ...system, ...turns];
}

function stripPart(part: Part, strip: <T extends Markable>(holder: T) => T): Part {
  const stripped = strip(part);
  return stripped.type === 'tool-result' ? { ...stripped, parts: stripped.parts.map(strip) } : stripped;
}
