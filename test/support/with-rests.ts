/** What a pure function gives when its walks rest after every item or two, which must be what it gives in one piece. */
import assert from 'node:assert/strict';
import type { Sliced } from '#sidecar/canonical/slice';
import { resting } from '#sidecar/canonical/walk';

export function finish<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** The error is part of what a function comes to. */
function outcomeOf<T>(work: () => T): { readonly value?: T; readonly thrown?: unknown } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { thrown };
  }
}

/** `begin` makes the function, and once for each time what outlives its rests. Undefined where it throws, with rests and without. */
export function assertSameWithRests<T>(begin: () => () => T, message: string): T | undefined {
  const straight = outcomeOf(begin());
  for (const slice of [1, 2, 5])
    assert.deepEqual(
      outcomeOf(() => finish(resting(begin(), slice))),
      straight,
      message,
    );
  return straight.value;
}
