/**
 * The longest text an RE2 expression can match, in UTF-16 units. Output patterns must have a bound, because a stream has to hold back
 * as many characters as may still become a match. Syntax: github.com/google/re2/wiki/Syntax; the expression must compile already.
 */

/** An output pattern may match at most this many characters. */
export const MAX_OUTPUT_MATCH_LENGTH = 256;

interface Cursor {
  readonly source: string;
  at: number;
}

/** Infinity when the expression has no bound. */
export function longestMatch(source: string): number {
  return alternation({ source, at: 0 });
}

function alternation(cursor: Cursor): number {
  let longest = sequence(cursor);
  while (cursor.source[cursor.at] === '|') {
    cursor.at += 1;
    longest = Math.max(longest, sequence(cursor));
  }
  return longest;
}

function sequence(cursor: Cursor): number {
  let total = 0;
  while (cursor.at < cursor.source.length && cursor.source[cursor.at] !== '|' && cursor.source[cursor.at] !== ')') {
    total += repeated(atom(cursor), cursor);
  }
  return total;
}

const QUANTIFIER = /(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??/y;

function repeated(length: number, cursor: Cursor): number {
  let total = length;
  for (let text = take(cursor, QUANTIFIER); text !== ''; text = take(cursor, QUANTIFIER)) total = times(total, text);
  return total;
}

/** Nothing repeated without end is still nothing. */
const times = (length: number, quantifier: string): number => (length === 0 ? 0 : length * highestCount(quantifier));

function highestCount(quantifier: string): number {
  if (quantifier.startsWith('?')) return 1;
  const counts = /^\{([0-9]+)(,([0-9]*))?\}/.exec(quantifier);
  if (counts === null) return Number.POSITIVE_INFINITY;
  if (counts[2] === undefined) return Number(counts[1]);
  return counts[3] === '' ? Number.POSITIVE_INFINITY : Number(counts[3]);
}

const GROUP_OPEN = /\((?:\?(?:P?<[^>]*>|[a-zA-Z-]*:))?/y;
const FLAGS = /\(\?[a-zA-Z-]+\)/y;
const CLASS = /\[\^?\]?(?:\[:[^\]]*:\]|\\.|[^\]\\])*\]/y;
const QUOTED = /\\Q([\s\S]*?)(?:\\E|$)/y;
const EMPTY = /\^|\$|\\[bBAz]/y;
const WIDE_ESCAPE = /\\(?:[DWSC]|[pP](?:\{[^}]*\}|.)|x\{[^}]*\})/y;
const NARROW_ESCAPE = /\\(?:x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/y;

function atom(cursor: Cursor): number {
  if (take(cursor, FLAGS) !== '' || take(cursor, EMPTY) !== '') return 0;
  if (take(cursor, GROUP_OPEN) !== '') {
    const length = alternation(cursor);
    cursor.at += 1;
    return length;
  }
  const characters = take(cursor, CLASS);
  if (characters !== '') return widthOfClass(characters);
  const quoted = take(cursor, QUOTED);
  if (quoted !== '') return quoted.replace(/^\\Q|\\E$/g, '').length;
  if (take(cursor, WIDE_ESCAPE) !== '') return 2;
  if (take(cursor, NARROW_ESCAPE) !== '') return 1;
  const character = String.fromCodePoint(cursor.source.codePointAt(cursor.at) ?? 0);
  cursor.at += character.length;
  return character === '.' ? 2 : character.length;
}

/** A class can match outside the basic plane, where one character takes two units, unless it lists plain characters only. */
const widthOfClass = (characters: string): number => (/^\[\^|\\[DWSpPx]|\[:\^|[^\p{ASCII}]/u.test(characters) ? 2 : 1);

function take(cursor: Cursor, expression: RegExp): string {
  expression.lastIndex = cursor.at;
  const found = expression.exec(cursor.source)?.[0] ?? '';
  cursor.at += found.length;
  return found;
}
