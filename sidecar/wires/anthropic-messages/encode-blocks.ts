/** Canonical parts → content blocks of a Messages call. */

import { allOf, type Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import type {
  FilePart,
  ImagePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '#sidecar/canonical/part';
import { flatMapEach } from '#sidecar/canonical/walk';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { mediaName } from '#sidecar/wires/path-name';
import { cacheMark } from './cache-mark.ts';
import { unseal, WIRE_ID } from './seal.ts';

export interface BlockContext extends PartPlace {
  readonly losses: Losses;
}

export const encodeBlocks = (parts: readonly Part[], context: Omit<BlockContext, 'index'>): JsonObject[] =>
  flatMapEach(parts, (part, index) => encodeBlock(part, { ...context, index }));

function encodeBlock(part: Part, context: BlockContext): JsonObject[] {
  switch (part.type) {
    case 'text':
      return encodeText(part);
    case 'refusal':
      return encodeText({ type: 'text', text: part.text });
    case 'image':
      if ((part.detail ?? 'auto') !== 'auto') context.losses.note(`${partPath(context)}.image_url.detail`);
      return [encodeImage(part)];
    case 'file':
      return [encodeFile(part, context)];
    case 'tool-call':
      return [encodeToolCall(part, context)];
    case 'tool-result':
      return [encodeToolResult(part)];
    case 'reasoning':
      return encodeReasoning(part, context);
    case 'opaque':
      return part.api === WIRE_ID ? [part.value] : context.losses.refuse(partPath(context));
  }
}

const ownOf = ({ extensions }: { readonly extensions?: Extensions }): JsonObject => allOf(extensions?.[WIRE_ID]);

/** The API refuses an empty text block. */
function encodeText(part: TextPart): JsonObject[] {
  return part.text === '' ? [] : [{ type: 'text', text: part.text, ...cacheMark(part), ...ownOf(part) }];
}

const encodeImage = (part: ImagePart): JsonObject => ({
  type: 'image',
  ...cacheMark(part),
  ...ownOf(part),
  source:
    part.source.kind === 'url'
      ? { type: 'url', url: part.source.url }
      : { type: 'base64', media_type: part.source.mediaType, data: part.source.data },
});

function encodeFile(part: FilePart, context: BlockContext): JsonObject {
  const { mediaType, data, filename } = part;
  const title = { ...(filename !== undefined && { title: filename }), ...cacheMark(part), ...ownOf(part) };
  if (mediaType === 'application/pdf')
    return { type: 'document', source: { type: 'base64', media_type: mediaType, data }, ...title };
  if (mediaType !== 'text/plain') context.losses.refuse(`${partPath(context)} of media type ${mediaName(mediaType)}`);
  const text = Buffer.from(data, 'base64').toString('utf8');
  return { type: 'document', source: { type: 'text', media_type: mediaType, data: text }, ...title };
}

/** The API takes an object; a text that is none (the model wrote it so) is kept whole inside one, and named. */
function encodeToolCall(part: ToolCallPart, { path, losses }: BlockContext): JsonObject {
  const parsed = part.arguments === '' ? {} : parseNested(part.arguments);
  const input = isJsonObject(parsed) ? parsed : { arguments: part.arguments };
  if (!isJsonObject(parsed)) losses.note(`${path}.tool_calls`);
  if (part.signature !== undefined) losses.note(`${path}.tool_calls.signature`);
  return { type: 'tool_use', id: toolId(part.id), name: part.name, input, ...cacheMark(part), ...ownOf(part) };
}

function encodeToolResult(part: ToolResultPart): JsonObject {
  const content = flatMapEach(part.parts, (inner) =>
    inner.type === 'text' ? encodeText(inner) : [encodeImage(inner)],
  );
  return {
    type: 'tool_result',
    tool_use_id: toolId(part.toolCallId),
    ...(content.length > 0 && { content }),
    ...(part.isError === true && { is_error: true }),
    ...cacheMark(part),
    ...ownOf(part),
  };
}

/** The API's alphabet of ids; call and result are mapped alike, so that they still match. */
const toolId = (id: string): string => id.replace(/[^a-zA-Z0-9_-]/g, '_');

/** Without a signature of its own the API refuses a thinking block. */
function encodeReasoning(part: ReasoningPart, { path, losses }: BlockContext): JsonObject[] {
  const redacted = unseal(part.redacted);
  if (redacted !== undefined) return [{ type: 'redacted_thinking', data: redacted }];
  const signature = unseal(part.signature);
  if (signature !== undefined) return [{ type: 'thinking', thinking: part.text, signature }];
  losses.note(`${path}.reasoning`);
  return [];
}
