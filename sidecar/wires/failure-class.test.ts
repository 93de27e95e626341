import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOfStatus } from './failure-class.ts';

const MAY_COME_AGAIN = ['overloaded', 'rate-limited', 'server-error', 'timeout'];

test('what a content delivery network says for a server that it cannot reach may come again elsewhere (520 to 524), as does an overload (529)', () => {
  for (const status of [500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 498])
    assert.ok(MAY_COME_AGAIN.includes(classOfStatus(status)), String(status));
  assert.equal(classOfStatus(529), 'overloaded');
});

test('what lies in the request is the same everywhere, and a key or an account is nobody else’s', () => {
  for (const status of [400, 404, 405, 409, 413, 422]) assert.equal(classOfStatus(status), 'rejected', String(status));
  assert.deepEqual([401, 403, 402, 429].map(classOfStatus), ['auth', 'auth', 'quota', 'rate-limited']);
});

test('a success or a redirect whose body was no answer is no answer', () => {
  for (const status of [200, 204, 302]) assert.equal(classOfStatus(status), 'malformed', String(status));
});
