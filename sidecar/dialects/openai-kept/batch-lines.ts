/** The lines of a batch file, which say what the provider is to work off later: who checks models and text has to see what the provider will. */

import type { JsonObject } from '#sidecar/canonical/json';
import type { LaterCall } from '#sidecar/canonical/kept-request';
import { SLICE_BYTES } from '#sidecar/canonical/slice';
import { once, stepUntil } from '#sidecar/canonical/walk';
import { invalid } from '#sidecar/dialects/field';
import { DEFAULT_MAX_DEPTH, isJsonObject } from '#sidecar/json/body';
import { membersNested, readNested } from '#sidecar/json/nested';
import { findAmbiguousKey, skipSpace, type TopLevelMember } from '#sidecar/json/top-level';

const LINE_KEYS: readonly string[] = ['custom_id', 'method', 'url', 'body'];
/** Any of these twice would hide one model or one text behind another. */
const keysOfBody = (body: JsonObject): readonly string[] => {
  const keys = ['model', ...Object.keys(body)].toReversed();
  return [...new Map(keys.map((key) => [key.toLowerCase(), key])).values()];
};
const LIMITS = { maxDepth: DEFAULT_MAX_DEPTH };
const LINE_FEED = 0x0a;
/** Each is compared with all others; no API has a hundred. */
const MOST_MEMBERS = 4096;

export interface BatchLines {
  readonly lines: readonly JsonObject[];
  readonly later: readonly LaterCall[];
}

/** Throws `invalid_request` for a line that is no call of a model, or that two readers could understand differently. */
export function readBatchLines(bytes: Uint8Array): BatchLines {
  const start = (): Reading => ({ lines: [], later: [], at: 0, number: 0 });
  return stepUntil(start, (reading) => {
    if (bytes[reading.at] === LINE_FEED) {
      const feeds = once(() => feedsAt(bytes, reading.at), SLICE_BYTES);
      reading.at += feeds;
      reading.number += feeds;
      return reading.at < bytes.length ? 'more' : 'last';
    }
    const found = bytes.indexOf(LINE_FEED, reading.at);
    const end = found < 0 ? bytes.length : found;
    const place = `line ${reading.number + 1} of the file`;
    const read = readLine(bytes.subarray(reading.at, end), place);
    reading.at = end + 1;
    reading.number += 1;
    if (read !== undefined) {
      reading.lines.push(read.parsed);
      reading.later.push({ model: read.model, place });
    }
    return reading.at < bytes.length ? 'more' : 'last';
  });
}

/** How many empty lines there are from `at` on, in one slice. */
function feedsAt(bytes: Uint8Array, at: number): number {
  let feeds = 0;
  while (feeds < SLICE_BYTES && bytes[at + feeds] === LINE_FEED) feeds += 1;
  return feeds;
}

interface Reading {
  readonly lines: JsonObject[];
  readonly later: LaterCall[];
  /** Where the next line begins. */
  at: number;
  /** How many there were. */
  number: number;
}

/** undefined: there is nothing in it. */
function readLine(
  line: Uint8Array,
  place: string,
): { readonly parsed: JsonObject; readonly model: string } | undefined {
  const parsed = readNested(line, LIMITS);
  if (!parsed.ok && skipSpace(line, 0) === line.length) return undefined;
  if (!parsed.ok) throw invalid(place, 'one JSON object in UTF-8');
  const { body } = parsed.body;
  if (!isJsonObject(body) || typeof body.model !== 'string' || body.model === '')
    throw invalid(place, 'an object whose body names a model');
  const { members } = parsed;
  const at = members.find(({ key }) => key === 'body');
  const inner = at === undefined ? [] : membersOf(line.subarray(at.valueStart, at.valueEnd), place);
  const ambiguous = findAmbiguousKey(members, LINE_KEYS) ?? findAmbiguousKey(inner, keysOfBody(body));
  if (ambiguous !== undefined) throw invalid(place, `an object that has the key ${ambiguous.key} once`);
  return { parsed: parsed.body, model: body.model };
}

/** Of an object that was parsed. */
function membersOf(object: Uint8Array, place: string): readonly TopLevelMember[] {
  const members = membersNested(object);
  if (members.length > MOST_MEMBERS) throw invalid(place, `an object whose body has at most ${MOST_MEMBERS} members`);
  return members;
}
