/**
 * Multipart form data (RFC 7578) by bytes: finds the fields, and replaces the values of single text fields while every other byte, files
 * above all, stays as it came. What two readers could understand differently is refused.
 */
import { SLICE_BYTES, type Sliced } from '#sidecar/canonical/slice';
import { within } from '#sidecar/canonical/walk';

export interface FormField {
  readonly name: string;
  /** A file; its bytes are nobody's business here. */
  readonly isFile: boolean;
  /** Offsets in bytes of the value. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

export type ParsedForm =
  | { readonly ok: true; readonly fields: readonly FormField[] }
  /** One sentence for the caller. */
  | { readonly ok: false; readonly message: string };

/** RFC 2046, section 5.1.1: at most 70 characters, no space at the end. Quotes are optional. */
const BOUNDARY = /;\s*boundary=(?:"([\w'()+,./:=? -]{1,69}[\w'()+,./:=?-])"|([\w'+./-]{1,70}))\s*(?:;|$)/i;
const PARAMETER = ';[ \\t]*([\\w-]+\\*?)=("(?:[^"\\\\]|\\\\.)*"|[^\\s;"]*)[ \\t]*';
const PARAMETERS = new RegExp(PARAMETER, 'g');
const DISPOSITION = new RegExp(`^content-disposition[ \\t]*:[ \\t]*form-data[ \\t]*((?:${PARAMETER})*)$`, 'i');
/** What a reader who knows no escapes in quotes takes for a name, too. */
const LIKE_A_NAME = /;[ \t]*name\*?[ \t]*=/gi;
const QUOTED_NAME = /^"([^"\\]*)"$/;
/** Of a value that is written as it is (RFC 7578, section 4.7: the header is deprecated). */
const AS_IT_IS = /^content-transfer-encoding[ \t]*:[ \t]*(?:7bit|8bit|binary)[ \t]*$/i;
const MAX_FIELDS = 128;
const MAX_HEAD_BYTES = 4096;
const HEAD_END = Buffer.from('\r\n\r\n');

const failure = (message: string): ParsedForm => ({ ok: false, message });

/** The boundary that a Content-Type declares; undefined when it is not that of a form. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const found = BOUNDARY.exec(contentType);
  return found?.[1] ?? found?.[2];
}

/** Never throws. */
export function parseForm(bytes: Uint8Array, boundary: string): ParsedForm {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = `--${boundary}`;
  const delimiter = Buffer.from(`\r\n${first}`);
  // What stands before the first delimiter is for nobody, and here nobody sends it.
  if (body.toString('latin1', 0, first.length) !== first) return failure('The form does not begin with its boundary.');
  const fields: FormField[] = [];
  let at = first.length;
  while (body.toString('latin1', at, at + 2) === '\r\n') {
    if (fields.length === MAX_FIELDS) return failure(`The form has more than ${MAX_FIELDS} fields.`);
    const valueEnd = indexOf(body, delimiter, at);
    if (valueEnd < 0) return failure('The form does not end with its boundary.');
    const field = readField(body, at + 2, valueEnd);
    if (field === undefined) return failure('A field of the form has no readable name.');
    if (hasLooseBoundary(body, first, field))
      return failure('A boundary in the form does not stand on a line of its own.');
    fields.push(field);
    at = valueEnd + delimiter.length;
  }
  return /^--(\r\n)?$/.test(body.toString('latin1', at, at + 8))
    ? { ok: true, fields }
    : failure('The form does not end with its boundary.');
}

/** Some readers take a line feed or a carriage return alone for the end of a line. */
function hasLooseBoundary(body: Buffer, first: string, { valueStart, valueEnd }: FormField): boolean {
  const value = body.subarray(valueStart, valueEnd);
  return [`\n${first}`, `\r${first}`].some((loose) => indexOf(value, Buffer.from(loose), 0) >= 0);
}

function readField(body: Buffer, start: number, valueEnd: number): FormField | undefined {
  const headEnd = body.indexOf(HEAD_END, start);
  if (headEnd < 0 || headEnd + HEAD_END.length > valueEnd || headEnd - start > MAX_HEAD_BYTES) return undefined;
  const lines = body.toString('utf8', start, headEnd).split('\r\n');
  if (!lines.every(isPlainLine)) return undefined;
  const dispositions = lines.filter((line) => /^content-disposition[ \t]*:/i.test(line));
  const [disposition] = dispositions;
  const read = disposition === undefined || dispositions.length > 1 ? undefined : readDisposition(disposition);
  return read && { ...read, valueStart: headEnd + HEAD_END.length, valueEnd };
}

/** One header, on one line, which leaves the value as it is. */
const isPlainLine = (line: string): boolean =>
  !/[\r\n]/.test(line) &&
  !/^[ \t]/.test(line) &&
  (AS_IT_IS.test(line) || !/^content-transfer-encoding[ \t]*:/i.test(line));

function readDisposition(line: string): Pick<FormField, 'name' | 'isFile'> | undefined {
  const [, stated] = DISPOSITION.exec(line) ?? [];
  if (stated === undefined || line.match(LIKE_A_NAME)?.length !== 1) return undefined;
  const parameters = [...stated.matchAll(PARAMETERS)].map(
    ([, key = '', value = '']) => [key.toLowerCase(), value] as const,
  );
  const values = new Map(parameters);
  const name = QUOTED_NAME.exec(values.get('name') ?? '')?.[1];
  if (name === undefined || values.size < parameters.length) return undefined;
  return { name, isFile: values.has('filename') || values.has('filename*') };
}

/** As `Buffer.indexOf`. */
const indexOf = (body: Buffer, wanted: Buffer, from: number): number =>
  within(
    () => body.indexOf(wanted, from),
    () => indexOfSliced(body, wanted, from),
    () => SLICE_BYTES,
  );

function* indexOfSliced(body: Buffer, wanted: Buffer, from: number): Sliced<number> {
  for (let at = from; at < body.length; at += SLICE_BYTES) {
    const found = body.subarray(at, at + SLICE_BYTES + wanted.length - 1).indexOf(wanted);
    if (found >= 0) return at + found;
    yield;
  }
  return -1;
}

/** A copy of `bytes` with the values of the text fields at these places in `fields` replaced. */
export const spliceForm = (
  bytes: Uint8Array,
  fields: readonly FormField[],
  values: ReadonlyMap<number, string>,
): Uint8Array => Buffer.concat(formPieces(bytes, fields, values));

/** The same, not yet joined. */
export function formPieces(
  bytes: Uint8Array,
  fields: readonly FormField[],
  values: ReadonlyMap<number, string>,
): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const [index, { valueStart, valueEnd }] of fields.entries()) {
    const value = values.get(index);
    if (value === undefined) continue;
    pieces.push(bytes.subarray(copied, valueStart), Buffer.from(value));
    copied = valueEnd;
  }
  return [...pieces, bytes.subarray(copied)];
}
