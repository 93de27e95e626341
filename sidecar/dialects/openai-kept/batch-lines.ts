/** The lines of a batch file, which say what the provider is to work off later: who checks models and text has to see what the provider will. */
import type { JsonObject } from '#sidecar/canonical/json';
import type { LaterCall } from '#sidecar/canonical/kept-request';
import { invalid } from '#sidecar/dialects/field';
import { DEFAULT_MAX_DEPTH, isJsonObject, parseBody } from '#sidecar/json/body';
import { findAmbiguousKey, topLevelKeys } from '#sidecar/json/top-level';

const LINE_KEYS: readonly string[] = ['custom_id', 'method', 'url', 'body'];
/** Any of these twice would hide one model or one text behind another. */
const keysOfBody = (body: JsonObject): readonly string[] => {
  const keys = ['model', ...Object.keys(body)].toReversed();
  return [...new Map(keys.map((key) => [key.toLowerCase(), key])).values()];
};
const LIMITS = { maxDepth: DEFAULT_MAX_DEPTH };
const LINE_FEED = 0x0a;

export interface BatchLines {
  readonly lines: readonly JsonObject[];
  readonly later: readonly LaterCall[];
}

/** Throws `invalid_request` for a line that is no call of a model, or that two readers could understand differently. */
export function readBatchLines(bytes: Uint8Array): BatchLines {
  const lines: JsonObject[] = [];
  const later: LaterCall[] = [];
  for (let start = 0, number = 1; start < bytes.length; number += 1) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(start, end);
    start = end + 1;
    if (isBlank(line)) continue;
    const place = `line ${number} of the file`;
    const { parsed, model } = readLine(line, place);
    lines.push(parsed);
    later.push({ model, place });
  }
  return { lines, later };
}

const isBlank = (line: Uint8Array): boolean => line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

function readLine(line: Uint8Array, place: string): { readonly parsed: JsonObject; readonly model: string } {
  const parsed = parseBody(line, LIMITS);
  if (!parsed.ok) throw invalid(place, 'one JSON object in UTF-8');
  const { body } = parsed.body;
  if (!isJsonObject(body) || typeof body.model !== 'string' || body.model === '')
    throw invalid(place, 'an object whose body names a model');
  const members = topLevelKeys(line);
  const at = members.find(({ key }) => key === 'body');
  const inner = at === undefined ? [] : topLevelKeys(line.subarray(at.valueStart, at.valueEnd));
  const ambiguous = findAmbiguousKey(members, LINE_KEYS) ?? findAmbiguousKey(inner, keysOfBody(body));
  if (ambiguous !== undefined) throw invalid(place, `an object that has the key ${ambiguous.key} once`);
  return { parsed: parsed.body, model: body.model };
}
