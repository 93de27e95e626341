/**
 * Canonical messages → system blocks and alternating turns of a Messages call. System and developer messages move to `system`; user and
 * tool messages that follow each other become one user turn whose tool results come first, as the API demands.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { filterEach, foldEach, once } from '#sidecar/canonical/walk';
import { AlternatingTurns } from '#sidecar/wires/alternating-turns';
import type { Losses } from '#sidecar/wires/losses';
import { encodeBlocks } from './encode-blocks.ts';

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
  const start = () => ({ system: [] as JsonObject[], turns: new AlternatingTurns() });
  const { system, turns } = foldEach(messages, start, (walk, message, index) => {
    const path = `messages[${index}]`;
    const blocks = encodeBlocks(message.parts, { path, losses });
    const results = filterEach(blocks, isResult);
    const content = results.length === 0 ? blocks : filterEach(blocks, (block) => !isResult(block));
    if (message.name !== undefined) losses.note(`${path}.name`);
    const isSystem = isInstruction(message);
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    if (!isSystem) walk.turns.add(role, results, content);
    else if (systemStaysInPlace && !walk.turns.isEmpty) walk.turns.add('system', results, content);
    else for (const block of blocks) walk.system.push(block);
  });
  return { system, messages: once(() => turns.ended()) };
}

const isInstruction = ({ role }: Message): boolean => role === 'system' || role === 'developer';

const isResult = ({ type }: JsonObject): boolean => type === 'tool_result';
