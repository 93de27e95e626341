/** Writes a large JSON value in slices: the same bytes as JSON.stringify in one piece. */
import type { JsonValue } from '#sidecar/canonical/json';
import { SLICE_BYTES, type Sliced } from '#sidecar/canonical/slice';
import { joinSliced } from './join-sliced.ts';

export function* stringifySliced(value: JsonValue, sliceBytes: number = SLICE_BYTES): Sliced<Uint8Array> {
  const writer = new SlicedWriter(sliceBytes);
  yield* writer.value(value);
  writer.flush();
  return yield* joinSliced(writer.pieces, sliceBytes);
}

class SlicedWriter {
  readonly pieces: Uint8Array[] = [];
  readonly #sliceChars: number;
  #text = '';

  constructor(sliceChars: number) {
    this.#sliceChars = sliceChars;
  }

  flush(): void {
    this.pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }

  /** What fits a slice is written in one call; of the rest each member by itself. */
  *value(value: JsonValue | undefined): Sliced<void> {
    if (weight(value, this.#sliceChars) < this.#sliceChars) yield* this.#add(JSON.stringify(value) ?? 'null');
    else if (typeof value === 'string') yield* this.#string(value);
    else if (Array.isArray(value)) yield* this.#members(value.entries(), { brackets: '[]', keyOf: () => '' });
    else yield* this.#members(definedIn(value), { brackets: '{}', keyOf: (key) => `${JSON.stringify(key)}:` });
  }

  *#members<K>(
    members: Iterable<readonly [K, JsonValue | undefined]>,
    { brackets, keyOf }: { readonly brackets: string; readonly keyOf: (key: K) => string },
  ): Sliced<void> {
    let before = brackets[0] ?? '';
    for (const [key, member] of members) {
      this.#text += before + keyOf(key);
      before = ',';
      yield* this.value(member);
    }
    this.#text += before === ',' ? (brackets[1] ?? '') : brackets;
  }

  *#string(text: string): Sliced<void> {
    this.#text += '"';
    for (let from = 0; from < text.length; ) {
      const end = wholeCharacter(text, from + this.#sliceChars);
      yield* this.#add(JSON.stringify(text.slice(from, end)).slice(1, -1));
      from = end;
    }
    this.#text += '"';
  }

  *#add(text: string): Sliced<void> {
    this.#text += text;
    if (this.#text.length < this.#sliceChars) return;
    this.flush();
    yield;
  }
}

/** Of an object, what JSON.stringify writes. */
const definedIn = (object: Exclude<JsonValue, readonly JsonValue[]> | undefined): [string, JsonValue | undefined][] =>
  Object.entries(object ?? {}).filter(([, value]) => value !== undefined);

/** Whether it takes less than so many characters, about. */
export const isShort = (value: JsonValue, chars: number): boolean => weight(value, chars) < chars;

/** About how many characters it takes, or any number from `most` on for more: so much is looked at and no more. */
function weight(value: JsonValue | undefined, most: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 2;
  if (Array.isArray(value))
    for (let index = 0; index < value.length && sum < most; index += 1) sum += 1 + weight(value[index], most - sum);
  else
    for (const key in value) {
      sum += key.length + 4 + weight(value[key], most - sum);
      if (sum >= most) break;
    }
  return sum;
}

/** Not between the halves of a surrogate pair, which are written as escapes when they stand alone. */
function wholeCharacter(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return at < text.length && unit >= 0xd800 && unit <= 0xdbff ? at - 1 : at;
}
