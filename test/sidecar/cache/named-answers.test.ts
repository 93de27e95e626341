/** Answers of the Responses API have names that clients go on from: a hit has a name of its own, and what an account keeps is answered once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { ADA, startCacheStage } from './cache-stage.ts';

const clientOf = (url: string): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'placeholder', maxRetries: 0, defaultHeaders: ADA });

test('the official client goes on from a hit, whole or streamed, as from any answer that no account keeps', async (t) => {
  const stage = await startCacheStage(t, { type: 'Anthropic', fake: 'anthropic' });
  const client = clientOf(stage.running.url);
  const ask = { model: 'chat', input: 'Say hello.' };
  const first = await client.responses.create(ask);
  const again = await client.responses.create(ask);
  const streamed = await client.responses.stream(ask).finalResponse();
  assert.deepEqual(stage.results(), ['miss', 'hit', 'hit']);
  assert.deepEqual([again.output_text, streamed.output_text], [first.output_text, first.output_text]);
  assert.equal(new Set([first.id, again.id, streamed.id]).size, 3);
  for (const previous of [again, streamed]) {
    const next = await client.responses.create({
      model: 'chat',
      input: 'And again.',
      previous_response_id: previous.id,
    });
    assert.equal(next.output_text, first.output_text);
  }
  const sent = JSON.stringify(stage.provider.requests.at(-1)?.body);
  for (const said of ['Say hello.', first.output_text, 'And again.']) assert.ok(sent.includes(said), sent);
  // What is named stands in its place before anything is compared, so that the same conversation is the same request.
  assert.deepEqual(stage.results().slice(3), ['miss', 'hit']);
});

test('what an account keeps under its name is answered once, unless the client wants it kept nowhere', async (t) => {
  const stage = await startCacheStage(t, { fake: 'openai-responses' });
  const client = clientOf(stage.running.url);
  const ask = { model: 'chat', input: 'Say hello.' };
  for (const store of [undefined, undefined, false, false])
    await client.responses.create(store === undefined ? ask : { ...ask, store });
  assert.deepEqual(stage.results(), ['miss', 'miss', 'miss', 'hit']);
  await client.responses.create({ ...ask, store: true });
  assert.equal(stage.results().at(-1), 'skip');
});

test('the official client of chat completions reads a hit as it reads any answer, with the cost of nothing', async (t) => {
  const stage = await startCacheStage(t);
  const client = clientOf(stage.running.url);
  const ask = { model: 'chat', messages: [{ role: 'user' as const, content: 'Say hello.' }] };
  const first = await client.chat.completions.create(ask);
  const stream = client.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
  const again = await stream.finalChatCompletion();
  assert.equal(again.choices[0]?.message.content, first.choices[0]?.message.content);
  assert.deepEqual([again.usage?.prompt_tokens, again.usage?.completion_tokens], [20, 30]);
  assert.equal((again.usage as { cost?: number } | undefined)?.cost, 0);
  assert.deepEqual(stage.results(), ['miss', 'hit']);
});
