import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptFailure } from './attempt-failure.ts';
import { finalError } from './final-error.ts';

const failure = (words: Partial<AttemptFailure>): AttemptFailure => ({
  kind: 'server-error',
  target: 'p/m',
  provider: 'default/p',
  message: 'the words of the provider',
  ...words,
});

/** Failures of one request, the code and the status that the client sees. */
const CASES: readonly (readonly [readonly Partial<AttemptFailure>[], string, number])[] = [
  [[{ kind: 'rate-limited', status: 429 }], 'upstream_rate_limited', 429],
  [[{ kind: 'quota', status: 402 }], 'upstream_rate_limited', 429],
  [[{ kind: 'overloaded', status: 503 }], 'upstream_overloaded', 503],
  [[{ kind: 'overloaded', status: 529 }], 'upstream_overloaded', 529],
  [[{ kind: 'server-error', status: 500 }], 'upstream_error', 502],
  [[{ kind: 'auth', status: 401 }], 'upstream_auth', 502],
  [[{ kind: 'auth', status: 403 }], 'upstream_auth', 502],
  [[{ kind: 'timeout' }], 'upstream_timeout', 504],
  [[{ kind: 'rejected', status: 422 }], 'upstream_rejected', 422],
  [[{ kind: 'content-filter', status: 400 }], 'upstream_rejected', 400],
  [[{ kind: 'malformed', status: 200 }], 'bad_upstream_response', 502],
  [[{ kind: 'protocol' }], 'bad_upstream_response', 502],
  [[{ kind: 'connect' }], 'connect_failed', 502],
  [[{ kind: 'tls' }], 'connect_failed', 502],
  [[{ kind: 'reset' }], 'upstream_error', 502],
  [
    [
      { kind: 'rate-limited', status: 429 },
      { kind: 'auth', status: 401 },
    ],
    'upstream_rate_limited',
    429,
  ],
  [
    [
      { kind: 'auth', status: 401 },
      { kind: 'server-error', status: 500 },
    ],
    'upstream_error',
    502,
  ],
];

test('finalError() tells the last failure, and a refused credential only when nothing else was seen', () => {
  for (const [failures, code, status] of CASES) {
    const error = finalError(failures.map(failure));
    assert.deepEqual([error.code, error.status], [code, status]);
    assert.equal(error.retryable, false);
  }
});

test('finalError() names the AIProvider where somebody has to look', () => {
  for (const kind of ['rate-limited', 'auth', 'connect', 'malformed', 'reset', 'timeout'] as const) {
    assert.match(finalError([failure({ kind })]).message, /AIProvider default\/p/);
  }
});
