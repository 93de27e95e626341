/**
 * Builds the value of a large JSON text from pieces of it: the containers that are open while the text is read are made here one by one, and
 * whatever ended between two of their commas is left to JSON.parse in one call. Accepts what JSON.parse of the whole would, and nothing else.
 */
import type { JsonValue } from '#sidecar/canonical/json';
import type { BodyFailureReason } from './body.ts';

const OPEN = { object: 0x7b, array: 0x5b } as const;
const CLOSE = { object: 0x7d, array: 0x5d } as const;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A container that is open at the place where the text is being read. Offsets in bytes. */
interface Level {
  readonly kind: 'object' | 'array';
  readonly open: number;
  /** Behind what is in `value` already: at the comma that follows it, or behind the opening bracket. */
  from: number;
  /** The last comma directly in it; -1 for none behind `from`. */
  comma: number;
  isEmpty: boolean;
  /** undefined: nothing was taken from it so far, and it may yet be parsed with its parent. */
  value: JsonValue[] | Members | undefined;
  /** What it is called in the object around it. */
  key: string | undefined;
}

/** What is read is not what it has to be. */
export class Refused extends Error {
  readonly reason: BodyFailureReason;

  constructor(reason: BodyFailureReason) {
    super(reason);
    this.reason = reason;
  }
}

export class SlicedTree {
  readonly #bytes: Uint8Array;
  readonly #levels: Level[] = [];
  /** Of the outermost container, once it is closed. */
  root: JsonValue | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get depth(): number {
    return this.#levels.length;
  }

  open(at: number): void {
    const kind = this.#bytes[at] === OPEN.object ? 'object' : 'array';
    this.#levels.push({
      kind,
      open: at,
      from: at + 1,
      comma: -1,
      isEmpty: true,
      value: undefined,
      key: undefined,
    });
  }

  comma(at: number): void {
    const level = this.#levels.at(-1);
    if (level !== undefined) level.comma = at;
  }

  close(at: number): void {
    const level = this.#levels.at(-1);
    if (level === undefined || this.#bytes[at] !== CLOSE[level.kind]) throw new Refused('syntax');
    if (this.#levels.length === 1) this.#make();
    if (level.value !== undefined) {
      this.#take(level, at, true);
      this.#levels.pop();
      this.#put(level.key, at + 1, level.value);
    } else this.#levels.pop();
  }

  /** Takes what has ended by now, so that no piece grows beyond a slice. */
  flush(): void {
    this.#make();
  }

  /** A string that is built elsewhere, since it alone is longer than a slice. Offsets of its quotes, the end exclusive. */
  longString(start: number, end: number, value: string): void {
    this.#make();
    const level = this.#levels.at(-1);
    if (level === undefined) throw new Refused('syntax');
    this.#put(this.#keyBefore(level, start), end, value);
  }

  /** From the outermost inwards: each open container exists, and holds all of its elements that a comma follows. */
  #make(): void {
    for (const [depth, level] of this.#levels.entries()) {
      if (level.value === undefined) {
        const parent = this.#levels[depth - 1];
        if (parent !== undefined) level.key = this.#keyBefore(parent, level.open);
        level.value = level.kind === 'object' ? {} : [];
      }
      if (level.comma >= level.from) this.#take(level, level.comma, false);
    }
  }

  /** The elements between what was taken before and `end`. */
  #take(level: Level, end: number, isLast: boolean): void {
    const elements = elementsIn(this.#text(level.from, end), level.isEmpty, isLast);
    level.from = end;
    if (elements === undefined) return;
    level.isEmpty = false;
    const { value } = level;
    if (Array.isArray(value)) for (const one of valuesOf(parse(`[${elements}]`))) value.push(one);
    else if (value !== undefined)
      for (const [key, one] of Object.entries(parse(`{${elements}}`) ?? {})) setMember(value, key, one);
  }

  /** Of the value that begins at `start`, from all that stands before it and behind the last element: undefined in an array. */
  #keyBefore(level: Level, start: number): string | undefined {
    let text = trimStart(this.#text(level.from, start));
    if (!level.isEmpty) {
      if (text[0] !== ',') throw new Refused('syntax');
      text = trimStart(text.slice(1));
    }
    if (level.kind === 'array') {
      if (text !== '') throw new Refused('syntax');
      return undefined;
    }
    // Else a number before the value would swallow the digit that stands in for it.
    if (!/:[ \t\n\r]*$/.test(text)) throw new Refused('syntax');
    const [key, ...others] = Object.keys(parse(`{${text}0}`) ?? {});
    if (key === undefined || others.length > 0) throw new Refused('syntax');
    return key;
  }

  #put(key: string | undefined, end: number, value: JsonValue): void {
    const parent = this.#levels.at(-1);
    if (parent === undefined) {
      this.root = value;
      return;
    }
    if (Array.isArray(parent.value)) parent.value.push(value);
    else if (parent.value !== undefined && key !== undefined) setMember(parent.value, key, value);
    parent.isEmpty = false;
    parent.from = end;
  }

  #text(start: number, end: number): string {
    return decode(this.#bytes.subarray(start, end));
  }
}

/** Without the comma before them; undefined for none. */
function elementsIn(source: string, isFirst: boolean, isLast: boolean): string | undefined {
  const text = trimStart(source);
  // Nothing may stand before the closing bracket, and behind a container that was taken by itself, but not before the first comma.
  if (text === '' && (isLast || !isFirst)) return undefined;
  const elements = isFirst ? text : text.slice(1);
  if ((!isFirst && text[0] !== ',') || trimStart(elements) === '') throw new Refused('syntax');
  return elements;
}

const valuesOf = (value: JsonValue): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** Throws Refused for what is not UTF-8. */
export function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Refused('not-utf8');
  }
}

export function parse(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused('syntax');
  }
}

type Members = Record<string, JsonValue>;

/** As JSON.parse makes it: `__proto__` is a member like others. */
function setMember(members: Members, key: string, value: JsonValue): void {
  if (key !== '__proto__') members[key] = value;
  else Object.defineProperty(members, key, { value, configurable: true, enumerable: true, writable: true });
}

/** Of the white space of JSON, which is less than that of the language. */
const trimStart = (text: string): string => text.replace(/^[ \t\n\r]+/, '');
