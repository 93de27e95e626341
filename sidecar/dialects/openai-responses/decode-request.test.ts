import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { anthropic } from '#sidecar/providers/anthropic/adapter';
import { openaiCompatible } from '#sidecar/providers/openai-compatible/adapter';
import { Losses } from '#sidecar/wires/losses';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import { encodeOrRefuse } from '#test/support/adapter-suite';
import { assertGoldenJson } from '#test/support/golden';
import { decodeRequest } from './decode-request.ts';
import { REQUESTS } from './fixtures/typed-requests.ts';

const folder = join(import.meta.dirname, 'fixtures/requests');
const own = openaiResponsesWire({ name: 'OpenAI' });
/** As it comes from a client: through JSON. */
const bodyOf = (name: keyof typeof REQUESTS): JsonObject => JSON.parse(JSON.stringify(REQUESTS[name]));

for (const name of Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]) {
  test(`decodeRequest() reads ${name} as its golden file says`, () => {
    assertGoldenJson(join(folder, `${name}.canonical.json`), decodeRequest(bodyOf(name)));
  });

  test(`${name} goes to Chat Completions and to Anthropic as the golden files say`, () => {
    const request = decodeRequest(bodyOf(name));
    const wires = { 'openai-compatible': openaiCompatible({}).wires[0], anthropic: anthropic.wires[0] };
    for (const [target, wire] of Object.entries(wires))
      assertGoldenJson(join(folder, `${name}.${target}.json`), encodeOrRefuse(wire, request, 'claude-sonnet-4-5'));
  });

  test(`${name} loses nothing when it is written anew for the same API`, () => {
    const request = decodeRequest(bodyOf(name));
    const losses = new Losses('OpenAI', 'Refuse');
    const body = own.encodeRequest(request, 'gpt-4.1', losses);
    const isForeign = name === 'foreign-reasoning' || name === 'unsigned-reasoning';
    assert.deepEqual(losses.dropped, isForeign ? ['messages[1].reasoning'] : []);
    const { model: _, include, input: __, ...rest } = body;
    const { model: ___, include: asked = [], input: ____, ...expected } = bodyOf(name);
    assert.deepEqual(rest, { ...expected });
    for (const value of asked as JsonValue[]) assert.ok((include as JsonValue[]).includes(value));
    // Once more, to see that the items that were written say the same.
    assert.deepEqual(
      withoutReasoning(decodeRequest({ ...body, model: 'chat', include: asked as JsonValue[] }).messages),
      withoutReasoning(request.messages),
    );
  });
}

const withoutReasoning = (messages: unknown): unknown =>
  JSON.parse(JSON.stringify(messages), (key, value) =>
    key === 'parts' ? value.filter((part: JsonObject) => part.type !== 'reasoning') : value,
  );

const messagesOf = (...input: JsonValue[]) => decodeRequest({ model: 'm', input }).messages;
const text = (role: string, said: string) => ({ role, content: said });
const call = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
const result = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'ok' });

test('what the model wrote in a row is one assistant message, so that no call is parted from its result', () => {
  const roles = (...input: JsonValue[]) => messagesOf(...input).map(({ role, parts }) => [role, parts.length]);
  assert.deepEqual(roles(text('user', 'a'), text('assistant', 'b'), call('1'), call('2'), result('1'), result('2')), [
    ['user', 1],
    ['assistant', 3],
    ['tool', 1],
    ['tool', 1],
  ]);
  assert.deepEqual(roles(call('1'), text('assistant', 'between'), call('2'), result('1'), result('2')), [
    ['assistant', 3],
    ['tool', 1],
    ['tool', 1],
  ]);
  assert.deepEqual(roles(text('assistant', 'a'), text('assistant', 'b')), [
    ['assistant', 1],
    ['assistant', 1],
  ]);
});

test('the proof of a call, in an item before it, comes back to the call', () => {
  const sealed = Buffer.from('remora:google-gemini:CiQB').toString('base64');
  const [message] = messagesOf(
    { type: 'reasoning', id: 'rs_remora_call_x_0', summary: [], encrypted_content: sealed },
    call('1'),
    call('2'),
  );
  assert.deepEqual(
    message?.parts.map((part) => part.type === 'tool-call' && part.signature),
    [{ by: 'google-gemini', data: 'CiQB' }, undefined],
  );
});

