/** Payment card numbers: 13 to 19 digits (ISO/IEC 7812-1), single spaces or dashes between them, with a valid Luhn check digit. */
import type { Match, Matcher } from '#sidecar/guardrails/matcher';
import { startOfTail } from '#sidecar/guardrails/matcher';

const FEWEST_DIGITS = 13;
const MOST_DIGITS = 19;
/** Digits with a separator between each, and the character after them. */
const LONGEST = 2 * MOST_DIGITS;
const CHARACTERS: ReadonlySet<string> = new Set('0123456789 -');

/** -1 for anything but an ASCII digit. */
function digitAt(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : -1;
}

function isLuhnValid(digits: readonly number[]): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits[digits.length - 1 - i] ?? 0;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The end of the longest card number that starts at `start`, or -1. */
function endOfCard(text: string, start: number): number {
  const digits: number[] = [];
  let end = -1;
  for (let at = start; digits.length < MOST_DIGITS; ) {
    const digit = digitAt(text, at);
    if (digit < 0) break;
    digits.push(digit);
    at += 1;
    const next = digitAt(text, at);
    if (next < 0 && digits.length >= FEWEST_DIGITS && isLuhnValid(digits)) end = at;
    if (next < 0 && (text[at] === ' ' || text[at] === '-')) at += 1;
  }
  return end;
}

export const creditCard: Matcher = {
  heldBack: LONGEST,
  find(text: string, from: number): Match | null {
    for (let start = from; start < text.length; start += 1) {
      // The major industry identifiers of payment networks are 2 to 6.
      const first = digitAt(text, start);
      if (first < 2 || first > 6 || digitAt(text, start - 1) >= 0) continue;
      const end = endOfCard(text, start);
      if (end > 0) return { start, end };
    }
    return null;
  },
  decidedUpTo: (text) => startOfTail(text, CHARACTERS, LONGEST),
};
