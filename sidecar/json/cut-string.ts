/** Where a long JSON string may be cut, so that each piece can be read by itself. */
const BACKSLASH = 0x5c;
/** `\uXXXX` */
const LONGEST_ESCAPE = 6;

/**
 * The last offset up to `at` that lies neither inside an escape nor inside a character of UTF-8. `from` lies outside both, at least
 * `LONGEST_ESCAPE` bytes before; all between belongs to the string.
 */
export function cutBefore(bytes: Uint8Array, from: number, at: number): number {
  let cut = at;
  while (isContinuation(bytes[cut])) cut -= 1;
  for (let back = cut; back > cut - LONGEST_ESCAPE && back > from; back -= 1)
    if (bytes[back] === BACKSLASH) return back - (backslashesBefore(bytes, back, from) % 2);
  return cut;
}

const isContinuation = (byte = 0): boolean => (byte & 0xc0) === 0x80;

/** `from` is known to stand outside an escape, so the count stops there. */
export function backslashesBefore(bytes: Uint8Array, at: number, from: number): number {
  let count = 0;
  while (at - 1 - count >= from && bytes[at - 1 - count] === BACKSLASH) count += 1;
  return count;
}
