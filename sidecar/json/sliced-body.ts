/**
 * Reads a large body in slices, to the same end as `parseBody` and `topLevelKeys` in one piece; one walk over the bytes finds all. What is wrong
 * with it ends the walk at once: nothing is read again to find better words.
 */
import type { JsonObject } from '#sidecar/canonical/json';
import { SLICE_BYTES, type Sliced } from '#sidecar/canonical/slice';
import { failureOf, isJsonObject, type ParsedBody, parseBody } from './body.ts';
import { cutBefore } from './cut-string.ts';
import { endOfString } from './end-of-string.ts';
import { decode, parse, Refused, SlicedTree } from './sliced-tree.ts';
import { isSpace, readKey, skipSpace, type TopLevelMember, topLevelKeys } from './top-level.ts';

export type ReadBody =
  | { readonly ok: true; readonly body: JsonObject; readonly members: readonly TopLevelMember[] }
  | Extract<ParsedBody, { ok: false }>;

export interface BodyLimits {
  readonly maxDepth: number;
  /** Looked at in slices only, since few bytes hold little: values, of which a member of an object takes two places and a container fourteen. */
  readonly maxPlaces?: number;
  /** Told after each slice how many places there are so far; what it throws ends the reading. */
  readonly weigh?: (places: number) => void;
}

/** In one piece. */
export function readBody(bytes: Uint8Array, limits: BodyLimits): ReadBody {
  const parsed = parseBody(bytes, limits);
  return parsed.ok ? { ...parsed, members: topLevelKeys(bytes) } : parsed;
}

