import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientRetryOf } from './client-retry.ts';

test('clientRetryOf() reads the counters of the SDKs, and believes nothing that is none', () => {
  const cases: readonly (readonly [Record<string, string | string[]>, number])[] = [
    [{}, 0],
    [{ 'x-stainless-retry-count': '0' }, 0],
    [{ 'x-stainless-retry-count': '1' }, 1],
    [{ 'x-stainless-retry-count': '2' }, 2],
    [{ 'x-stainless-retry-count': '-1' }, 0],
    [{ 'x-stainless-retry-count': '1.5' }, 0],
    [{ 'x-stainless-retry-count': 'one' }, 0],
    [{ 'x-stainless-retry-count': '99999999999' }, 0],
    [{ 'x-stainless-retry-count': ['1', '2'] }, 0],
    [{ 'amz-sdk-request': 'attempt=1; max=3' }, 0],
    [{ 'amz-sdk-request': 'attempt=3; max=3' }, 2],
    [{ 'amz-sdk-request': 'attempt=0' }, 0],
    [{ 'amz-sdk-request': 'ttl=20260101T000000Z; attempt=2; max=3' }, 1],
    [{ 'amz-sdk-request': 'attempt=2x' }, 0],
  ];
  for (const [headers, expected] of cases) assert.equal(clientRetryOf({ headers }), expected, JSON.stringify(headers));
});
