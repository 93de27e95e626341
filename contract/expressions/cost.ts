/** How much work an expression can be for one request, reckoned by the characters that it may read. */

/** Characters that an expression may read in all, some ten milliseconds of a processor where all of them are matched by patterns. */
export const MOST_COST = 500_000;
/** How much slower RE2 reads than a plain search. */
export const PATTERN_COST = 10;
/** Of what a client can name, such as a model. */
export const LONGEST_NAME = 1_024;

/** What a part of an expression can be at most. */
export interface Size {
  /** Characters that are read to work it out. */
  readonly cost: number;
  /** Characters of the text that it is, or that each of its items is. */
  readonly length: number;
}

export const total = (sizes: readonly Size[]): number => sizes.reduce((sum, { cost }) => sum + cost, 0);
const longest = (sizes: readonly Size[]): number => sizes.reduce((most, { length }) => Math.max(most, length), 0);

/** One of them, or a list of all. */
export const largest = (sizes: readonly Size[]): Size => ({ cost: total(sizes) + 1, length: longest(sizes) });

/** To something that is no text. */
export const compared = (sizes: readonly Size[]): Size => ({ cost: total(sizes) + longest(sizes), length: 1 });

export function joined(sizes: readonly Size[]): Size {
  const length = sizes.reduce((sum, size) => sum + size.length, 0);
  return { cost: total(sizes) + length, length };
}
