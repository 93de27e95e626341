/** How much of a stream's output is reserved at one time. */
import type { AttemptEstimate } from './budget-gate.ts';

/** Output tokens: a few seconds of text by its bytes, and little beside what a grant holds. */
export const SLICE_TOKENS = 512;

/** The attempt as it is reserved at first. */
export const withFirstSlice = <A extends AttemptEstimate>(attempt: A): A =>
  attempt.isSliced === true && attempt.outputTokensAtMost > SLICE_TOKENS
    ? { ...attempt, outputTokensAtMost: SLICE_TOKENS }
    : attempt;
