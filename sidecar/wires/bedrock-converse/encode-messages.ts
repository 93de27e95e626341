/**
 * Canonical messages → system blocks and alternating turns of a Converse call. System and developer messages move to `system`; user and
 * tool messages that follow each other become one user turn whose tool results come first, as the API demands.
 */

import type { Message } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import { flatMapEach, foldEach, mapEach, once } from '#sidecar/canonical/walk';
import { AlternatingTurns } from '#sidecar/wires/alternating-turns';
import type { Losses } from '#sidecar/wires/losses';
import { partPath } from '#sidecar/wires/part-path';
import { encodePart } from './encode-blocks.ts';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedMessages {
  readonly system: JsonObject[];
  readonly messages: JsonObject[];
}

/** Throws `unsupported_parameter` for parts that have no counterpart. */
export function encodeMessages(messages: readonly Message[], traits: ModelTraits, losses: Losses): EncodedMessages {
  const { system, turns } = foldEach(messages, startWalk, (walk, message, index) => {
    const path = `messages[${index}]`;
    if (message.name !== undefined) losses.note(`${path}.name`);
    // A block stays with its cache point.
    const { documents } = walk;
    const parts = mapEach(message.parts, (part, at) =>
      encodePart(part, { path, index: at, losses, traits, documents }),
    );
    const results = flatMapEach(parts, (blocks) => (isResult(blocks) ? blocks : []));
    const content = flatMapEach(parts, (blocks) => (isResult(blocks) ? [] : blocks));
    if (isInstruction(message)) appendInstruction(walk.system, message, { path, blocks: parts, losses });
    else walk.turns.add(message.role === 'assistant' ? 'assistant' : 'user', results, content);
  });
  return { system, messages: once(() => turns.ended()) };
}

const isResult = ([first]: readonly JsonObject[]): boolean => first?.toolResult !== undefined;

interface Walk {
  readonly system: JsonObject[];
  readonly turns: AlternatingTurns;
  /** Names of the documents so far. */
  readonly documents: Set<string>;
}

const startWalk = (): Walk => ({ system: [], turns: new AlternatingTurns(), documents: new Set() });

interface Instruction {
  readonly path: string;
  /** Of each part. */
  readonly blocks: readonly JsonObject[][];
  readonly losses: Losses;
}

function appendInstruction(system: JsonObject[], { parts }: Message, { path, blocks, losses }: Instruction): void {
  const other = parts.findIndex(({ type }) => type !== 'text');
  if (other >= 0) losses.refuse(partPath({ path, index: other }));
  for (const block of blocks.flat()) system.push(block);
}

const isInstruction = ({ role }: Message): boolean => role === 'system' || role === 'developer';
