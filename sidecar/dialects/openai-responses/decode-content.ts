/** One part of an item's content → canonical part. Kinds that this API alone knows, and what it holds itself by id, become opaque parts. */

import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { FilePart, ImagePart, Part, TextPart } from '#sidecar/canonical/part';
import { mapEach } from '#sidecar/canonical/walk';
import { invalid, optionalObject, optionalString, requiredObject, requiredString } from '#sidecar/dialects/field';
import { DIALECT_ID } from './api-id.ts';

const DATA_URL = /^data:([^;,]+);base64,/;

export function decodeContent(value: JsonValue | undefined, path: string): readonly Part[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(path, 'a string or an array of parts');
  return mapEach(value, (entry, index) =>
    decodeContentPart(requiredObject(entry, `${path}[${index}]`), `${path}[${index}]`),
  );
}

function decodeContentPart(part: JsonObject, path: string): Part {
  switch (requiredString(part.type, `${path}.type`)) {
    case 'input_text':
      return { type: 'text', text: requiredText(part.text, `${path}.text`), ...decodeMark(part, path) };
    // Annotations and log probabilities tell about a text that the model wrote, and are no part of what it is told.
    case 'output_text':
      return { type: 'text', text: requiredText(part.text, `${path}.text`) };
    case 'refusal':
      return { type: 'refusal', text: requiredText(part.refusal, `${path}.refusal`) };
    case 'input_image':
      return decodeImage(part, path) ?? opaque(part);
    case 'input_file':
      return decodeFile(part, path) ?? opaque(part);
    default:
      return opaque(part);
  }
}

export const opaque = (value: JsonObject): Part => ({ type: 'opaque', api: DIALECT_ID, value });

function requiredText(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string') throw invalid(path, 'a string');
  return value;
}

/** Where a cached prompt is to end; how long it is kept has other lengths elsewhere. */
function decodeMark(part: JsonObject, path: string): Pick<TextPart, 'cacheControl' | 'extensions'> {
  const mark = optionalObject(part.prompt_cache_breakpoint, `${path}.prompt_cache_breakpoint`);
  if (mark === undefined) return {};
  return {
    cacheControl: {},
    extensions: { [DIALECT_ID]: { essential: {}, inert: {}, restated: { prompt_cache_breakpoint: mark } } },
  };
}

function decodeImage(part: JsonObject, path: string): ImagePart | undefined {
  const url = optionalString(part.image_url, `${path}.image_url`);
  if (url === undefined) return undefined;
  const detail = optionalString(part.detail, `${path}.detail`);
  const data = DATA_URL.exec(url);
  const source: ImagePart['source'] =
    data?.[1] === undefined
      ? { kind: 'url', url }
      : { kind: 'base64', mediaType: data[1], data: url.slice(data[0].length) };
  return { type: 'image', source, ...(detail !== undefined && { detail }), ...decodeMark(part, path) };
}

function decodeFile(part: JsonObject, path: string): FilePart | undefined {
  const fileData = optionalString(part.file_data, `${path}.file_data`);
  const filename = optionalString(part.filename, `${path}.filename`);
  const data = fileData === undefined ? null : DATA_URL.exec(fileData);
  if (fileData === undefined || data?.[1] === undefined || part.detail != null) return undefined;
  return {
    type: 'file',
    mediaType: data[1],
    data: fileData.slice(data[0].length),
    ...(filename !== undefined && { filename }),
    ...decodeMark(part, path),
  };
}
