/** Tokens of AIKeys in whatever place clients put keys: known, refused in the words of the client's API, and passed on to nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import Anthropic, { AuthenticationError as AnthropicAuthenticationError } from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI, { AuthenticationError, AzureOpenAI, PermissionDeniedError } from 'openai';
import { CHAT, post } from '#test/sidecar/raw-http';
import { bearer, keyOf, startKeys, tokenOf } from './start-keys.ts';

const MESSAGES = [{ role: 'user' as const, content: 'Say hello.' }];
const CI = tokenOf('ci');

test('the official clients come with the key that they are given, and no provider sees it', async (t) => {
  const { url, provider, records } = await startKeys(t, [keyOf('ci')]);
  await new OpenAI({ apiKey: CI, baseURL: `${url}/v1` }).chat.completions.create({ model: 'chat', messages: MESSAGES });
  const asked = { model: 'chat', messages: MESSAGES, max_tokens: 9 };
  await new Anthropic({ apiKey: CI, baseURL: url }).messages.create(asked);
  await new Anthropic({ apiKey: null, authToken: CI, baseURL: url }).messages.create(asked);
  const google = new GoogleGenAI({ apiKey: CI, httpOptions: { baseUrl: url } });
  await google.models.generateContent({ model: 'chat', contents: 'Say hello.' });
  const azure = new AzureOpenAI({ apiKey: CI, endpoint: url, apiVersion: '2024-10-21' });
  await azure.chat.completions.create({ model: 'chat', messages: MESSAGES });
  const body = JSON.stringify({ contents: [{ parts: [{ text: 'Say hello.' }] }] });
  const path = `/v1beta/models/chat:generateContent?key=${CI}`;
  const plain = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(plain.status, 200, await plain.text());
  assert.deepEqual(
    records.map(({ key }) => key),
    Array.from({ length: 6 }, () => 'default/ci'),
  );
  const everything = inspect([provider.requests, records], { depth: null, maxStringLength: null });
  assert.equal(everything.includes(CI.slice(4)), false);
});

test('a key that is no token of ours is a placeholder, as ever', async (t) => {
  const { url, records } = await startKeys(t, [keyOf('ci')]);
  const placeholders: Record<string, string>[] = [
    {},
    { authorization: 'Bearer sk-proj-1' },
    { 'x-api-key': 'placeholder' },
    { 'api-key': '' },
  ];
  for (const headers of placeholders) assert.equal((await post(url, CHAT, headers)).status, 200);
  assert.ok(records.every(({ key }) => key === undefined));
});

for (const [name, token] of [
  ['of an AIKey that is not here', tokenOf('elsewhere')],
  ['that is cut off', CI.slice(0, -1)],
  ['that goes on', `${CI}A`],
  ['that is the prefix alone', 'rmk_'],
] as const)
  test(`a token ${name} is refused, and nothing is sent`, async (t) => {
    const { url, provider, records } = await startKeys(t, [keyOf('ci')]);
    const client = new OpenAI({ apiKey: token, baseURL: `${url}/v1` });
    await assert.rejects(client.chat.completions.create({ model: 'chat', messages: MESSAGES }), (error) => {
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.code, 'key_unknown');
      assert.equal(String(error.message).includes(token === 'rmk_' ? CI : token.slice(4)), false);
      return true;
    });
    assert.equal(provider.requests.length, 0);
    assert.deepEqual([records[0]?.outcome, records[0]?.attribution?.team], ['key_unknown', 'data']);
  });

test('two tokens in one request are none', async (t) => {
  const { url } = await startKeys(t, [keyOf('ci'), keyOf('other')]);
  const twice = await post(url, CHAT, { ...bearer('ci'), 'x-api-key': tokenOf('other') });
  assert.deepEqual([twice.status, twice.json().error.code], [401, 'key_unknown']);
  assert.equal((await post(url, CHAT, { ...bearer('ci'), 'x-api-key': CI })).status, 200);
});

test('every client is refused in the words of its own API, of a revoked key and of an expired one', async (t) => {
  let now = Date.UTC(2026, 10, 22);
  const keys = [keyOf('gone', { revoked: true }), keyOf('old', { expiresAtMs: now + 1_000 })];
  const { url, records } = await startKeys(t, keys, { deps: { now: () => now } });
  const openai = (key: string) => new OpenAI({ apiKey: tokenOf(key), baseURL: `${url}/v1` });
  const ask = (key: string) => openai(key).chat.completions.create({ model: 'chat', messages: MESSAGES });
  assert.equal((await ask('old')).object, 'chat.completion');
  now += 1_000;
  await assert.rejects(ask('old'), AuthenticationError);
  await assert.rejects(ask('gone'), PermissionDeniedError);
  assert.deepEqual(
    records.slice(1).map(({ outcome, decidedBy }) => [outcome, decidedBy]),
    [
      ['key_expired', 'AIKey default/old'],
      ['key_revoked', 'AIKey default/gone'],
    ],
  );
  const anthropic = new Anthropic({ apiKey: tokenOf('old'), baseURL: url });
  await assert.rejects(anthropic.messages.create({ model: 'chat', messages: MESSAGES, max_tokens: 9 }), (error) => {
    assert.ok(error instanceof AnthropicAuthenticationError);
    assert.match(error.message, /authentication_error.*AIKey default\/old has expired at 2026-11-22T00:00:01Z/);
    return true;
  });
  const google = new GoogleGenAI({ apiKey: tokenOf('gone'), httpOptions: { baseUrl: url } });
  await assert.rejects(google.models.generateContent({ model: 'chat', contents: 'Say hello.' }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 403);
    assert.match(error.message, /PERMISSION_DENIED/);
    return true;
  });
});
