import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { ChatResponse } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { streamDecoder } from '#sidecar/wires/gemini-generate-content/decode-stream';
import { buildRequest } from '#test/support/build-request';
import { encodeClientStream } from '#test/support/encode-client-stream';
import { decodeRequest } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { streamEncoder } from './encode-stream.ts';

const context = { request: buildRequest(), nowSeconds: 1 };

const encode = (events: readonly StreamEvent[]): JsonObject[] =>
  encodeClientStream(streamEncoder, events, context).map(({ data }) => JSON.parse(data));

const START: StreamEvent = { type: 'response-start', id: 'r', model: 'm' };
const END: StreamEvent = { type: 'response-end' };
const FINISH: StreamEvent = { type: 'finish', choice: 0, reason: 'stop' };

/** The assistant's parts when a client sends all contents of the chunks back, as the SDK's chats do. */
function nextTurn(chunks: readonly JsonObject[]): readonly Part[] {
  const contents = chunks.flatMap(({ candidates = [] }) =>
    (candidates as JsonObject[]).map(({ content }) => content ?? {}),
  );
  const { messages } = decodeRequest({ contents: [{ parts: [{ text: 'Hi' }] }, ...contents] }, { model: 'm' });
  return messages[1]?.parts ?? [];
}

test('interleaved calls go out whole, in order, with the reason and the usage, when the provider has ended', () => {
  const delta = (index: number, text: string): StreamEvent => ({
    type: 'tool-call-delta',
    choice: 0,
    index,
    arguments: text,
  });
  const usage = {
    ...NO_USAGE,
    inputTokens: 2,
    cacheReadTokens: 3,
    cacheWriteTokens: 1,
    outputTokens: 4,
    reasoningTokens: 5,
  };
  const chunks = encode([
    START,
    { type: 'tool-call-start', choice: 0, index: 0, id: 'a', name: 'f' },
    { type: 'tool-call-start', choice: 0, index: 1, id: 'b', name: 'g' },
    delta(1, '{"x":'),
    delta(0, '{}'),
    delta(1, '1}'),
    { type: 'finish', choice: 0, reason: 'tool-calls', raw: 'tool_calls' },
    { type: 'usage', usage },
    END,
  ]);
  assert.deepEqual(chunks, [
    {
      candidates: [
        {
          index: 0,
          content: {
            role: 'model',
            parts: [
              { functionCall: { id: 'a', name: 'f', args: {} } },
              { functionCall: { id: 'b', name: 'g', args: { x: 1 } } },
            ],
          },
          finishReason: 'STOP',
          finishMessage: 'tool_calls',
        },
      ],
      usageMetadata: {
        promptTokenCount: 6,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 5,
        cachedContentTokenCount: 3,
        totalTokenCount: 15,
      },
      modelVersion: 'm',
      responseId: 'r',
    },
  ]);
});

test('nothing that looks like success follows what did not end', () => {
  const text: StreamEvent = { type: 'text-delta', choice: 0, text: 'a' };
  const error: StreamEvent = { type: 'error', error: { class: 'overloaded', message: 'x' } };
  for (const events of [
    [START, text, FINISH],
    [START, text, FINISH, error, END],
  ])
    assert.equal(JSON.stringify(encode(events)).includes('finishReason'), false);
});

test('reasoning of another API, signed or withheld, comes back whole when a client sends its chunks back', () => {
  const by = 'anthropic-messages';
  const chunks = encode([
    START,
    { type: 'reasoning-delta', choice: 0, text: 'Let me ' },
    { type: 'reasoning-delta', choice: 0, text: 'think.' },
    { type: 'reasoning-signature', choice: 0, signature: { by, data: 'c2ln' } },
    { type: 'reasoning-redacted', choice: 0, redacted: { by, data: 'ZW5j' } },
    { type: 'reasoning-signature', choice: 0, signature: { by, data: 'ZW1wdHk=' } },
    { type: 'text-delta', choice: 0, text: 'Yes.' },
    { type: 'tool-call-start', choice: 0, index: 0, id: 'toolu_1', name: 'f', signature: { by: 'other', data: 'p' } },
    FINISH,
    END,
  ]);
  assert.deepEqual(nextTurn(chunks), [
    { type: 'reasoning', text: 'Let me think.', signature: { by, data: 'c2ln' } },
    { type: 'reasoning', text: '', redacted: { by, data: 'ZW5j' } },
    { type: 'reasoning', text: '', signature: { by, data: 'ZW1wdHk=' } },
    { type: 'text', text: 'Yes.' },
    { type: 'tool-call', id: 'toolu_1', name: 'f', arguments: '{}', signature: { by: 'other', data: 'p' } },
  ]);
  for (const match of JSON.stringify(chunks).matchAll(/"thoughtSignature":"([^"]*)"/g))
    assert.match(match[1] ?? '', /^[A-Za-z0-9+/]+=*$/, 'clients read the field as base64');
});

