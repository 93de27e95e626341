import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST_HEADER } from '#contract/names/headers';
import { type HeadersQuestion, keptHeaders } from './kept-headers.ts';

test('a job keeps every header of ours but the callback that made it, and neither keys nor cookies', () => {
  const ours = Object.values(REQUEST_HEADER).filter(
    (name) => name !== REQUEST_HEADER.callback && name !== REQUEST_HEADER.explain,
  );
  const sent = Object.fromEntries([...ours, 'authorization', 'cookie', 'x-api-key'].map((name) => [name, 'a value']));
  const route = { policy: {}, rules: [] } as unknown as HeadersQuestion['route'];
  assert.deepEqual(Object.keys(keptHeaders(sent, { route, model: 'chat', reads: undefined })).sort(), ours.sort());
});
