/** E-mail addresses as people write them: the dot-atom form of RFC 5321 with an ASCII domain that ends in letters. */
import type { Match, Matcher } from '#sidecar/guardrails/matcher';
import { startOfTail } from '#sidecar/guardrails/matcher';

const DOMAIN = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}`;
const ADDRESS = new RegExp(`[A-Za-z0-9._%+'-]{1,64}@${DOMAIN}(?![A-Za-z0-9])`, 'g');
const CHARACTERS: ReadonlySet<string> = new Set(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+'-@",
);
const LONGEST = 64 + 1 + 6 * 64 + 24 + 1;

export const email: Matcher = {
  find(text: string, from: number): Match | null {
    if (text.indexOf('@', from) < 0) return null;
    ADDRESS.lastIndex = from;
    const found = ADDRESS.exec(text);
    return found === null ? null : { start: found.index, end: found.index + found[0].length };
  },
  decidedUpTo: (text) => startOfTail(text, CHARACTERS, LONGEST),
};
