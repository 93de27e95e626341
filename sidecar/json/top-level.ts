/**
 * Works on the top-level members of a JSON object by bytes: finds them, reports a key that two readers could understand
 * differently, and replaces single values while every other byte (number tokens, order, spacing) stays as it came.
 */
import type { JsonValue } from '#sidecar/canonical/json';
import { endOfString } from './end-of-string.ts';

export interface TopLevelMember {
  /** The key with its escapes decoded. */
  readonly key: string;
  /** Offsets in bytes of the value, without surrounding white space. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface AmbiguousKey {
  /** The key that is read. */
  readonly key: string;
  /** `case-twin`: differs in letter case only, which some servers take for the same key. */
  readonly kind: 'duplicate' | 'case-twin';
  /** One sentence for the caller. */
  readonly message: string;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PLAIN_KEY_BYTES = 64;
/** Up to here a list is faster than a set; nearly all bodies have ten. */
const FEW_MEMBERS = 32;
const FIRST_PRINTABLE = 0x20;
const LAST_ASCII = 0x7f;
const UTF8 = new TextDecoder();

/** All top-level members in order. The bytes must have passed `parseBody`; throws SyntaxError when they are no JSON object. */
export function topLevelKeys(bytes: Uint8Array): readonly TopLevelMember[] {
  const members: TopLevelMember[] = [];
  let at = expect(bytes, skipSpace(bytes, 0), OPEN_BRACE);
  at = skipSpace(bytes, at);
  while (bytes[at] !== CLOSE_BRACE) {
    if (members.length > 0) at = skipSpace(bytes, expect(bytes, at, COMMA));
    const keyEnd = endOfString(bytes, at);
    if (bytes[at] !== QUOTE) throw new SyntaxError(`not a JSON key at byte ${at}`);
    const key = readKey(bytes, at, keyEnd);
    const valueStart = skipSpace(bytes, expect(bytes, skipSpace(bytes, keyEnd), COLON));
    const valueEnd = endOfValue(bytes, valueStart);
    members.push({ key, valueStart, valueEnd });
    at = skipSpace(bytes, valueEnd);
  }
  return members;
}

/**
 * The first of `readKeys` that occurs twice, or beside a spelling that differs in case only. The comparison folds case as Go's
 * encoding/json does (also the long s and the Kelvin sign), because some upstreams are written in it.
 */
export function findAmbiguousKey(
  members: readonly Pick<TopLevelMember, 'key'>[],
  readKeys: readonly string[],
): AmbiguousKey | undefined {
  const readKeyOf = keysByFold(readKeys);
  const seen: string[] = [];
  const many = members.length > FEW_MEMBERS ? new Set<string>() : undefined;
  for (const { key } of members) {
    // A read key as it should be folds to itself, so that only others are folded.
    const readKey = readKeyOf.get(key) === key ? key : readKeyOf.get(foldCase(key));
    if (readKey === undefined) continue;
    if (key !== readKey)
      return { key: readKey, kind: 'case-twin', message: `A top-level key differs from ${readKey} in case only.` };
    if (many?.has(key) ?? seen.includes(key))
      return { key, kind: 'duplicate', message: `The top-level key ${key} occurs twice.` };
    if (many === undefined) seen.push(key);
    else many.add(key);
  }
  return undefined;
}

/** A dialect's list is the same for every request. */
const foldedLists = new WeakMap<readonly string[], ReadonlyMap<string, string>>();

function keysByFold(readKeys: readonly string[]): ReadonlyMap<string, string> {
  let folded = foldedLists.get(readKeys);
  if (folded === undefined) {
    folded = new Map(readKeys.map((key) => [foldCase(key), key]));
    foldedLists.set(readKeys, folded);
  }
  return folded;
}

/** The new values of top-level members; undefined leaves a member out. */
export type TopLevelEdits = Readonly<Record<string, JsonValue | undefined>>;

/** `bytes` with the named top-level values replaced, appended where absent, or left out. `members` are those of `bytes`. */
export function spliceTopLevel(
  bytes: Uint8Array,
  members: readonly TopLevelMember[],
  edits: TopLevelEdits,
): Uint8Array {
  const kept = keptMembers(members, edits);
  return kept.length < members.length
    ? Buffer.concat(rewrite(bytes, kept, edits))
    : withPlaces(bytes, placesOf(bytes, members, edits));
}

/** The same, not yet joined. */
export function splicePieces(
  bytes: Uint8Array,
  members: readonly TopLevelMember[],
  edits: TopLevelEdits,
): readonly Uint8Array[] {
  const kept = keptMembers(members, edits);
  if (kept.length < members.length) return rewrite(bytes, kept, edits);
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (const { start, end, text } of placesOf(bytes, members, edits)) {
    pieces.push(bytes.subarray(copied, start), Buffer.from(text));
    copied = end;
  }
  return [...pieces, bytes.subarray(copied)];
}

function keptMembers(members: readonly TopLevelMember[], edits: TopLevelEdits): readonly TopLevelMember[] {
  const isLeftOut = ({ key }: TopLevelMember): boolean => Object.hasOwn(edits, key) && edits[key] === undefined;
  return members.some(isLeftOut) ? members.filter((member) => !isLeftOut(member)) : members;
}

/** Bytes that a text takes the place of. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** In rising order. */
function placesOf(bytes: Uint8Array, members: readonly TopLevelMember[], edits: TopLevelEdits): readonly Place[] {
  const places: Place[] = [];
  for (const { key, valueStart, valueEnd } of members)
    if (Object.hasOwn(edits, key)) places.push({ start: valueStart, end: valueEnd, text: JSON.stringify(edits[key]) });
  const added = addedText(members, edits);
  if (added === '') return places;
  const close = bytes.lastIndexOf(CLOSE_BRACE);
  places.push({ start: close, end: close, text: members.length > 0 ? `,${added}` : added });
  return places;
}

function addedText(members: readonly TopLevelMember[], edits: TopLevelEdits): string {
  let text = '';
  for (const key in edits)
    if (edits[key] !== undefined && !members.some((member) => member.key === key))
      text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(edits[key])}`;
  return text;
}

/** One buffer of the right size, since every request that passes through is copied here. */
function withPlaces(bytes: Uint8Array, places: readonly Place[]): Uint8Array {
  if (places.length === 0) return bytes;
  let length = bytes.length;
  for (const { start, end, text } of places) length += Buffer.byteLength(text) - (end - start);
  const spliced = Buffer.allocUnsafe(length);
  let copied = 0;
  let written = 0;
  for (const { start, end, text } of places) {
    spliced.set(bytes.subarray(copied, start), written);
    written += start - copied;
    written += spliced.write(text, written);
    copied = end;
  }
  spliced.set(bytes.subarray(copied), written);
  return spliced;
}

/** Where a member goes, the commas around it go too: only the values keep their bytes. */
function rewrite(bytes: Uint8Array, kept: readonly TopLevelMember[], edits: TopLevelEdits): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const missing = new Map(Object.entries(edits));
  for (const { key, valueStart, valueEnd } of kept) {
    const isEdited = missing.delete(key) || Object.hasOwn(edits, key);
    const value = isEdited ? Buffer.from(JSON.stringify(edits[key])) : bytes.subarray(valueStart, valueEnd);
    pieces.push(Buffer.from(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(key)}:`), value);
  }
  for (const text of [...missing].flatMap(memberText))
    pieces.push(Buffer.from((pieces.length === 0 ? '{' : ',') + text));
  pieces.push(Buffer.from(pieces.length === 0 ? '{}' : '}'));
  return pieces;
}

