/**
 * What one API says of a choice beside its text while it streams. Some of it comes in pieces, such as the transcript of what is spoken, and nobody
 * here knows what: so all of it waits for the end of the choice, and texts of one place are inspected as the one text that they may be.
 */
import type { ApiMembers } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';

/** The output of one text that comes in these pieces, in as many pieces. */
export type MaskPieces = (pieces: readonly string[]) => readonly string[];

/** Characters; patterns take a third of a second for them. */
const MOST_CHARS = 1024 * 1024;

export class HeldMembers {
  readonly #held: ApiMembers[] = [];
  #chars = 0;

  /** False when that is more than can wait. */
  hold(members: ApiMembers): boolean {
    this.#held.push(members);
    for (const own of Object.values(members)) eachText(own, '', (_, text) => this.#count(text));
    return this.#chars <= MOST_CHARS;
  }

  #count(text: string): string {
    this.#chars += text.length;
    return text;
  }

  /** In the order in which they came. */
  release(mask: MaskPieces): readonly ApiMembers[] {
    const pieces = new Map<string, string[]>();
    this.#visit((place, text) => {
      const former = pieces.get(place);
      if (former === undefined) pieces.set(place, [text]);
      else former.push(text);
      return text;
    });
    const masked = new Map([...pieces].map(([place, texts]) => [place, inspected(texts, mask).values()]));
    return this.#visit((place) => masked.get(place)?.next().value ?? '');
  }

  #visit(change: TextAt): readonly ApiMembers[] {
    return this.#held.map((members) =>
      Object.fromEntries(Object.entries(members).map(([api, own]) => [api, own && changed(own, api, change)])),
    );
  }
}

/** Each by itself where that gives the same: the names of two sources are no text of which a part could move into the other. */
function inspected(texts: readonly string[], mask: MaskPieces): readonly string[] {
  const apart = texts.flatMap((text) => mask([text]));
  if (texts.length === 1) return apart;
  const together = mask(texts);
  return together.join('') === apart.join('') ? apart : together;
}

type TextAt = (place: string, text: string) => string;

const changed = (object: JsonObject, place: string, change: TextAt): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, eachText(value, `${place}.${key}`, change)]));

function eachText(value: JsonValue | undefined, place: string, change: TextAt): JsonValue | undefined {
  if (typeof value === 'string') return change(place, value);
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value)) return changed(value, place, change);
  return value.map((item, index) => eachText(item, `${place}[${index}]`, change) ?? null);
}
