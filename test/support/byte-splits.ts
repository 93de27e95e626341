/** Ways to cut bytes into chunks, reproducible from a seed. */

/** Mulberry32: small, fast and good enough to choose where to cut. Values in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const singleBytes = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

/** One to nine cuts anywhere; empty chunks are possible, as on a socket they are not, but a decoder must not mind. */
export function randomSplit(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const cuts = Array.from({ length: 1 + Math.floor(random() * 9) }, () => Math.floor(random() * (bytes.length + 1)));
  cuts.push(0, bytes.length);
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}
