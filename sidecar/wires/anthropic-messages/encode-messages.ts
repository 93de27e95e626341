/**
 * Canonical messages → system blocks and alternating turns of a Messages call. System and developer messages move to `system`; user and
 * tool messages that follow each other become one user turn whose tool results come first, as the API demands.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { foldEach, mapEach } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import { encodeBlocks } from './encode-blocks.ts';

interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  readonly results: JsonObject[];
  readonly content: JsonObject[];
}

export interface EncodedMessages {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

interface EncodeOptions {
  readonly losses: Losses;
  /** A system message among the turns stays there, which only newer models take. */
  readonly systemStaysInPlace: boolean;
}

/** Throws `unsupported_parameter` for parts that have no counterpart. */
export function encodeMessages(
  messages: readonly Message[],
  { losses, systemStaysInPlace }: EncodeOptions,
): EncodedMessages {
  const start = (): { system: JsonObject[]; turns: Turn[] } => ({ system: [], turns: [] });
  const { system, turns } = foldEach(messages, start, (walk, message, index) => {
    const path = `messages[${index}]`;
    const blocks = encodeBlocks(message.parts, { path, losses });
    if (message.name !== undefined) losses.note(`${path}.name`);
    const isSystem = message.role === 'system' || message.role === 'developer';
    if (isSystem && systemStaysInPlace && walk.turns.length > 0) append(walk.turns, 'system', blocks);
    else if (isSystem) for (const block of blocks) walk.system.push(block);
    else append(walk.turns, message.role === 'assistant' ? 'assistant' : 'user', blocks);
  });
  return {
    system,
    messages: mapEach(turns, ({ role, results, content }) => ({ role, content: [...results, ...content] })),
  };
}

function append(turns: Turn[], role: Turn['role'], blocks: readonly JsonObject[]): void {
  // The API refuses a turn without content.
  if (blocks.length === 0) return;
  let turn = turns.at(-1);
  if (turn?.role !== role) {
    turn = { role, results: [], content: [] };
    turns.push(turn);
  }
  for (const block of blocks) (block.type === 'tool_result' ? turn.results : turn.content).push(block);
}
