/** The client's body, whatever it is written in: its members, and how bytes go on with some of them changed. What two readers could understand differently is refused. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { mapEach, once } from '#sidecar/canonical/walk';
import type { ContentKind } from '#sidecar/dialects/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { boundaryOf, type FormField, formPieces, parseForm, spliceForm } from '#sidecar/form/multipart';
import { DEFAULT_MAX_DEPTH } from '#sidecar/json/body';
import { type ReadBody, readBody } from '#sidecar/json/sliced-body';
import { findAmbiguousKey, splicePieces, spliceTopLevel } from '#sidecar/json/top-level';

export interface Content {
  /** As the client sent it. */
  readonly bytes: Uint8Array;
  /** For the Content-Type of what goes on; absent where nothing does. */
  readonly type?: string;
  /** The members of the JSON object, or the text fields of the form: one string each, an array of strings where a name occurs again. */
  readonly body: JsonObject;
  /** Name and JSON of each top-level member, as it came, also of one that is there twice; of a form nothing. */
  members(): readonly (readonly [string, Uint8Array])[];
  /** The JSON of a top-level member, as it came. */
  member(name: string): Uint8Array | undefined;
  /** The bytes of the form's file of that name. */
  file(name: string): Uint8Array | undefined;
  /** The bytes with these members replaced, added, or (undefined, in JSON alone) left out, and all else untouched. A promise where it takes long. */
  edited(edits: Readonly<Record<string, JsonValue | undefined>>): Uint8Array | Promise<Uint8Array>;
  /** The same, not yet joined. */
  pieces(edits: Readonly<Record<string, JsonValue | undefined>>): readonly Uint8Array[];
  /** The bytes of another body in the place of this one; files stay. A promise where it takes long. */
  rewritten(body: JsonObject): Uint8Array | Promise<Uint8Array>;
  /** Of a large body: runs what works through all of it, with rests. */
  readonly inTurns?: <T>(work: () => T) => Promise<T>;
}

export interface ContentQuestion {
  readonly bytes: Uint8Array;
  /** As the client declares it. */
  readonly type: string | undefined;
  /** Members that are read: twice in one body is refused. */
  readonly readKeys: readonly string[];
}

/** Throws `invalid_json`, `invalid_request` or `duplicate_key`. */
export const readContent = (kind: ContentKind, question: ContentQuestion): Content => READERS[kind](question);

const NO_BYTES = new Uint8Array();
/** What a client sends all the same is read by nobody, and goes nowhere. */
const NOTHING: Content = {
  bytes: NO_BYTES,
  body: {},
  members: () => [],
  member: () => undefined,
  file: () => undefined,
  edited: () => NO_BYTES,
  pieces: () => [],
  rewritten: () => NO_BYTES,
};

const READERS: Readonly<Record<ContentKind, (question: ContentQuestion) => Content>> = {
  json: readJson,
  form: readForm,
  none: () => NOTHING,
};

/** Two million numbers in a list, or 400,000 empty objects: what takes ten times its bytes in memory ends before it is a danger. */
export const LIMITS = { maxDepth: DEFAULT_MAX_DEPTH, maxPlaces: 2 * 1024 * 1024 };

function readJson(question: ContentQuestion): Content {
  return jsonContent(readBody(question.bytes, LIMITS), question);
}

/** Of a JSON body that is parsed already. Throws as `readContent`. */
export function jsonContent(parsed: ReadBody, { bytes, readKeys }: ContentQuestion): Content {
  if (!parsed.ok) {
    throw new RemoraError({ code: 'invalid_json', message: `${parsed.message} Send one JSON object in UTF-8.` });
  }
  const { members } = parsed;
  refuseAmbiguous(members, readKeys);
  return {
    bytes,
    type: 'application/json',
    body: parsed.body,
    members: () => members.map(({ key, valueStart, valueEnd }) => [key, bytes.subarray(valueStart, valueEnd)]),
    member: (name) => {
      const place = members.find(({ key }) => key === name);
      return place && bytes.subarray(place.valueStart, place.valueEnd);
    },
    file: () => undefined,
    edited: (edits) => spliceTopLevel(bytes, members, edits),
    pieces: (edits) => splicePieces(bytes, members, edits),
    rewritten: (body) => Buffer.from(JSON.stringify(body)),
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readForm({ bytes, type = '', readKeys }: ContentQuestion): Content {
  const boundary = boundaryOf(type);
  const parsed = boundary === undefined ? NO_BOUNDARY : parseForm(bytes, boundary);
  if (!parsed.ok) throw invalidForm(parsed.message);
  const texts = mapEach(parsed.fields, (field) =>
    field.isFile ? undefined : once(() => textOf(bytes, field), field.valueEnd - field.valueStart),
  );
  refuseAmbiguous(
    parsed.fields.map(({ name }) => ({ key: name })),
    readKeys,
  );
  const body = membersOf(parsed.fields, texts);
  const { fields } = parsed;
  const edited = (edits: JsonObject): Uint8Array => spliceForm(bytes, fields, placesOf(fields, edits));
  const pieces = (edits: JsonObject): readonly Uint8Array[] => formPieces(bytes, fields, placesOf(fields, edits));
  const file = (name: string): Uint8Array | undefined => {
    const field = parsed.fields.find((one) => one.isFile && one.name === name);
    return field && bytes.subarray(field.valueStart, field.valueEnd);
  };
  return { bytes, type, body, members: () => [], member: () => undefined, file, edited, pieces, rewritten: edited };
}

const NO_BOUNDARY = { ok: false, message: 'The Content-Type names no boundary.' } as const;

const invalidForm = (message: string): RemoraError =>
  new RemoraError({
    code: 'invalid_request',
    message: `${message} Send well-formed multipart/form-data, as HTTP clients write it.`,
  });

function textOf(bytes: Uint8Array, { name, valueStart, valueEnd }: FormField): string {
  try {
    return UTF8.decode(bytes.subarray(valueStart, valueEnd));
  } catch {
    throw invalidForm(`The field ${name.replace(/[^\w[\].-]/g, '?').slice(0, 64)} is not valid UTF-8.`);
  }
}

function membersOf(fields: readonly FormField[], texts: readonly (string | undefined)[]): JsonObject {
  const members = new Map<string, JsonValue>();
  for (const [index, { name }] of fields.entries()) {
    const text = texts[index];
    if (text === undefined) continue;
    const before = members.get(name);
    members.set(name, before === undefined ? text : [...(Array.isArray(before) ? before : [before]), text]);
  }
  return Object.fromEntries(members);
}

/** A value per place of the form. What the form has no text field for cannot be added. */
function placesOf(fields: readonly FormField[], edits: JsonObject): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  const seen = new Map<string, number>();
  for (const [index, { name, isFile }] of fields.entries()) {
    const edit = isFile || !Object.hasOwn(edits, name) ? undefined : edits[name];
    const nth = seen.get(name) ?? 0;
    const value = Array.isArray(edit) ? edit[nth] : edit;
    if (typeof value === 'string') places.set(index, value);
    if (!isFile) seen.set(name, nth + 1);
  }
  return places;
}

function refuseAmbiguous(members: Parameters<typeof findAmbiguousKey>[0], readKeys: readonly string[]): void {
  const ambiguous = findAmbiguousKey(members, readKeys);
  if (ambiguous === undefined) return;
  throw new RemoraError({
    code: 'duplicate_key',
    message: `${ambiguous.message} Send each key once.`,
    param: ambiguous.key,
  });
}
