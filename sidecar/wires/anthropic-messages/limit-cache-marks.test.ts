import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { TextPart } from '#sidecar/canonical/part';
import { Losses } from '#sidecar/wires/losses';
import { buildRequest } from '#test/support/build-request';
import { encodeRequest } from './encode-request.ts';
import { limitCacheMarks } from './limit-cache-marks.ts';

const marked = (text: string): TextPart => ({ type: 'text', text, cacheControl: {} });

const request = (turns: number): ChatRequest =>
  buildRequest({
    tools: [{ name: 'f', cacheControl: { ttl: '1h' } }],
    messages: [
      ...Array.from({ length: turns }, (_, index) => ({ role: 'user', parts: [marked(`turn ${index}`)] }) as const),
      { role: 'system', parts: [marked('system')] },
    ],
  });

test('at most four cache breakpoints are sent: the first and the last three of the prompt stay, the others are named', () => {
  const losses = new Losses('Anthropic', 'Refuse');
  const body = encodeRequest(request(5), 'claude-haiku-4-5', losses);
  const [user] = body.messages as { content: { text: string; cache_control?: object }[] }[];
  assert.deepEqual(
    user?.content.filter((block) => block.cache_control !== undefined).map(({ text }) => text),
    ['turn 2', 'turn 3', 'turn 4'],
  );
  const [tool] = body.tools as { cache_control?: object }[];
  assert.deepEqual(tool?.cache_control, { type: 'ephemeral', ttl: '1h' });
  assert.equal(JSON.stringify(body).match(/cache_control/g)?.length, 4);
  // System stands before the turns in the prompt, wherever the client put it.
  assert.deepEqual(losses.dropped, [
    'messages[5].content[0].cache_control',
    'messages[0].content[0].cache_control',
    'messages[1].content[0].cache_control',
  ]);
});

test('limitCacheMarks() leaves a request with four marks as it is, and strips those inside tool results too', () => {
  const losses = new Losses('Anthropic', 'Refuse');
  const four = request(2);
  assert.equal(limitCacheMarks(four, losses), four);
  const results = buildRequest({
    messages: Array.from({ length: 3 }, (_, index) => ({
      role: 'tool',
      parts: [{ type: 'tool-result', toolCallId: `${index}`, parts: [marked('inner')], cacheControl: {} }],
    })),
  });
  const limited = limitCacheMarks(results, losses);
  const marks = limited.messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'tool-result' ? [part.parts[0], part] : [])),
  );
  assert.deepEqual(
    marks.map((part) => part?.cacheControl !== undefined),
    [true, false, false, true, true, true],
  );
});
