/** The bytes from `start` up to `end`, and no new view of them where that is all. */
export const part = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
