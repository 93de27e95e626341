/** Joins bytes in slices: memory that was never used costs more to write for the first time than the copy itself. */
import { SLICE_BYTES, type Sliced } from '#sidecar/canonical/slice';

export function* joinSliced(pieces: readonly Uint8Array[], sliceBytes: number = SLICE_BYTES): Sliced<Uint8Array> {
  const joined = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  let rested = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += sliceBytes) {
      const slice = piece.subarray(from, from + sliceBytes);
      joined.set(slice, at);
      at += slice.length;
      if (at - rested < sliceBytes) continue;
      rested = at;
      yield;
    }
  }
  return joined;
}
