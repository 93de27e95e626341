import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#sidecar/canonical/json';
import { lostOfAnswer, lostOfEvent } from '#sidecar/dialects/answer-losses';
import { openaiCompatible } from '#sidecar/providers/openai-compatible/adapter';
import { canonicalEventsOf } from '#test/support/decode-provider-stream';
import { decodeResponse as bedrock } from './bedrock-converse/decode-response.ts';
import { streamDecoder as bedrockStream } from './bedrock-converse/decode-stream.ts';
import { decodeResponse as cohere } from './cohere-chat/decode-response.ts';

const READER = { id: 'openai-chat', writesImages: true } as const;
const [chat] = openaiCompatible({ preset: 'Mistral' }).wires;

test('sources and kinds that nobody here knows are told of: Converse', () => {
  const content = [
    { citationsContent: { content: [{ text: 'Cited.' }], citations: [{ title: 'A' }] } },
    { videoOfTomorrow: { x: 1 } },
  ];
  const answer = bedrock({ output: { message: { content } }, stopReason: 'end_turn' });
  assert.deepEqual(lostOfAnswer(answer, READER), ['answer.citations', 'answer.videoOfTomorrow']);
  const events = canonicalEventsOf({ streamDecoder: bedrockStream }, [
    { event: 'contentBlockDelta', data: '{"contentBlockIndex":0,"delta":{"text":"Cited."}}' },
    { event: 'contentBlockDelta', data: '{"contentBlockIndex":0,"delta":{"citation":{"title":"A"}}}' },
  ]);
  assert.deepEqual(
    events.flatMap((event) => lostOfEvent(event, READER)),
    ['answer.citation'],
  );
});

test('sources and kinds that nobody here knows are told of: Cohere', () => {
  const message = {
    role: 'assistant',
    content: [{ type: 'text', text: 'x' }, { type: 'hologram' }],
    citations: [{ start: 0 }],
  };
  const answer = cohere({ id: '1', message, finish_reason: 'COMPLETE' });
  assert.deepEqual(lostOfAnswer(answer, READER), ['answer.hologram', 'answer.citations']);
});

test('sources and kinds that nobody here knows are told of: Chat Completions, whose own members go back to its clients', () => {
  const content = [
    { type: 'text', text: 'x' },
    { type: 'reference', reference_ids: [1] },
  ];
  const message: JsonObject = { role: 'assistant', content, annotations: [{ type: 'url_citation' }] };
  const answer = chat.decodeResponse({ id: '1', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] });
  assert.deepEqual(lostOfAnswer(answer, READER), ['answer.reference']);
  assert.deepEqual(lostOfAnswer(answer, { id: 'anthropic-messages' }), ['answer.reference', 'answer.annotations']);
  const data = JSON.stringify({ id: '1', choices: [{ index: 0, delta: { content, annotations: [{}] } }] });
  const events = canonicalEventsOf(chat, [{ event: '', data }]);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['response-start', 'text-delta', 'members'],
  );
});

test('a picture that Chat Completions gives within the answer is one for all, and one elsewhere stays as it was told', () => {
  const image = (url: string) => ({ type: 'image_url', image_url: { url } });
  const answer = (images: readonly JsonObject[]) => {
    const message: JsonObject = { role: 'assistant', content: null, images: [...images] };
    return chat.decodeResponse({ id: '1', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] });
  };
  const [choice] = answer([image('data:image/png;base64,AAAA')]).choices;
  assert.deepEqual(choice?.parts, [
    { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
  ]);
  assert.equal(choice?.extensions, undefined);
  const elsewhere = answer([image('https://a.example/b.png')]);
  assert.deepEqual(elsewhere.choices[0]?.parts, []);
  assert.deepEqual(lostOfAnswer(elsewhere, { id: 'anthropic-messages' }), ['answer.images']);
});
