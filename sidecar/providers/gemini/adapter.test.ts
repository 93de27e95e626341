import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { adapterSuite } from '#test/support/adapter-suite';
import { gemini } from './adapter.ts';

adapterSuite(gemini, { folder: join(import.meta.dirname, 'fixtures'), model: 'gemini-3.8-flash' });

test('the model stands in the path, and a stream is asked for as server-sent events: else it would be one array', () => {
  const [wire] = gemini.wires;
  assert.match(wire.path('gemini-3.8-flash', false), /\/models\/gemini-3\.8-flash:generateContent$/);
  assert.match(wire.path('gemini-3.8-flash', true), /\/models\/gemini-3\.8-flash:streamGenerateContent\?alt=sse$/);
});
