/** What an attempt to post came to. */

/** `gone`: the receiver wants no more of it (410), or it may not have it any more. */
export type PostOutcome = 'taken' | 'gone' | 'failed';

/** 2xx alone is a success; redirects are not followed, so they are failures like any other. */
export function outcomeOf(status: number): PostOutcome {
  if (status >= 200 && status < 300) return 'taken';
  return status === 410 ? 'gone' : 'failed';
}
