/** Streams as hostile as the standard allows, and some more so, through a whole sidecar: what clients of two APIs read of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { randomSplit, seededRandom } from '#test/support/byte-splits';
import { LONG_LINE, streamOf, TEXT, TORTURE, USAGE } from '#test/support/torture-streams';
import { startCutter } from './cutter.ts';
import { post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar } from './start-sidecar.ts';

const SEED = 20_261_121;
const ASK = { model: 'chat', messages: [{ role: 'user' as const, content: 'Hi' }] };
const WITH_USAGE = JSON.stringify({ ...JSON.parse(STREAMED_CHAT), stream_options: { include_usage: true } });

async function start(t: { after(release: () => Promise<void>): void }) {
  const cutter = await startCutter(t);
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: cutter.url }, next: { type: 'Mock' } },
      routes: [
        { targets: [{ provider: 'p' }] },
        { models: ['safe'], targets: [{ provider: 'p' }], fallbacks: [{ provider: 'next', model: 'any' }] },
      ],
    },
  });
  const options = { apiKey: 'placeholder', maxRetries: 0 };
  return {
    cutter,
    running,
    openai: new OpenAI({ ...options, baseURL: `${running.url}/v1` }),
    anthropic: new Anthropic({ ...options, baseURL: running.url }),
  };
}

for (const { name, bytes, text = TEXT } of [...TORTURE, LONG_LINE])
  test(`a stream with ${name} reaches OpenAI's clients untouched and Anthropic's translated, and its tokens are counted (seed ${SEED})`, async (t) => {
    const { cutter, running, anthropic } = await start(t);
    const random = seededRandom(SEED);
    cutter.state.pieces = randomSplit(bytes, random);
    const answer = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: WITH_USAGE,
    });
    const got = Buffer.from(await answer.arrayBuffer());
    // Nothing is read after the first mark of the end.
    assert.ok(bytes.subarray(0, got.length).equals(got), `${got.length} of ${bytes.length} bytes`);
    const mark = bytes.indexOf('[DONE]');
    assert.ok(got.length >= (mark === -1 ? bytes.length : mark + '[DONE]'.length));
    cutter.state.pieces = randomSplit(bytes, random);
    const message = await anthropic.messages.stream({ ...ASK, max_tokens: 64 }).finalMessage();
    assert.deepEqual(
      message.content.map((block) => block.type === 'text' && block.text),
      [text],
    );
    assert.equal(message.stop_reason, 'end_turn');
    assert.deepEqual(
      running.gate.settled.map(({ usage }) => usage?.inputTokens),
      [USAGE.prompt_tokens, USAGE.prompt_tokens],
    );
    assert.deepEqual(running.faults, []);
  });

test('a stream without [DONE] that said why it ended is whole to both clients, whoever serves it, with or without its usage', async (t) => {
  const { cutter, openai, anthropic, running } = await start(t);
  const finish = { id: 'c1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  for (const tail of [[finish], [finish, { id: 'c1', choices: [], usage: USAGE }]]) {
    cutter.state.pieces = [streamOf(['one', ' two'], tail)];
    const completion = await openai.chat.completions.stream(ASK).finalChatCompletion();
    assert.deepEqual(
      [completion.choices[0]?.message.content, completion.choices[0]?.finish_reason],
      ['one two', 'stop'],
    );
    const message = await anthropic.messages.stream({ ...ASK, max_tokens: 64 }).finalMessage();
    assert.equal(message.stop_reason, 'end_turn');
  }
  assert.ok(
    running.records.every(({ outcome }) => outcome === 'ok'),
    JSON.stringify(running.records.map((r) => r.outcome)),
  );
});

test('a stream that ends properly without saying why was cut: both clients are told, and nothing looks like success', async (t) => {
  const { cutter, openai, anthropic, running } = await start(t);
  for (const tail of [[], [{ id: 'c1', choices: [], usage: USAGE }]]) {
    cutter.state.pieces = [streamOf(['one', ' two'], tail)];
    await assert.rejects(openai.chat.completions.stream(ASK).finalChatCompletion(), OpenAI.APIError);
    await assert.rejects(anthropic.messages.stream({ ...ASK, max_tokens: 64 }).finalMessage(), APIError);
  }
  assert.ok(running.records.every(({ outcome }) => outcome === 'stream_broken'));
});

const PAGE = Buffer.from('<!doctype html>\n<title>Just a moment…</title>\n\n<p>data: x</p>\n');

for (const contentType of ['text/html; charset=utf-8', 'text/event-stream', 'application/json', 'text/plain'])
  test(`a page under 200 as ${contentType} is an error in the client's own shape, and another target answers where there is one`, async (t) => {
    const { cutter, running, openai, anthropic } = await start(t);
    cutter.state.contentType = contentType;
    cutter.state.pieces = [PAGE];
    const answer = await post(running.url, STREAMED_CHAT);
    assert.equal(answer.status, 502);
    assert.equal(answer.json().error.code, 'bad_upstream_response');
    assert.ok(!answer.text.includes('doctype'));
    await assert.rejects(openai.chat.completions.create({ ...ASK, stream: true }), OpenAI.InternalServerError);
    await assert.rejects(anthropic.messages.create({ ...ASK, max_tokens: 64, stream: true }), {
      status: 502,
      type: 'api_error',
    });
    const safe = await openai.chat.completions.stream({ ...ASK, model: 'safe' }).finalChatCompletion();
    assert.match(safe.choices[0]?.message.content ?? '', /^Mock answer from next\/any/);
    assert.deepEqual(
      running.records.at(-1)?.attempts.map(({ outcome }) => outcome),
      ['malformed', 'ok'],
    );
  });

test('an event over the limit breaks the stream, and is not kept in memory', async (t) => {
  const { cutter, openai, running } = await start(t);
  const block = Buffer.alloc(1024 * 1024, 'x');
  cutter.state.pieces = [streamOf(['one'], []), Buffer.from('data: '), ...Array.from({ length: 18 }, () => block)];
  await assert.rejects(openai.chat.completions.stream(ASK).finalChatCompletion(), OpenAI.APIError);
  assert.equal(running.records[0]?.outcome, 'stream_broken');
});
