import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Preset } from '#contract/resources/preset';
import { decodeRequest } from '#sidecar/dialects/anthropic-messages/decode-request';
import { decodeRequest as decodeChat } from '#sidecar/dialects/openai-chat/decode-request';
import { RemoraError } from '#sidecar/errors/remora-error';
import { openaiCompatible } from '#sidecar/providers/openai-compatible/adapter';
import { encodeRequest as toAnthropic } from './anthropic-messages/encode-request.ts';
import { encodeRequest as toBedrock } from './bedrock-converse/encode-request.ts';
import { encodeRequest as toCohere } from './cohere-chat/encode-request.ts';
import { encodeRequest as toGemini } from './gemini-generate-content/encode-request.ts';
import { Losses } from './losses.ts';
import { encodeRequest as toResponses } from './openai-responses/encode-request.ts';

const PREFILLED = decodeRequest({
  model: 'm',
  max_tokens: 99,
  system: 'Be brief.',
  messages: [
    { role: 'user', content: 'A colour as JSON.' },
    { role: 'assistant', content: '{"colour":' },
  ],
});

const chat = (preset?: Preset) => {
  const [wire] = openaiCompatible(preset === undefined ? {} : { preset }).wires;
  return (losses: Losses) => wire.encodeRequest(PREFILLED, 'm', losses);
};

const LOSING: readonly (readonly [name: string, encode: (losses: Losses) => unknown])[] = [
  ['OpenAI', (losses) => toResponses(PREFILLED, 'gpt-5.5', losses)],
  ['Gemini', (losses) => toGemini({ hasCallIds: true } as never, PREFILLED, { model: 'gemini-3.8-flash', losses })],
  ['Cohere', (losses) => toCohere(PREFILLED, 'command-a-03-2025', losses)],
  ['Llama on Bedrock', (losses) => toBedrock(PREFILLED, 'meta.llama3-3-70b-instruct-v1:0', losses)],
  ['OpenAI-compatible', chat()],
  ['Groq', chat('Groq')],
];

test('the beginning of an answer is refused by name where the model would not go on from it, and left out where the route drops', () => {
  for (const [name, encode] of LOSING) {
    assert.throws(
      () => encode(new Losses(name, 'Refuse')),
      (error) => error instanceof RemoraError && error.details.param === 'messages[2].prefill',
      name,
    );
    const losses = new Losses(name, 'Drop');
    assert.ok(!JSON.stringify(encode(losses)).includes('colour\\"'), name);
    assert.deepEqual(losses.dropped, ['messages[2].prefill'], name);
  }
});

test('the beginning of an answer goes to models that go on from it', () => {
  const encoded = (encode: (losses: Losses) => unknown) => {
    const losses = new Losses('it', 'Refuse');
    const body = encode(losses);
    assert.deepEqual(losses.dropped, []);
    return body as { readonly messages: readonly unknown[]; readonly [member: string]: unknown };
  };
  assert.deepEqual(encoded((losses) => toAnthropic(PREFILLED, 'claude-sonnet-4-5', losses)).messages.at(-1), {
    role: 'assistant',
    content: [{ type: 'text', text: '{"colour":' }],
  });
  assert.deepEqual(encoded((losses) => toBedrock(PREFILLED, 'anthropic.claude-sonnet-4-5', losses)).messages.at(-1), {
    role: 'assistant',
    content: [{ text: '{"colour":' }],
  });
  assert.equal(encoded(chat('OpenRouter')).messages.length, 3);
  assert.equal(encoded(chat('VLLM')).continue_final_message, true);
});

test('what an assistant said last is no beginning for a client of Chat Completions, whose models answer it', () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello.' },
  ];
  const losses = new Losses('Cohere', 'Refuse');
  const body = toCohere(decodeChat({ model: 'm', messages }), 'command-a-03-2025', losses);
  assert.equal((body.messages as readonly unknown[]).length, 2);
});
