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
  const count = (entries: readonly Entry[] | undefined, index: number): void => {
    for (const entry of entries ?? [])
      if (standsAt(words, index, entry)) found.set(entry.concept, (found.get(entry.concept) ?? 0) + 1);
  };
  for (const [index, word] of words.entries()) {
    count(WORDS.get(word), index);
    count(STEMS.get(word.slice(0, INDEXED)), index);
  }
  return found;
}

const standsAt = (words: readonly string[], index: number, { words: parts, isStem }: Entry): boolean =>
  parts.every((part, offset) => {
    const word = words[index + offset];
    return word === part || (isStem && offset === parts.length - 1 && word?.startsWith(part) === true);
  });
