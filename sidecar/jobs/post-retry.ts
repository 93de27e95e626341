/** What follows an attempt to post a result, and when. */
import type { PostOutcome } from '#contract/webhook/post-outcome';

export type AfterPost = { readonly action: 'done' } | { readonly action: 'retry'; readonly afterMs: number };

const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;
/** In about a quarter of an hour. */
const MOST_ATTEMPTS = 11;

/** `attempts`: made so far. `random` in [0, 1): receivers that were away are not met by all at once. */
export function afterPost(outcome: PostOutcome, attempts: number, random: number): AfterPost {
  if (outcome !== 'failed' || attempts >= MOST_ATTEMPTS) return { action: 'done' };
  const backoffMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempts - 1));
  return { action: 'retry', afterMs: Math.round(backoffMs * (1 + random / 4)) };
}
