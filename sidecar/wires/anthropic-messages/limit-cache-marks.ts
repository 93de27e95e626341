/** Keeps the cache marks of a translated request within what the API takes. */

import type { ChatRequest, Message, Tool } from '#sidecar/canonical/chat-request';
import type { Part } from '#sidecar/canonical/part';
import { filterEach, flatMapEach, foldEach, mapEach } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';

/** Prompt caching, "up to 4 cache breakpoints". */
const MAX_MARKS = 4;

type Markable = Part | Tool;

/**
 * The first mark stays, since what it ends is shared by most requests, and of the others the last ones, since the longest prefix saves most.
 * The marks stand in the order of the prompt: tools, system, turns.
 */
export function limitCacheMarks(request: ChatRequest, losses: Losses): ChatRequest {
  const marked = markedOf(request);
  const surplus = new Map(marked.slice(1, 1 - MAX_MARKS).map(({ holder, path }) => [holder, path]));
  if (marked.length <= MAX_MARKS) return request;
  for (const path of surplus.values()) losses.note(`${path}.cache_control`);
  const strip = <T extends Markable>(holder: T): T =>
    surplus.has(holder) ? { ...holder, cacheControl: undefined } : holder;
  return {
    ...request,
    tools: mapEach(request.tools, strip),
    messages: mapEach(request.messages, (message) => ({
      ...message,
      parts: mapEach(message.parts, (part) => stripPart(part, strip)),
    })),
  };
}

const isMarked = (holder: Markable): boolean => 'cacheControl' in holder && holder.cacheControl !== undefined;

const isSystem = ({ role }: Message): boolean => role === 'system' || role === 'developer';

interface Place {
  readonly holder: Markable;
  readonly path: string;
}

/** In the order of the prompt. */
function markedOf({ tools, messages }: ChatRequest): readonly Place[] {
  const start = (): { system: Place[]; turns: Place[] } => ({ system: [], turns: [] });
  const { system, turns } = foldEach(messages, start, (marked, message, index) => {
    const places = flatMapEach(message.parts, (part, at) => markedIn(part, `messages[${index}].content[${at}]`));
    for (const place of places) (isSystem(message) ? marked.system : marked.turns).push(place);
  });
  const ofTools = flatMapEach(tools, (holder, index) =>
    isMarked(holder) ? [{ holder, path: `tools[${index}]` }] : [],
  );
  return [...ofTools, ...system, ...turns];
}

function markedIn(part: Part, path: string): readonly Place[] {
  const inner = part.type === 'tool-result' ? filterEach(part.parts, isMarked) : NONE;
  if (inner.length === 0) return isMarked(part) ? [{ holder: part, path }] : NONE;
  return [...inner, ...(isMarked(part) ? [part] : [])].map((holder) => ({ holder, path }));
}

const NONE: readonly never[] = [];

function stripPart(part: Part, strip: <T extends Markable>(holder: T) => T): Part {
  const stripped = strip(part);
  return stripped.type === 'tool-result' ? { ...stripped, parts: mapEach(stripped.parts, strip) } : stripped;
}
