import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { FailureClass } from '#sidecar/canonical/failure';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { openai } from '#sidecar/providers/openai/adapter';
import { writeSse } from '#sidecar/stream/write-sse';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import { Losses } from '#sidecar/wires/losses';
import { adapterSuite } from '#test/support/adapter-suite';
import { buildRequest } from '#test/support/build-request';
import { assertGoldenJson, assertGoldenText } from '#test/support/golden';
import { ANSWERS, response, STREAMS } from './fixtures/typed-events.ts';
import { openaiResponsesWire } from './openai-responses.ts';

const folder = join(import.meta.dirname, 'fixtures');
const wire = openaiResponsesWire({ name: 'OpenAI' });

for (const [name, events] of Object.entries(STREAMS))
  test(`the fixture ${name}.sse is what the official client's types say`, () => {
    const written = events.map(({ type, ...members }, index) =>
      writeSse({ event: type, data: JSON.stringify({ type, sequence_number: index, ...members }) }),
    );
    assertGoldenText(join(folder, `${name}.sse`), written.join(''));
  });

for (const [name, answer] of Object.entries(ANSWERS))
  test(`the fixture ${name}.json is what the official client's types say`, () => {
    assertGoldenJson(join(folder, `${name}.json`), answer);
  });

adapterSuite(openai, { folder, model: 'gpt-5-mini', wire });

function encode(parts: Partial<ChatRequest>, model = 'gpt-5-mini'): { body: JsonObject; dropped: readonly string[] } {
  const losses = new Losses('OpenAI', 'Drop');
  return { body: wire.encodeRequest(buildRequest(parts), model, losses), dropped: losses.dropped };
}

test('nothing is stored for a client of another API, and reasoning comes encrypted for the next turn', () => {
  const { body } = encode({});
  assert.deepEqual([body.store, body.include], [false, ['reasoning.encrypted_content']]);
});

test('a model that does not reason is not asked for encrypted reasoning, which it would refuse', () => {
  for (const model of ['gpt-4.1', 'gpt-4o-mini', 'gpt-5-chat-latest', 'ft:gpt-4.1:acme'])
    assert.equal(encode({}, model).body.include, undefined, model);
  for (const model of ['gpt-5', 'gpt-5.1-codex', 'o3', 'o4-mini', 'openai/gpt-5'])
    assert.notEqual(encode({}, model).body.include, undefined, model);
  assert.notEqual(encode({ reasoning: { effort: 'high' } }, 'my-model').body.include, undefined);
});

test('a tool that says nothing of strictness stays as lenient as Chat Completions has it', () => {
  const { body } = encode({ tools: [{ name: 'f' }, { name: 'g', strict: true }] });
  assert.deepEqual(
    (body.tools as JsonObject[]).map(({ strict }) => strict),
    [false, true],
  );
});

test('a maximum below what the API takes is raised to it and named', () => {
  const { body, dropped } = encode({ maxOutputTokens: 5 });
  assert.deepEqual([body.max_output_tokens, dropped], [16, ['max_output_tokens']]);
});

test('what the API has no parameter for is refused, or dropped by name', () => {
  const parts = { stop: ['END'], seed: 1, topK: 4, choiceCount: 2, presencePenalty: 1, frequencyPenalty: 1 };
  assert.deepEqual(encode(parts).dropped, ['n', 'stop', 'seed', 'top_k', 'presence_penalty', 'frequency_penalty']);
  for (const [key, value] of Object.entries(parts))
    assert.throws(
      () => wire.encodeRequest(buildRequest({ [key]: value }), 'm', new Losses('OpenAI', 'Refuse')),
      { code: 'unsupported_parameter' },
      key,
    );
});

test('a call id that is longer than the API takes is shortened alike in call and result', () => {
  const id = 'x'.repeat(300);
  const { body } = encode({
    messages: [
      { role: 'assistant', parts: [{ type: 'tool-call', id, name: 'f', arguments: '{}' }] },
      { role: 'tool', parts: [{ type: 'tool-result', toolCallId: id, parts: [{ type: 'text', text: 'ok' }] }] },
    ],
  });
  const [call, result] = body.input as JsonObject[];
  assert.ok(typeof call?.call_id === 'string' && call.call_id.length <= 64);
  assert.equal(call.call_id, result?.call_id);
});

test('encrypted reasoning goes back as the item that it was, and nobody else’s goes at all', () => {
  const own: Part = { type: 'reasoning', text: 'Hm.', signature: { by: 'openai-responses', data: 'rs_1|gAAAA' } };
  const stored: Part = { type: 'reasoning', text: '', redacted: { by: 'openai-responses', data: 'rs_2|' } };
  const foreign: Part = { type: 'reasoning', text: 'Hm.', signature: { by: 'anthropic-messages', data: 'x' } };
  const plain: Part = { type: 'reasoning', text: 'Hm.' };
  const { body, dropped } = encode({
    messages: [{ role: 'assistant', parts: [own, stored, foreign, plain, { type: 'text', text: 'So.' }] }],
  });
  assert.deepEqual(body.input, [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
      encrypted_content: 'gAAAA',
    },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'So.', annotations: [] }] },
  ]);
  assert.deepEqual(dropped, ['messages[0].reasoning']);
});

test('a response that failed under HTTP 200 is the failure that it reports', () => {
  const cases: readonly (readonly [string, FailureClass, number | undefined])[] = [
    ['server_error', 'server-error', 500],
    ['rate_limit_exceeded', 'rate-limited', 429],
    ['insufficient_quota', 'quota', 429],
    ['invalid_prompt', 'rejected', 400],
    ['context_length_exceeded', 'rejected', 400],
    ['bio_policy', 'content-filter', 400],
    ['who_knows', 'server-error', undefined],
  ];
  for (const [code, expected, status] of cases) {
    const body = { ...response({ status: 'failed' }), error: { code, message: 'why' } };
    assert.throws(
      () => wire.decodeResponse(JSON.parse(JSON.stringify(body))),
      (thrown) =>
        thrown instanceof AnswerFailed &&
        thrown.failure.class === expected &&
        thrown.failure.status === status &&
        thrown.failure.message === 'why',
      code,
    );
  }
});

test('passthrough changes the model, and the maximum where a budget sets one', () => {
  assert.deepEqual(wire.passthroughEdits?.({}, { model: 'm' }), { model: 'm' });
  assert.deepEqual(wire.passthroughEdits?.({}, { model: 'm', maxOutputTokens: 9 }), {
    model: 'm',
    max_output_tokens: 9,
  });
});
