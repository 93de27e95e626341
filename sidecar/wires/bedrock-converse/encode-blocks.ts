/** Canonical parts → content blocks of a Converse call. */

import type { CacheControl } from '#sidecar/canonical/cache-control';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part, ReasoningPart, ToolCallPart, ToolResultPart } from '#sidecar/canonical/part';
import { flatMapEach } from '#sidecar/canonical/walk';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { encodeDocument, encodeImage } from './encode-media.ts';
import type { ModelTraits } from './model-traits.ts';
import { unseal, WIRE_ID } from './seal.ts';
import { toolUseId } from './tool-use-id.ts';

export interface BlockContext extends PartPlace {
  readonly losses: Losses;
  readonly traits: ModelTraits;
  /** Names of the documents so far. */
  readonly documents: Set<string>;
}

/** A block and the cache point after it; empty where the API has no place for the part. */
export function encodePart(part: Part, context: BlockContext): JsonObject[] {
  const blocks = encodeBlock(part, context);
  const cacheControl = 'cacheControl' in part ? part.cacheControl : undefined;
  // Alone a cache point is refused.
  if (blocks.length === 0 || cacheControl === undefined) return blocks;
  const isText = part.type === 'text';
  return [...blocks, ...cachePoint(cacheControl, isText, { ...context, path: partPath(context) })];
}

/** `path`: what carries the mark. Empty where the model caches nothing here. */
export function cachePoint(
  { ttl }: CacheControl,
  isText: boolean,
  { path, losses, traits }: Pick<BlockContext, 'path' | 'losses' | 'traits'>,
): JsonObject[] {
  const isTaken = traits.cachePoints === 'everything' || (traits.cachePoints === 'text' && isText);
  if (!isTaken) {
    losses.note(`${path}.cache_control`);
    return [];
  }
  const isLong = ttl === '1h';
  if (isLong && !traits.hasLongCache) losses.note(`${path}.cache_control.ttl`);
  return [{ cachePoint: { type: 'default', ...(isLong && traits.hasLongCache && { ttl }) } }];
}

function encodeBlock(part: Part, context: BlockContext): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return encodeText(part.text);
    case 'image':
      return [encodeImage(part, context)];
    case 'file':
      return [encodeDocument(part, context)];
    case 'tool-call':
      return [encodeToolCall(part, context)];
    case 'tool-result':
      return [encodeToolResult(part, context)];
    case 'reasoning':
      return encodeReasoning(part, context);
    case 'opaque':
      return part.api === WIRE_ID ? [part.value] : context.losses.refuse(partPath(context));
  }
}

/** The API refuses a text of white space only. */
const encodeText = (text: string): JsonObject[] => (text.trim() === '' ? [] : [{ text }]);

/** The API takes an object; a text that is none (the model wrote it so) is kept whole inside one, and named. */
function encodeToolCall(part: ToolCallPart, { path, losses, traits }: BlockContext): JsonObject {
  const parsed = part.arguments === '' ? {} : parseNested(part.arguments);
  const input = isJsonObject(parsed) ? parsed : { arguments: part.arguments };
  if (!isJsonObject(parsed)) losses.note(`${path}.tool_calls`);
  if (part.signature !== undefined) losses.note(`${path}.tool_calls.signature`);
  return { toolUse: { toolUseId: toolUseId(part.id, traits), name: part.name, input } };
}

function encodeToolResult(part: ToolResultPart, context: BlockContext): JsonObject {
  const content = flatMapEach(part.parts, (inner) =>
    inner.type === 'text' ? encodeText(inner.text) : [encodeImage(inner, context)],
  );
  const { path, losses, traits } = context;
  if (part.isError === true && !traits.hasToolStatus) losses.note(`${path}.is_error`);
  return {
    toolResult: {
      toolUseId: toolUseId(part.toolCallId, traits),
      content,
      ...(part.isError === true && traits.hasToolStatus && { status: 'error' }),
    },
  };
}

/** Without a signature of its own the API refuses reasoning. */
function encodeReasoning(part: ReasoningPart, { path, losses }: BlockContext): JsonObject[] {
  const redacted = unseal(part.redacted);
  if (redacted !== undefined) return [{ reasoningContent: { redactedContent: redacted } }];
  const signature = unseal(part.signature);
  if (signature !== undefined) return [{ reasoningContent: { reasoningText: { text: part.text, signature } } }];
  losses.note(`${path}.reasoning`);
  return [];
}
