import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RETRY, RETRY_CONDITIONS } from '#contract/resources/route-resilience';
import type { AttemptFailure, AttemptFailureKind } from '#sidecar/errors/attempt-failure';
import { type AttemptState, BACKOFF_CAP_MS, decideNext } from './decide-next.ts';

const failure = (kind: AttemptFailureKind, retryAfterMs?: number): AttemptFailure => ({
  kind,
  target: 'p/m',
  provider: 'default/p',
  message: 'x',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const state = (words: Partial<AttemptState> = {}): AttemptState => ({
  retriesLeft: 1,
  retriesDone: 0,
  hasNext: true,
  retryOn: DEFAULT_RETRY.on,
  remainingMs: 60_000,
  ...words,
});
const retry = (afterMs: number) => ({ action: 'retry', afterMs });
const NEXT = { action: 'next' };
const GIVE_UP = { action: 'give-up' };
const NONE_LEFT = { retriesLeft: 0 };
const LAST = { hasNext: false };

/** Failure, state, what follows with a random of 0.5. */
const CASES: readonly (readonly [AttemptFailure, Partial<AttemptState>, object])[] = [
  ...(['overloaded', 'server-error', 'timeout', 'connect', 'dns', 'reset', 'aborted'] as const).flatMap(
    (kind) =>
      [
        [failure(kind), {}, retry(50)],
        [failure(kind), { retriesDone: 2 }, retry(200)],
        [failure(kind), { retriesDone: 30 }, retry(BACKOFF_CAP_MS / 2)],
        [failure(kind), NONE_LEFT, NEXT],
        [failure(kind), { ...NONE_LEFT, ...LAST }, GIVE_UP],
        [failure(kind), { remainingMs: 50 }, NEXT],
        [failure(kind), { remainingMs: 50, ...LAST }, GIVE_UP],
      ] as const,
  ),
  ...(['quota', 'auth', 'credential', 'malformed', 'tls', 'protocol'] as const).flatMap(
    (kind) =>
      [
        [failure(kind), {}, NEXT],
        [failure(kind), LAST, GIVE_UP],
      ] as const,
  ),
  ...(['rejected', 'content-filter'] as const).map((kind) => [failure(kind), {}, GIVE_UP] as const),
  [failure('rate-limited', 500), {}, retry(550)],
  [failure('rate-limited', 2_000), {}, retry(2_050)],
  [failure('rate-limited', 2_001), {}, NEXT],
  [failure('rate-limited', 2_001), LAST, GIVE_UP],
  [failure('rate-limited', 500), { remainingMs: 550 }, NEXT],
  [failure('rate-limited', 500), NONE_LEFT, NEXT],
  [failure('rate-limited'), {}, NEXT],
  [failure('rate-limited'), LAST, retry(50)],
  ...(['malformed', 'protocol'] as const).map(
    (kind) => [failure(kind), { retryOn: ['BadResponse'] }, retry(50)] as const,
  ),
  [failure('tls'), { retryOn: RETRY_CONDITIONS }, NEXT],
  [failure('rejected'), { retryOn: RETRY_CONDITIONS }, GIVE_UP],
  [failure('overloaded'), { retryOn: [] }, NEXT],
  [failure('rate-limited', 500), { retryOn: ['Overloaded'] }, NEXT],
  [{ ...failure('server-error'), mayRetry: false }, {}, NEXT],
  [{ ...failure('server-error'), mayRetry: false }, LAST, GIVE_UP],
  [{ ...failure('server-error'), mayRetry: true }, {}, retry(50)],
  [failure('overloaded', 1_000), {}, retry(1_050)],
  [failure('overloaded', 60_000), {}, NEXT],
];

test(`decideNext() follows its table in ${CASES.length} cases`, () => {
  for (const [failed, words, expected] of CASES) {
    const told = `${failed.kind} ${failed.retryAfterMs ?? ''} ${JSON.stringify(words)}`;
    assert.deepEqual(decideNext(failed, state(words), 0.5), expected, told);
  }
});
