import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest } from './chat-request.ts';
import { mapRequestText, mapResponseText } from './visit-text.ts';

const request: ChatRequest = {
  operation: 'chat',
  model: 'm',
  messages: [
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'a' },
        { type: 'image', source: { kind: 'url', url: 'https://x/y' } },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'b', signature: 's' },
        { type: 'reasoning', text: 'c' },
        { type: 'tool-call', id: '1', name: 'f', arguments: '"d"' },
      ],
    },
    { role: 'tool', parts: [{ type: 'tool-result', toolCallId: '1', parts: [{ type: 'text', text: 'e' }] }] },
  ],
  tools: [],
  stop: [],
  stream: false,
  includeUsage: false,
  extensions: {},
};

test('mapRequestText() visits every text once and leaves signed reasoning as it was', () => {
  const seen: string[] = [];
  const mapped = mapRequestText(request, (text, site) => {
    seen.push(`${site.index} ${site.kind} ${text}`);
    return text.toUpperCase();
  });
  assert.deepEqual(seen, ['0 text a', '1 reasoning b', '1 reasoning c', '1 tool-arguments "d"', '2 tool-result e']);
  assert.deepEqual(
    mapped.messages.flatMap((message) =>
      message.parts.map((part) => JSON.stringify(part).match(/"(?:text|arguments)":"(.*?)"[,}]/)?.[1]),
    ),
    ['A', undefined, 'b', 'C', '\\"D\\"', 'E'],
  );
});

test('mapRequestText() keeps the identity of parts that do not change', () => {
  const mapped = mapRequestText(request, (text) => text);
  assert.equal(mapped.messages[0]?.parts[0], request.messages[0]?.parts[0]);
});

test('mapResponseText() reaches every choice', () => {
  const choice = (index: number) =>
    ({ index, parts: [{ type: 'refusal', text: 'no' }], finishReason: 'stop' }) as const;
  const mapped = mapResponseText({ id: '', model: '', choices: [choice(0), choice(1)], extensions: {} }, () => 'x');
  assert.deepEqual(
    mapped.choices.map((each) => each.parts),
    [[{ type: 'refusal', text: 'x' }], [{ type: 'refusal', text: 'x' }]],
  );
});
