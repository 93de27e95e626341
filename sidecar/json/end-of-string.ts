/**
 * Finds where a JSON string ends: byte by byte while it is short or dense with escapes, by the native search where it runs long, since
 * prompts are long strings and code in them is full of escaped quotes.
 */
import { backslashesBefore } from './cut-string.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Bytes to walk before the native search is worth its call. */
const STRIDE = 32;

/** Offset after the closing quote of the string that opens at `start`; the length of `bytes` when it never closes. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (;;) {
    for (const stop = at + STRIDE; at < stop; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) at += 1;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    if (backslashesBefore(bytes, quote, at) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}
