/** E-mail addresses as people write them: the dot-atom form of RFC 5321 with an ASCII domain that ends in letters. */
import type { Match, Matcher } from '#sidecar/guardrails/matcher';
import { startOfTail } from '#sidecar/guardrails/matcher';

const DOMAIN = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}`;
/** From the sign on. */
const HOST = new RegExp(`@${DOMAIN}(?![A-Za-z0-9])`, 'y');
const LOCAL = /[A-Za-z0-9._%+'-]/;
const LONGEST_LOCAL = 64;
const CHARACTERS: ReadonlySet<string> = new Set(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+'-@",
);
const LONGEST = LONGEST_LOCAL + 1 + 6 * 64 + 24 + 1;

export const email: Matcher = {
  heldBack: LONGEST,
  /** From sign to sign: an expression that begins with the local part would try it at every character of a text. */
  find(text: string, from: number): Match | null {
    for (let sign = text.indexOf('@', from); sign >= 0; sign = text.indexOf('@', sign + 1)) {
      const start = startOfLocal(text, from, sign);
      HOST.lastIndex = sign;
      if (start < sign && HOST.test(text)) return { start, end: HOST.lastIndex };
    }
    return null;
  },
  decidedUpTo: (text) => startOfTail(text, CHARACTERS, LONGEST),
};

function startOfLocal(text: string, from: number, sign: number): number {
  const least = Math.max(from, sign - LONGEST_LOCAL);
  let start = sign;
  while (start > least && LOCAL.test(text[start - 1] ?? '')) start -= 1;
  return start;
}
