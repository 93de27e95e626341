/** JSON within JSON, such as the arguments of a call: in slices where it is a large one in a walk that rests. */
import type { JsonValue } from '#sidecar/canonical/json';
import { SLICE_BYTES } from '#sidecar/canonical/slice';
import { once, within } from '#sidecar/canonical/walk';
import { parseJson } from './body.ts';
import { type BodyLimits, type ReadBody, readBody, readBodySliced } from './sliced-body.ts';
import { isShort, stringifySliced } from './sliced-text.ts';
import { type TopLevelMember, topLevelKeys } from './top-level.ts';

/** The parsed value, or undefined when the text is not JSON. */
export const parseNested = (text: string): JsonValue | undefined =>
  text.length <= SLICE_BYTES || !text.isWellFormed()
    ? once(() => parseJson(text), text.length)
    : within(
        () => parseJson(text),
        () => parseSliced(text),
        () => 0,
      );

/** As JSON.stringify. */
export const stringifyNested = (value: JsonValue): string =>
  within(
    () => JSON.stringify(value),
    () => stringSliced(value),
    ({ length }) => length,
  );

/** Nothing but an object is as large as that; what else there is goes to the parser of the whole. */
function* parseSliced(text: string) {
  const read = yield* readBodySliced(Buffer.from(text), NO_LIMITS);
  return read.ok ? read.body : read.reason === 'syntax' ? undefined : parseJson(text);
}

const NO_LIMITS = { maxDepth: Number.POSITIVE_INFINITY };

function* stringSliced(value: JsonValue) {
  if (isShort(value, SLICE_BYTES)) return JSON.stringify(value);
  const written = yield* stringifySliced(value);
  return Buffer.from(written.buffer, written.byteOffset, written.length).toString();
}

/** As `readBody`. */
export const readNested = (bytes: Uint8Array, limits: BodyLimits): ReadBody =>
  bytes.length <= SLICE_BYTES
    ? once(() => readBody(bytes, limits), bytes.length)
    : within(
        () => readBody(bytes, limits),
        () => readBodySliced(bytes, limits),
        () => 0,
      );

/** As `topLevelKeys`. */
export const membersNested = (bytes: Uint8Array): readonly TopLevelMember[] =>
  bytes.length <= SLICE_BYTES
    ? once(() => topLevelKeys(bytes), bytes.length)
    : within(
        () => topLevelKeys(bytes),
        () => membersSliced(bytes),
        () => 0,
      );

function* membersSliced(bytes: Uint8Array) {
  const read = yield* readBodySliced(bytes, NO_LIMITS);
  return read.ok ? read.members : topLevelKeys(bytes);
}
