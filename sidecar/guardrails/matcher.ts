/** A matcher finds one kind of thing in text. It also says how far its verdict is final while more text may still follow. */
export interface Match {
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface Matcher {
  /** Characters at the end of a text that it may have to see again once more text has come; Infinity for a match without bound. */
  readonly heldBack: number;
  /** The first match that starts at or after `from`. May look one character behind its start and one beyond its end. */
  find(text: string, from: number): Match | null;
  /**
   * More text may follow `text`. Every start below the returned offset is decided: whether a match begins there, and where it ends,
   * can no longer change.
   */
  decidedUpTo(text: string): number;
}

/** Where the run of `characters` at the end of `text` begins, but at most `longest` characters back. */
export function startOfTail(text: string, characters: ReadonlySet<string>, longest: number): number {
  const least = Math.max(0, text.length - longest);
  let start = text.length;
  while (start > least && characters.has(text[start - 1] ?? '')) start -= 1;
  return start;
}