/** Refuses what `readBody` does, a key that is longer than a slice, and what is over `maxPlaces`. Of several faults it names the one it meets first. */
export function* readBodySliced(
  bytes: Uint8Array,
  limits: BodyLimits,
  sliceBytes: number = SLICE_BYTES,
): Sliced<ReadBody> {
  const reader = new SlicedReader(bytes, limits, sliceBytes);
  try {
    yield* reader.read();
    const { body } = reader;
    if (isJsonObject(body)) return { ok: true, body, members: reader.members };
    throw new Refused('not-object');
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown;
    return failureOf(thrown.reason, limits);
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
/** What begins a JSON value that is no object: `["-0123456789tfn`. */
const NO_OBJECT: ReadonlySet<number> = new Set(Buffer.from('["-0123456789tfn'));
/** What an object or array takes in memory beside a number in a list: as it is read, in the canonical form, and as it is written for another API. */
const CONTAINER_PLACES = 14;
/** Of a member of the outermost object, whose names are compared: no API has a hundred. */
const OUTERMOST_PLACES = 512;

class SlicedReader {
  /** Offsets only: keys are read once all is known to be JSON. */
  readonly #members: { readonly keyStart: number; readonly keyEnd: number; valueStart: number; valueEnd: number }[] =
    [];
  readonly #bytes: Uint8Array;
  readonly #limits: BodyLimits & Required<Pick<BodyLimits, 'maxPlaces'>>;
  readonly #sliceBytes: number;
  readonly #tree: SlicedTree;
  /** Of the member of the outermost object that is being read; -1 before each is known. */
  #keyStart = -1;
  #keyEnd = -1;
  #valueStart = -1;
  #places = 0;

  constructor(bytes: Uint8Array, limits: BodyLimits, sliceBytes: number) {
    this.#bytes = bytes;
    this.#limits = { ...limits, maxPlaces: limits.maxPlaces ?? Number.POSITIVE_INFINITY };
    this.#sliceBytes = sliceBytes;
    this.#tree = new SlicedTree(bytes);
  }

  get body(): unknown {
    return this.#tree.root;
  }

  get members(): TopLevelMember[] {
    return this.#members.map(({ keyStart, keyEnd, valueStart, valueEnd }) => ({
      key: readKey(this.#bytes, keyStart, keyEnd),
      valueStart,
      valueEnd,
    }));
  }

  /** Throws Refused. */
  *read(): Sliced<void> {
    const bytes = this.#bytes;
    const tree = this.#tree;
    let at = skipSpace(bytes, 0);
    if (bytes[at] !== OPEN_BRACE) throw new Refused(NO_OBJECT.has(bytes[at] ?? 0) ? 'not-object' : 'syntax');
    let flushed = at;
    while (at < bytes.length) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) at = this.#shortString(at) ?? (yield* this.#longString(at));
      else this.#mark(byte, at++);
      if (tree.root !== undefined) break;
      if (at - flushed < this.#sliceBytes) continue;
      if (this.#places > this.#limits.maxPlaces) throw new Refused('too-many');
      this.#limits.weigh?.(this.#places);
      tree.flush();
      flushed = at;
      yield;
    }
    if (skipSpace(bytes, at) !== bytes.length) throw new Refused('syntax');
  }

  #mark(byte: number, at: number): void {
    if (isBracket(byte)) this.#bracket(byte, at);
    else if (byte === COMMA) this.#comma(at);
    else if (byte === COLON) this.#colon(at);
  }

  #bracket(byte: number, at: number): void {
    const tree = this.#tree;
    if (isOpening(byte)) {
      tree.open(at);
      this.#places += CONTAINER_PLACES;
      if (tree.depth > this.#limits.maxDepth) throw new Refused('too-deep');
      return;
    }
    if (tree.depth === 1) this.#member(at);
    tree.close(at);
  }

  #colon(at: number): void {
    this.#places += 1;
    if (this.#tree.depth === 1) this.#valueStart = skipSpace(this.#bytes, at + 1);
  }

  #comma(at: number): void {
    this.#places += 1;
    if (this.#tree.depth === 1) this.#member(at);
    this.#tree.comma(at);
  }

  /** The end of a string that ends within a slice. */
  #shortString(start: number): number | undefined {
    const end = this.#endWithin(start, start + this.#sliceBytes);
    if (end !== undefined) this.#key(start, end);
    return end;
  }

  *#longString(start: number): Sliced<number> {
    const bytes = this.#bytes;
    let value = '';
    for (let from = start + 1; ; yield) {
      const limit = from + this.#sliceBytes;
      const end = this.#endWithin(from - 1, limit);
      const cut = end === undefined ? cutBefore(bytes, from, limit - 1) : end - 1;
      value += textOf(bytes, from, cut);
      from = cut;
      if (end === undefined) continue;
      if (bytes[skipSpace(bytes, end)] === COLON) throw new Refused('long-key');
      this.#tree.longString(start, end, value);
      return end;
    }
  }

  /** Of a string that is read from behind `quote`: its end, where that lies before `limit`. No object ends with a string. */
  #endWithin(quote: number, limit: number): number | undefined {
    const { length } = this.#bytes;
    const end = endOfString(limit < length ? this.#bytes.subarray(0, limit) : this.#bytes, quote);
    if (end === length) throw new Refused('syntax');
    return end < limit ? end : undefined;
  }

  #key(start: number, end: number): void {
    if (this.#keyStart >= 0 || this.#tree.depth !== 1) return;
    this.#keyStart = start;
    this.#keyEnd = end;
  }

  /** One ends here; whether it is well-formed is the tree's to judge. */
  #member(end: number): void {
    const [bytes, valueStart] = [this.#bytes, this.#valueStart];
    this.#places += OUTERMOST_PLACES;
    if (this.#keyStart >= 0 && valueStart >= 0) {
      let valueEnd = end;
      while (isSpace(bytes[valueEnd - 1])) valueEnd -= 1;
      this.#members.push({ keyStart: this.#keyStart, keyEnd: this.#keyEnd, valueStart, valueEnd });
    }
    this.#keyStart = -1;
    this.#valueStart = -1;
  }
}

const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isBracket = (byte: number): boolean => isOpening(byte) || byte === 0x5d || byte === 0x7d;

const textOf = (bytes: Uint8Array, start: number, end: number): string => {
  const text = parse(`"${decode(bytes.subarray(start, end))}"`);
  if (typeof text !== 'string') throw new Refused('syntax');
  return text;
};
