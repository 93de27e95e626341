/** How large work on a body is cut, so that no piece of it keeps the event loop from other requests. */

/** Of the body, in one piece of work: parsed, scanned or written in well under a millisecond or two. */
export const SLICE_BYTES = 256 * 1024;

/** Work that can rest between its slices; whoever drives it decides what happens meanwhile. */
export type Sliced<T> = Generator<void, T, void>;
