/** Images and documents: the API takes their bytes and a word for their format, and no URL but one of S3. */

import type { JsonObject } from '#sidecar/canonical/json';
import type { FilePart, ImagePart } from '#sidecar/canonical/part';
import { partPath } from '#sidecar/wires/part-path';
import { mediaName } from '#sidecar/wires/path-name';
import type { BlockContext } from './encode-blocks.ts';

const IMAGE_FORMAT: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

const DOCUMENT_FORMAT: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

const formatOf = (formats: Readonly<Record<string, string>>, mediaType: string): string | undefined =>
  Object.hasOwn(formats, mediaType) ? formats[mediaType] : undefined;

export function encodeImage({ source, detail = 'auto' }: ImagePart, context: BlockContext): JsonObject {
  const { losses } = context;
  const path = partPath(context);
  if (detail !== 'auto') losses.note(`${path}.image_url.detail`);
  if (source.kind === 'url') return encodeStoredImage(source.url) ?? losses.refuse(`${path}.image_url.url`);
  const format =
    formatOf(IMAGE_FORMAT, source.mediaType) ?? losses.refuse(`${path} of media type ${mediaName(source.mediaType)}`);
  return { image: { format, source: { bytes: source.data } } };
}

/** `s3://bucket/picture.png`: the name alone tells the format. */
function encodeStoredImage(url: string): JsonObject | undefined {
  const format = formatOf(IMAGE_FORMAT, `image/${/^s3:\/\/[^?#]+\.(\w+)$/.exec(url)?.[1]?.toLowerCase()}`);
  return format === undefined ? undefined : { image: { format, source: { s3Location: { uri: url } } } };
}

export function encodeDocument(part: FilePart, context: BlockContext): JsonObject {
  const { losses, documents } = context;
  const format =
    formatOf(DOCUMENT_FORMAT, part.mediaType) ??
    losses.refuse(`${partPath(context)} of media type ${mediaName(part.mediaType)}`);
  const name = uniqueName(documentName(part.filename), documents);
  return { document: { format, name, source: { bytes: part.data } } };
}

const MAX_NAME_LENGTH = 180;

/** The API's alphabet: letters, digits, single spaces, hyphens, parentheses, brackets; the ending is the format's. */
function documentName(filename = ''): string {
  const name = filename
    .replace(/\.\w{1,5}$/, '')
    .replace(/[^a-zA-Z0-9\s()[\]-]/g, '-')
    .replace(/\s+/g, ' ')
    .trim();
  return name === '' ? 'document' : name.slice(0, MAX_NAME_LENGTH);
}

/** The API refuses the same name twice. The number comes from the order, so that a prompt cache still matches. */
function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let number = 2; taken.has(unique); number += 1) unique = `${name} (${number})`;
  taken.add(unique);
  return unique;
}
