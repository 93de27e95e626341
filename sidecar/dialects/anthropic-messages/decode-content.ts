/** Content of a message → canonical parts. Kinds that this API alone knows become opaque parts. */

import type { CacheControl } from '#sidecar/canonical/cache-control';
import type { Extensions } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { FilePart, ImagePart, Part, TextPart, ToolCallPart, ToolResultPart } from '#sidecar/canonical/part';
import { sealedOf } from '#sidecar/canonical/sealed';
import { filterEach, mapEach } from '#sidecar/canonical/walk';
import {
  invalid,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
  restOf,
} from '#sidecar/dialects/field';
import { isJsonObject } from '#sidecar/json/body';
import { stringifyNested } from '#sidecar/json/nested';
import { API_ID } from './api-id.ts';

export function decodeContent(value: JsonValue | undefined, path: string): readonly Part[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(path, 'a string or an array of blocks');
  return mapEach(value, (block, index) => decodeBlock(requiredObject(block, `${path}[${index}]`), `${path}[${index}]`));
}

function decodeBlock(block: JsonObject, path: string): Part {
  switch (requiredString(block.type, `${path}.type`)) {
    case 'text':
      return decodeText(block, path);
    case 'image':
      return decodeImage(block, path) ?? opaque(block);
    case 'document':
      return decodeDocument(block, path) ?? opaque(block);
    case 'tool_use':
      return decodeToolUse(block, path);
    case 'tool_result':
      return decodeToolResult(block, path) ?? opaque(block);
    case 'thinking':
      return decodeThinkingBlock(block, path);
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', redacted: sealedOf(requiredString(block.data, `${path}.data`), API_ID) };
    default:
      return opaque(block);
  }
}

const opaque = (value: JsonObject): Part => ({ type: 'opaque', api: API_ID, value });

/** A mark that this build does not know is one without a lifetime: it is about cost alone. */
export function decodeCacheControl(value: JsonValue | undefined, path: string): { cacheControl?: CacheControl } {
  const mark = optionalObject(value, `${path}.cache_control`);
  if (mark === undefined) return {};
  return { cacheControl: mark.ttl === '5m' || mark.ttl === '1h' ? { ttl: mark.ttl } : {} };
}

/** `inert`: of the members that are not `read`, those without which the answer is the same. */
function ownMembers(
  block: JsonObject,
  read: ReadonlySet<string>,
  inert: ReadonlySet<string>,
): { extensions?: Extensions } {
  const rest = Object.entries(restOf(block, read) ?? {});
  if (rest.length === 0) return {};
  const essential = Object.fromEntries(rest.filter(([key]) => !inert.has(key)));
  return {
    extensions: {
      [API_ID]: { essential, inert: Object.fromEntries(rest.filter(([key]) => inert.has(key))), restated: {} },
    },
  };
}

const READ_OF_TEXT = new Set(['type', 'text', 'cache_control']);
const INERT_OF_TEXT = new Set(['citations']);

function decodeText(block: JsonObject, path: string): TextPart {
  if (typeof block.text !== 'string') throw invalid(`${path}.text`, 'a string');
  return {
    type: 'text',
    text: block.text,
    ...decodeCacheControl(block.cache_control, path),
    ...ownMembers(block, READ_OF_TEXT, INERT_OF_TEXT),
  };
}

const READ_OF_MEDIA = new Set(['type', 'source', 'title', 'cache_control']);
const NONE = new Set<string>();

/** undefined: a file that lives at the provider. */
function decodeImage(block: JsonObject, path: string): ImagePart | undefined {
  const source = requiredObject(block.source, `${path}.source`);
  const decoded = imageSource(source, `${path}.source`);
  if (decoded === undefined) return undefined;
  return {
    type: 'image',
    source: decoded,
    ...decodeCacheControl(block.cache_control, path),
    ...ownMembers(block, READ_OF_MEDIA, NONE),
  };
}

function imageSource(source: JsonObject, path: string): ImagePart['source'] | undefined {
  if (source.type === 'url') return { kind: 'url', url: requiredString(source.url, `${path}.url`) };
  if (source.type !== 'base64') return undefined;
  return {
    kind: 'base64',
    mediaType: requiredString(source.media_type, `${path}.media_type`),
    data: requiredString(source.data, `${path}.data`),
  };
}

/** undefined: by URL, by id or made of blocks, which only this API takes. */
function decodeDocument(block: JsonObject, path: string): FilePart | undefined {
  const source = requiredObject(block.source, `${path}.source`);
  if (source.type !== 'base64' && source.type !== 'text') return undefined;
  const data = requiredString(source.data, `${path}.source.data`);
  const filename = optionalString(block.title, `${path}.title`);
  const { citations, ...others } = block;
  const isCited = isJsonObject(citations) && citations.enabled === true;
  return {
    type: 'file',
    mediaType: optionalString(source.media_type, `${path}.source.media_type`) ?? 'text/plain',
    data: source.type === 'base64' ? data : Buffer.from(data).toString('base64'),
    ...(filename !== undefined && { filename }),
    ...decodeCacheControl(block.cache_control, path),
    ...ownMembers(isCited ? block : others, READ_OF_MEDIA, NONE),
  };
}

const READ_OF_CALL = new Set(['type', 'id', 'name', 'input', 'cache_control']);
const INERT_OF_CALL = new Set(['caller', 'toolset_name']);

function decodeToolUse(block: JsonObject, path: string): ToolCallPart {
  return {
    type: 'tool-call',
    id: requiredString(block.id, `${path}.id`),
    name: requiredString(block.name, `${path}.name`),
    arguments: stringifyNested(optionalObject(block.input, `${path}.input`) ?? {}),
    ...decodeCacheControl(block.cache_control, path),
    ...ownMembers(block, READ_OF_CALL, INERT_OF_CALL),
  };
}

const READ_OF_RESULT = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control']);

/** undefined: it holds more than text and images, such as a document or a reference to a tool. */
function decodeToolResult(block: JsonObject, path: string): ToolResultPart | undefined {
  const toolCallId = requiredString(block.tool_use_id, `${path}.tool_use_id`);
  const content = block.content == null ? [] : decodeContent(block.content, `${path}.content`);
  const parts = filterEach(content, (part) => part.type === 'text' || part.type === 'image');
  if (parts.length < content.length) return undefined;
  const isError = optionalBoolean(block.is_error, `${path}.is_error`);
  return {
    type: 'tool-result',
    toolCallId,
    parts,
    ...(isError === true && { isError }),
    ...decodeCacheControl(block.cache_control, path),
    ...ownMembers(block, READ_OF_RESULT, INERT_OF_CALL),
  };
}

/** The text may be empty and the signature not; a block without one was never the API's own. */
function decodeThinkingBlock(block: JsonObject, path: string): Part {
  const signature = optionalString(block.signature, `${path}.signature`) ?? '';
  return {
    type: 'reasoning',
    text: optionalString(block.thinking, `${path}.thinking`) ?? '',
    ...(signature !== '' && { signature: sealedOf(signature, API_ID) }),
  };
}
