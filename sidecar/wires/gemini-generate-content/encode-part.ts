/** Canonical parts → parts of a content. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { FilePart, ImagePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '#sidecar/canonical/part';
import { isJsonObject } from '#sidecar/json/body';
import { parseNested } from '#sidecar/json/nested';
import type { Losses } from '#sidecar/wires/losses';
import { type PartPlace, partPath } from '#sidecar/wires/part-path';
import { isInventedId } from './call-id.ts';
import type { ModelTraits } from './model-traits.ts';
import { unseal, WIRE_ID } from './seal.ts';
import type { WireOptions } from './wire-options.ts';

export interface PartContext extends PartPlace {
  readonly options: WireOptions;
  readonly traits: ModelTraits;
  readonly losses: Losses;
}

/** Everything but results of tools, which need their call. The API refuses an empty text. */
export function encodePart(part: Exclude<Part, ToolResultPart>, context: PartContext): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
      if ((part.detail ?? 'auto') !== 'auto') context.losses.note(`${partPath(context)}.image_url.detail`);
      return [encodeImage(part)];
    case 'file':
      return [encodeFile(part, context)];
    case 'tool-call':
      return [encodeCall(part, context)];
    case 'reasoning':
      return encodeReasoning(part, context);
    case 'opaque':
      return part.api === WIRE_ID ? [part.value] : context.losses.refuse(partPath(context));
  }
}

const IMAGE_TYPE: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
};

/** The API fetches what a URL names, and wants to know its type; only the name tells. */
export function encodeImage({ source }: ImagePart): JsonObject {
  if (source.kind === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  const ending = /[.](\w+)(?:[?#].*)?$/.exec(source.url)?.[1]?.toLowerCase() ?? '';
  const mimeType = Object.hasOwn(IMAGE_TYPE, ending) ? IMAGE_TYPE[ending] : undefined;
  return { fileData: { ...(mimeType !== undefined && { mimeType }), fileUri: source.url } };
}

function encodeFile({ mediaType, data, filename }: FilePart, context: PartContext): JsonObject {
  if (filename !== undefined) context.losses.note(`${partPath(context)}.file.filename`);
  return { inlineData: { mimeType: mediaType, data } };
}

/** The API takes an object; a text that is none (the model wrote it so) is kept whole inside one, and named. */
function encodeCall(part: ToolCallPart, { options, losses, path }: PartContext): JsonObject {
  const parsed = part.arguments === '' ? {} : parseNested(part.arguments);
  if (!isJsonObject(parsed)) losses.note(`${path}.tool_calls`);
  const signature = unseal(part.signature);
  if (part.signature !== undefined && signature === undefined) losses.note(`${path}.tool_calls.signature`);
  return {
    functionCall: {
      ...idMember(part.id, options),
      name: part.name,
      args: isJsonObject(parsed) ? parsed : { arguments: part.arguments },
    },
    ...(signature !== undefined && { thoughtSignature: signature }),
  };
}

/** An id that the API did not give is not given to it. */
export const idMember = (id: string, { hasCallIds }: WireOptions): JsonObject =>
  hasCallIds && !isInventedId(id) ? { id } : {};

/** Only what this API signed means something to it; a proof without thoughts is that of the text before it. */
function encodeReasoning(part: ReasoningPart, { losses, path }: PartContext): JsonObject[] {
  const signature = unseal(part.signature);
  if (signature === undefined) {
    losses.note(`${path}.reasoning`);
    return [];
  }
  return [{ text: part.text, ...(part.text !== '' && { thought: true }), thoughtSignature: signature }];
}
