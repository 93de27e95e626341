import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachesForAnHour } from './cache-control.ts';

test('cachesForAnHour() finds the mark wherever an API lets it stand, and takes no shorter one for it', () => {
  const hour = { type: 'ephemeral', ttl: '1h' };
  assert.ok(cachesForAnHour({ cache_control: hour }));
  assert.ok(cachesForAnHour({ system: [{ type: 'text', text: 'x', cache_control: hour }] }));
  assert.ok(cachesForAnHour({ tools: [{ name: 'f', cache_control: hour }] }));
  assert.ok(
    cachesForAnHour({ messages: [{ content: [{ type: 'tool_result', content: [{ cache_control: hour }] }] }] }),
  );
  assert.ok(cachesForAnHour({ messages: [{ content: [{ cachePoint: { type: 'default', ttl: '1h' } }] }] }));
  assert.ok(
    !cachesForAnHour({ cache_control: { type: 'ephemeral', ttl: '5m' }, messages: [{ content: '"ttl":"1h"' }] }),
  );
});