test('a plain answer comes back as the streamed one does', () => {
  const parts: Part[] = [
    { type: 'reasoning', text: 'Hm.', signature: { by: 'anthropic-messages', data: 'c2ln' } },
    { type: 'text', text: 'Yes.' },
    { type: 'reasoning', text: '', signature: { by: 'gemini-generate-content', data: 'b3du' } },
    {
      type: 'tool-call',
      id: 'a',
      name: 'f',
      arguments: '{"n":1}',
      signature: { by: 'gemini-generate-content', data: 'eA==' },
    },
  ];
  const response: ChatResponse = {
    id: 'r',
    model: 'm',
    choices: [{ index: 0, parts, finishReason: 'tool-calls' }],
    extensions: {},
  };
  assert.deepEqual(nextTurn([encodeResponse(response, context)]), parts);
});

test('what this API says, its encoder says again', () => {
  const folder = join(import.meta.dirname, '../../providers/gemini/fixtures');
  for (const path of globSync(join(folder, '*.events.json')).sort()) {
    const events: StreamEvent[] = JSON.parse(readFileSync(path, 'utf8'));
    if (events.some(({ type }) => type === 'error') || !events.some(({ type }) => type === 'finish')) continue;
    let state = streamDecoder.start();
    const again: StreamEvent[] = [];
    for (const chunk of encode([...events, END])) {
      const [next, decoded] = streamDecoder.step(state, { event: '', data: JSON.stringify(chunk) });
      state = next;
      again.push(...decoded);
    }
    assert.deepEqual(streamDecoder.end?.(state), [END], basename(path));
    assert.deepEqual(essence(again), essence(events), basename(path));
  }
});

/** All but the counts on the way and the kind of what was refused, which this API tells as text; calls come last. */
function essence(events: readonly StreamEvent[]): unknown {
  const ofKind = (...kinds: StreamEvent['type'][]) => events.filter(({ type }) => kinds.includes(type));
  const text = ofKind('text-delta', 'refusal-delta')
    .map((event) => ('text' in event ? event.text : ''))
    .join('');
  return [
    text,
    ofKind('reasoning-delta', 'reasoning-signature'),
    ofKind('tool-call-start', 'tool-call-delta'),
    ofKind('finish').length,
    new Set(ofKind('finish').map((event) => (event.type === 'finish' ? event.reason : ''))),
    ofKind('usage').at(-1),
  ];
}

test('a prompt that Gemini blocked is told as Gemini tells it', () => {
  const promptFeedback = { blockReason: 'SAFETY' };
  const response: ChatResponse = {
    id: 'r',
    model: 'm',
    choices: [{ index: 0, parts: [], finishReason: 'content-filter', rawFinishReason: 'SAFETY' }],
    extensions: { 'gemini-generate-content': { promptFeedback } },
  };
  assert.deepEqual(encodeResponse(response, context), { modelVersion: 'm', responseId: 'r', promptFeedback });
});

test('log probabilities go out in the words of this API', () => {
  const logprobs = {
    content: [{ token: 'Hé', logprob: -0.1, bytes: [1], top_logprobs: [{ token: 'Ho', logprob: -2, bytes: [2] }] }],
    refusal: null,
  };
  const [chunk] = encode([START, { type: 'text-delta', choice: 0, text: 'Hé', logprobs }]);
  const logprobsResult = {
    chosenCandidates: [{ token: 'Hé', logProbability: -0.1 }],
    topCandidates: [{ candidates: [{ token: 'Ho', logProbability: -2 }] }],
  };
  const content = { role: 'model', parts: [{ text: 'Hé' }] };
  assert.deepEqual(chunk?.candidates, [{ index: 0, content, logprobsResult }]);
});
