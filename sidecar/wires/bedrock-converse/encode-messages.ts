/**
 * Canonical messages → system blocks and alternating turns of a Converse call. System and developer messages move to `system`; user and
 * tool messages that follow each other become one user turn whose tool results come first, as the API demands.
 */
import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Losses } from '#sidecar/wires/losses';
import { partPath } from '#sidecar/wires/part-path';
import { encodePart } from './encode-blocks.ts';
import type { ModelTraits } from './model-traits.ts';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly results: JsonObject[];
  readonly content: JsonObject[];
}

export interface EncodedMessages {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

/** Throws `unsupported_parameter` for parts that have no counterpart. */
export function encodeMessages(messages: readonly Message[], traits: ModelTraits, losses: Losses): EncodedMessages {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  const documents = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if (message.name !== undefined) losses.note(`${path}.name`);
    // A block stays with its cache point.
    const parts = message.parts.map((part, at) => encodePart(part, { path, index: at, losses, traits, documents }));
    if (!isInstruction(message))
      for (const blocks of parts) append(turns, message.role === 'assistant' ? 'assistant' : 'user', blocks);
    else if (message.parts.every(({ type }) => type === 'text')) system.push(...parts.flat());
    else losses.refuse(partPath({ path, index: message.parts.findIndex(({ type }) => type !== 'text') }));
  }
  return {
    system,
    messages: turns.map(({ role, results, content }) => ({ role, content: [...results, ...content] })),
  };
}

const isInstruction = ({ role }: Message): boolean => role === 'system' || role === 'developer';

function append(turns: Turn[], role: Turn['role'], blocks: readonly JsonObject[]): void {
  const [first] = blocks;
  // The API refuses a turn without content.
  if (first === undefined) return;
  let turn = turns.at(-1);
  if (turn?.role !== role) {
    turn = { role, results: [], content: [] };
    turns.push(turn);
  }
  (first.toolResult === undefined ? turn.content : turn.results).push(...blocks);
}
