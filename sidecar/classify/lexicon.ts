/** Finds concepts in words. Each word is looked at once, and compared with few entries. */
import { CONCEPTS, type Concept } from './concepts.ts';

interface Entry {
  readonly concept: Concept;
  /** One, but for a phrase. */
  readonly words: readonly string[];
  /** The last word only begins so. */
  readonly isStem: boolean;
}

const ENTRIES: readonly Entry[] = Object.entries(CONCEPTS).flatMap(([concept, texts]) =>
  texts.split(', ').map((text) => ({
    concept: concept as Concept,
    words: text.replace('*', '').split(' '),
    isStem: text.endsWith('*'),
  })),
);

const INDEXED = 3;

const isStemAlone = ({ words, isStem }: Entry): boolean => isStem && words.length === 1;

/** By the beginning of the word, since the rest of it is open. */
const STEMS = Map.groupBy(ENTRIES.filter(isStemAlone), ({ words: [stem = ''] }) => stem.slice(0, INDEXED));
/** By the whole first word. */
const WORDS = Map.groupBy(
  ENTRIES.filter((entry) => !isStemAlone(entry)),
  ({ words: [first = ''] }) => first,
);

/** How often each concept is named. `words`: in lower case without diacritics. */
export function conceptsIn(words: readonly string[]): Map<Concept, number> {
  const found = new Map<Concept, number>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    addFrom(WORDS.get(word), words, index, found);
    addFrom(STEMS.get(word.slice(0, INDEXED)), words, index, found);
  }
  return found;
}

function addFrom(
  entries: readonly Entry[] | undefined,
  words: readonly string[],
  index: number,
  found: Map<Concept, number>,
): void {
  if (entries === undefined) return;
  for (const entry of entries)
    if (standsAt(words, index, entry)) found.set(entry.concept, (found.get(entry.concept) ?? 0) + 1);
}

function standsAt(words: readonly string[], index: number, { words: parts, isStem }: Entry): boolean {
  const last = parts.length - 1;
  for (let offset = 0; offset <= last; offset += 1) {
    const word = words[index + offset];
    const part = parts[offset] ?? '';
    if (word !== part && !(isStem && offset === last && word?.startsWith(part) === true)) return false;
  }
  return true;
}
