import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Choice } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { lostOfAnswer, lostOfEvent } from './answer-losses.ts';

const MESSAGES = { id: 'anthropic-messages' };
const CHAT = { id: 'openai-chat', writesImages: true } as const;

const choice = (
  parts: readonly Part[],
  members: JsonObject = {},
  api = 'openai-chat',
): { choices: readonly Choice[] } => ({
  choices: [{ index: 0, parts, finishReason: 'stop', extensions: { [api]: members } }],
});

const opaque = (value: JsonObject): Part => ({ type: 'opaque', api: 'openai-responses', value });

test('what only another API says of an answer is named, each once, and what says nothing is not', () => {
  const answer = choice([opaque({ type: 'web_search_call' }), opaque({ type: 'web_search_call' })], {
    annotations: [{ type: 'url_citation' }],
    audio: { id: 'a' },
    function_call: null,
    images: [],
    role: 'assistant',
  });
  const names = ['answer.web_search_call', 'answer.annotations', 'answer.audio'];
  assert.deepEqual(lostOfAnswer(answer, MESSAGES), names);
  assert.deepEqual(lostOfAnswer(answer, CHAT), ['answer.web_search_call']);
  assert.deepEqual(lostOfAnswer(answer, { id: 'openai-responses' }), ['answer.annotations', 'answer.audio']);
});

test('a cited text and a picture are named where the API has no place for them', () => {
  const inert = { citations: [{ type: 'char_location' }] };
  const cited: Part = {
    type: 'text',
    text: 'x',
    extensions: { 'anthropic-messages': { essential: {}, inert, restated: {} } },
  };
  const image: Part = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } };
  assert.deepEqual(lostOfAnswer(choice([cited, image]), CHAT), ['answer.citations']);
  assert.deepEqual(lostOfAnswer(choice([cited, image]), MESSAGES), ['answer.image']);
});

test('a name that no header takes is none', () => {
  const answer = choice([], { 'a\r\nset-cookie: b': 1, ['x'.repeat(65)]: 1, ä: 1 });
  assert.deepEqual(lostOfAnswer(answer, MESSAGES), ['answer.other']);
});

test('the events of a stream lose what a whole answer loses', () => {
  const extensions = {
    'gemini-generate-content': { groundingMetadata: { webSearchQueries: ['x'] }, safetyRatings: [{}] },
  };
  assert.deepEqual(lostOfEvent({ type: 'members', choice: 0, extensions }, CHAT), ['answer.groundingMetadata']);
  assert.deepEqual(lostOfEvent({ type: 'members', choice: 0, extensions }, { id: 'gemini-generate-content' }), []);
  const value = { type: 'content_block_stop' };
  const part = { type: 'opaque', api: 'anthropic-messages', value } as const;
  assert.deepEqual(lostOfEvent({ type: 'opaque-part', choice: 0, part }, CHAT), []);
  assert.deepEqual(lostOfEvent({ type: 'text-delta', choice: 0, text: 'x' }, CHAT), []);
});
