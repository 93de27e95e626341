/** Finds where a JSON string ends, at the speed of the native byte search: prompts are long strings. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Offset after the closing quote of the string that opens at `start`; the length of `bytes` when it never closes. */
export function endOfString(bytes: Uint8Array, start: number): number {
  for (let from = start + 1; ; ) {
    const quote = bytes.indexOf(QUOTE, from);
    if (quote === -1) return bytes.length;
    let backslashes = 0;
    while (bytes[quote - 1 - backslashes] === BACKSLASH && quote - 1 - backslashes > start) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
