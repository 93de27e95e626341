import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointAt } from '#sidecar/dialects/index';
import { happensOnce } from './happens-once.ts';

const TOOL = { type: 'function', name: 'weather', parameters: { type: 'object' } };
const MESSAGES = [{ role: 'user', content: 'hi' }];

const happens = (path: string, body: object, call: { readonly patienceMs?: number } = {}): boolean => {
  const endpoint = endpointAt(path);
  assert.ok(endpoint);
  return happensOnce(call, endpoint.dialect.decodeRequest(JSON.parse(JSON.stringify(body)), endpoint.values));
};

const CHAT = { model: 'chat', messages: MESSAGES };
const RESPONSES = { model: 'chat', input: 'hi' };
const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const GENERATE = '/v1beta/models/chat:generateContent';

test('what a provider runs or answers later happens once, in whichever API it is asked for', () => {
  assert.ok(happens('/v1/chat/completions', CHAT, { patienceMs: 1 }));
  assert.ok(happens('/v1/chat/completions', { ...CHAT, web_search_options: {} }));
  assert.ok(happens('/v1/responses', { ...RESPONSES, background: true }));
  assert.ok(happens('/v1/responses', { ...RESPONSES, tools: [TOOL, { type: 'web_search' }] }));
  assert.ok(happens('/v1/messages', { ...CHAT, max_tokens: 9, mcp_servers: [{ type: 'url' }] }));
  assert.ok(happens('/v1/messages', { ...CHAT, max_tokens: 9, tools: [{ type: 'web_search_20250305', name: 'w' }] }));
  assert.ok(happens(GENERATE, { ...CONTENTS, tools: [{ googleSearch: {} }] }));
});

test('a function, which the client itself runs, may be asked for again', () => {
  const { type: _, name, parameters } = TOOL;
  assert.equal(
    happens('/v1/chat/completions', { ...CHAT, tools: [{ type: 'function', function: { name, parameters } }] }),
    false,
  );
  assert.equal(happens('/v1/responses', { ...RESPONSES, tools: [TOOL] }), false);
  assert.equal(happens('/v1/messages', { ...CHAT, max_tokens: 9, tools: [{ name, input_schema: parameters }] }), false);
  assert.equal(happens(GENERATE, { ...CONTENTS, tools: [{ functionDeclarations: [{ name, parameters }] }] }), false);
});
