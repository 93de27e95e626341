import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import { buildRequest } from '#test/support/build-request';
import { Losses } from './losses.ts';
import { loseParallelLimit } from './parallel-calls.ts';

const weather = [{ name: 'weather' }];

function lost(parts: Partial<ChatRequest>): string {
  const losses = new Losses('an API', 'Refuse');
  try {
    loseParallelLimit(buildRequest({ parallelToolCalls: false, tools: weather, ...parts }), losses);
  } catch {
    return 'refused';
  }
  return losses.dropped.join();
}

test('a limit to one call is refused where many may come, and left out where one tool is forced', () => {
  assert.equal(lost({}), 'refused');
  assert.equal(lost({ toolChoice: { mode: 'required' }, tools: [...weather, { name: 'time' }] }), 'refused');
  assert.equal(lost({ toolChoice: { mode: 'required' } }), 'parallel_tool_calls');
  assert.equal(lost({ toolChoice: { mode: 'tool', name: 'weather' } }), 'parallel_tool_calls');
  assert.equal(lost({ tools: [] }), '');
  assert.equal(lost({ parallelToolCalls: true }), '');
});