test('reasoning made here that a client names instead of repeating it goes nowhere, and takes nothing along', () => {
  const lost = { type: 'item_reference', id: 'rs_remora_call_x_0' };
  const { messages, mustRewrite } = decodeRequest({ model: 'm', input: [lost, call('1'), result('1')] });
  assert.deepEqual(
    messages.map(({ role, parts }) => [role, parts.map((part) => ('redacted' in part ? part.redacted : part.type))]),
    [
      ['assistant', [{ by: '', data: 'rs_remora_call_x_0' }, 'tool-call']],
      ['tool', ['tool-result']],
    ],
  );
  assert.equal(mustRewrite, true);
  const stored = decodeRequest({ model: 'm', input: [{ type: 'item_reference', id: 'rs_1' }, call('1')] });
  assert.equal(stored.mustRewrite, undefined);
  assert.equal(stored.messages[0]?.parts[0]?.type, 'opaque');
});

test('history that another API wrote is not sent to OpenAI as it is', () => {
  const mustRewrite = (item: JsonObject) =>
    decodeRequest({ model: 'm', input: [{ type: 'reasoning', summary: [], ...item }, call('1')] }).mustRewrite === true;
  assert.equal(mustRewrite({ id: 'rs_1', encrypted_content: 'gAAAA' }), false);
  assert.equal(mustRewrite({ encrypted_content: 'gAAAA' }), false);
  assert.equal(mustRewrite({ id: 'rs_1' }), false);
  const foreign = Buffer.from('remora:anthropic-messages:x').toString('base64');
  assert.equal(mustRewrite({ id: 'rs_remora_a_0', encrypted_content: foreign }), true);
  assert.equal(mustRewrite({ id: 'rs_remora_a_0', encrypted_content: 'gAAAA' }), true);
  assert.equal(mustRewrite({ id: 'rs_remora_a_0', summary: [{ type: 'summary_text', text: 'Hm.' }] }), true);
});

test('a request without any input says what it needs', () => {
  assert.throws(() => decodeRequest({ model: 'm' }), { code: 'invalid_request', message: /^input must be/ });
  assert.doesNotThrow(() => decodeRequest({ model: 'm', previous_response_id: 'resp_1' }));
});

test('the path of what is wrong is the client’s own', () => {
  const paramOf = (input: JsonValue): string | undefined => {
    try {
      decodeRequest({ model: 'm', input });
      return undefined;
    } catch (error) {
      return error instanceof RemoraError ? error.details.param : String(error);
    }
  };
  assert.equal(paramOf(5), 'input');
  assert.equal(paramOf([text('user', 'a'), 5]), 'input[1]');
  assert.equal(paramOf([{ role: 'robot', content: 'a' }]), 'input[0].role');
  assert.equal(paramOf([{ role: 'user', content: [{ text: 'a' }] }]), 'input[0].content[0].type');
  assert.equal(paramOf([{ type: 'function_call', name: 'f' }]), 'input[0].call_id');
  assert.equal(paramOf([{ type: 'reasoning', summary: 'x' }]), 'input[0].summary');
});

test('decodeRequest() takes any JSON, or says what is wrong with it', () => {
  const item = fc.record(
    {
      type: fc.constantFrom('message', 'function_call', 'function_call_output', 'reasoning', 'x_call', '__proto__'),
      role: fc.constantFrom('user', 'assistant', 'tool', ''),
      id: fc.oneof(fc.constant('rs_remora_call_1'), fc.string()),
      encrypted_content: fc.string(),
      content: fc.jsonValue(),
      output: fc.jsonValue(),
      summary: fc.jsonValue(),
      call_id: fc.string(),
      name: fc.string(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.array(item)), fc.jsonValue(), (input, other) => {
      const body = { model: 'm', input, text: other, tools: other, include: other } as JsonObject;
      for (const candidate of [body, { model: 'm', input } as JsonObject])
        try {
          own.encodeRequest(decodeRequest(candidate), 'm', new Losses('OpenAI', 'Drop'));
        } catch (error) {
          assert.ok(error instanceof RemoraError && error.code !== 'internal', String(error));
        }
    }),
    { seed: 53, numRuns: 1_000 },
  );
});

test('a chat request and a Responses request that say the same are the same to a provider', () => {
  const chat = openaiChat.decodeRequest(
    { model: 'chat', messages: [text('system', 'Be brief.'), text('user', 'Hi')], temperature: 0.5 },
    {},
  );
  const responses = decodeRequest({ model: 'chat', instructions: 'Be brief.', input: 'Hi', temperature: 0.5 });
  const encode = (request: typeof chat) =>
    openaiCompatible({}).wires[0].encodeRequest(request, 'm', new Losses('any', 'Refuse'));
  assert.deepEqual(encode(responses), encode(chat));
});