const memberText = ([key, value]: readonly [string, JsonValue | undefined]): string[] =>
  value === undefined ? [] : [`${JSON.stringify(key)}:${JSON.stringify(value)}`];

/** From the opening quote to after the closing one. The keys of APIs are short and plain; for others the parser is right. */
export function readKey(bytes: Uint8Array, start: number, end: number): string {
  let key = '';
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] ?? 0;
    if (at - start > PLAIN_KEY_BYTES || byte === BACKSLASH || byte > LAST_ASCII || byte < FIRST_PRINTABLE)
      return JSON.parse(UTF8.decode(bytes.subarray(start, end)));
    key += String.fromCharCode(byte);
  }
  return key;
}

const foldCase = (key: string): string => key.toUpperCase().toLowerCase();

export const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function expect(bytes: Uint8Array, at: number, byte: number): number {
  if (bytes[at] !== byte) throw new SyntaxError(`not a JSON object at byte ${at}`);
  return at + 1;
}

/** Offset after the value; nested brackets are only counted, since the parser has checked their kinds. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at) - 1;
    else if (byte === OPEN_BRACE || byte === 0x5b) depth += 1;
    else if (depth > 0 && (byte === CLOSE_BRACE || byte === 0x5d)) depth -= 1;
    else if (depth === 0 && (byte === COMMA || byte === CLOSE_BRACE || isSpace(byte))) return at;
  }
  throw new SyntaxError('the JSON object does not end');
}
