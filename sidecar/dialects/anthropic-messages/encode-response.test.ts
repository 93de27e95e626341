import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Anthropic from '@anthropic-ai/sdk';
import type { ChatResponse, FinishReason } from '#sidecar/canonical/chat-response';
import type { Part } from '#sidecar/canonical/part';
import { sealedOf } from '#sidecar/canonical/sealed';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { buildRequest } from '#test/support/build-request';
import { decodeRequest } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';

const CONTEXT = { request: buildRequest(), nowSeconds: 1 };

const responseOf = (parts: readonly Part[], members: Partial<ChatResponse> = {}): ChatResponse => ({
  id: 'id-1',
  model: 'm',
  choices: [{ index: 0, parts, finishReason: 'stop' }],
  extensions: {},
  ...members,
});

const contentOf = (parts: readonly Part[]) => encodeResponse(responseOf(parts), CONTEXT).content;

test('encodeResponse() writes a message with its usage: input without what a cache held, output with thinking', () => {
  const usage = {
    ...NO_USAGE,
    inputTokens: 10,
    cacheReadTokens: 20,
    cacheWriteTokens: 10,
    cacheWrite1hTokens: 20,
    outputTokens: 4,
    reasoningTokens: 5,
  };
  assert.deepEqual(encodeResponse(responseOf([{ type: 'text', text: 'Hi' }], { usage }), CONTEXT), {
    id: 'id-1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'Hi' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: 10,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 20,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 5 },
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    },
  });
});

test('encodeResponse() gives back how cache writes split by lifetime, where the provider said so', () => {
  const cache_creation = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 };
  const extensions = { 'anthropic-messages': { usage: { cache_creation, service_tier: 'standard' } } };
  const { usage } = encodeResponse(responseOf([], { extensions }), CONTEXT) as unknown as Anthropic.Message;
  assert.deepEqual(usage.cache_creation, cache_creation);
  assert.equal(usage.service_tier, 'standard');
});

test('encodeResponse() writes tool calls with their input as an object, whatever the model wrote', () => {
  const call = (text: string): Part => ({ type: 'tool-call', id: 'a', name: 'f', arguments: text });
  assert.deepEqual(contentOf([call('{"x":1}'), call(''), call('{"x":'), call('[1]')]), [
    { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
    { type: 'tool_use', id: 'a', name: 'f', input: {} },
    { type: 'tool_use', id: 'a', name: 'f', input: { arguments: '{"x":' } },
    { type: 'tool_use', id: 'a', name: 'f', input: { arguments: '[1]' } },
  ]);
});

test('encodeResponse() gives opaque parts of this API back, and leaves out those of others', () => {
  const value = { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } };
  assert.deepEqual(
    contentOf([
      { type: 'opaque', api: 'anthropic-messages', value },
      { type: 'opaque', api: 'openai-chat', value: { type: 'custom' } },
    ]),
    [value],
  );
});

test('what other APIs signed or withheld comes back in the next turn with its maker', () => {
  const parts: Part[] = [
    { type: 'reasoning', text: 'Hm.', signature: { by: 'bedrock-converse', data: 'EqQB' } },
    { type: 'reasoning', text: '', redacted: { by: 'openai-responses', data: 'gAAA' } },
    { type: 'tool-call', id: 'a', name: 'f', arguments: '{}', signature: { by: 'google-gemini', data: 'CiQB' } },
    { type: 'reasoning', text: 'Plain.' },
    { type: 'text', text: 'Done.' },
  ];
  const content = contentOf(parts) ?? [];
  const { messages } = decodeRequest({ model: 'chat', max_tokens: 1, messages: [{ role: 'assistant', content }] });
  assert.deepEqual(messages[0]?.parts, parts);
});

test('encodeResponse() writes its own signatures as they are', () => {
  const signature = { by: 'anthropic-messages', data: 'EqQB' };
  assert.deepEqual(contentOf([{ type: 'reasoning', text: '', signature }]), [
    { type: 'thinking', thinking: '', signature: 'EqQB' },
  ]);
  assert.deepEqual(sealedOf('EqQB', 'anthropic-messages'), signature);
});

test('encodeResponse() leaves out the text of thinking, and keeps its signature, where the client asked so', () => {
  const request = decodeRequest({
    model: 'chat',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
    thinking: { type: 'adaptive', display: 'omitted' },
  });
  const signature = { by: 'anthropic-messages', data: 'EqQB' };
  const answer = encodeResponse(responseOf([{ type: 'reasoning', text: 'Hm.', signature }]), { ...CONTEXT, request });
  assert.deepEqual(answer.content, [{ type: 'thinking', thinking: '', signature: 'EqQB' }]);
});

const STOPS: readonly (readonly [FinishReason, string | undefined, string | null])[] = [
  ['stop', 'stop', 'end_turn'],
  ['stop', 'stop_sequence', 'stop_sequence'],
  ['length', 'length', 'max_tokens'],
  ['length', 'model_context_window_exceeded', 'model_context_window_exceeded'],
  ['tool-calls', 'tool_calls', 'tool_use'],
  ['pause', 'pause_turn', 'pause_turn'],
  ['refusal', undefined, 'refusal'],
  ['content-filter', 'content_filter', 'refusal'],
  // A guardrail of ours ended what the provider ended well.
  ['content-filter', 'end_turn', 'refusal'],
  ['other', 'some_new_word', 'some_new_word'],
  ['other', undefined, null],
];

test('encodeResponse() flattens no reason of an end to end_turn', () => {
  for (const [finishReason, rawFinishReason, expected] of STOPS) {
    const choice = { index: 0, parts: [], finishReason, ...(rawFinishReason !== undefined && { rawFinishReason }) };
    const { stop_reason } = encodeResponse(responseOf([], { choices: [choice] }), CONTEXT);
    assert.equal(stop_reason, expected, `${finishReason} ${rawFinishReason}`);
  }
});

test('encodeResponse() writes a refusal of OpenAI as text', () => {
  assert.deepEqual(contentOf([{ type: 'refusal', text: 'No.' }]), [{ type: 'text', text: 'No.' }]);
});
