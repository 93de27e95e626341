import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest, Message } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { RemoraError } from '#sidecar/errors/remora-error';
import { Losses } from '#sidecar/wires/losses';
import { buildRequest } from '#test/support/build-request';
import { inventId } from './call-id.ts';
import { encodeRequest } from './encode-request.ts';
import { NO_SIGNATURE, seal } from './seal.ts';

const GEMINI_3 = 'gemini-3.8-flash';
const GEMINI_2_5 = 'gemini-2.5-flash';

function encode(changes: Partial<ChatRequest>, model = GEMINI_3, hasCallIds = true) {
  const losses = new Losses('Gemini', 'Drop');
  const options = { name: 'Gemini', modelPath: (name: string) => `/models/${name}`, hasCallIds };
  return { body: encodeRequest(options, buildRequest(changes), { model, losses }), dropped: losses.dropped };
}

const generation = (changes: Partial<ChatRequest>, model?: string) => encode(changes, model).body.generationConfig;
const contentsOf = (messages: readonly Message[], model?: string, hasCallIds?: boolean) =>
  encode({ messages }, model, hasCallIds).body.contents as { role: string; parts: JsonObject[] }[];

const call = (id: string, more: Partial<Extract<Part, { type: 'tool-call' }>> = {}): Part => ({
  type: 'tool-call',
  id,
  name: 'f',
  arguments: `{"of":"${id}"}`,
  ...more,
});
const asked: Message = { role: 'user', parts: [{ type: 'text', text: 'Go' }] };
const calls = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const result = (id: string, text = id): Message => ({
  role: 'tool',
  parts: [{ type: 'tool-result', toolCallId: id, parts: [{ type: 'text', text }] }],
});
const signaturesOf = (messages: readonly Message[], model?: string) =>
  contentsOf(messages, model)
    .filter(({ role }) => role === 'model')
    .flatMap(({ parts }) => parts.map(({ thoughtSignature }) => thoughtSignature));

test('the proof of a call goes back on the first of parallel calls, where it came', () => {
  const own = call('a', { signature: seal('c2ln') });
  assert.deepEqual(signaturesOf([asked, calls(own, call('b')), result('a'), result('b')]), ['c2ln', undefined]);
});

test('a call of the turn that another API made passes the check of Gemini 3 by the sentinel, in each step', () => {
  const foreign = call('a', { signature: { by: 'anthropic-messages', data: 'x' } });
  const steps = [asked, calls(foreign, call('b')), result('a'), result('b'), calls(call('c')), result('c')];
  assert.deepEqual(signaturesOf(steps), [NO_SIGNATURE, undefined, NO_SIGNATURE]);
  assert.deepEqual(encode({ messages: steps }).dropped, ['messages[1].tool_calls.signature']);
});

test('the sentinel is never sent where a proof is there, and never to a model that checks none', () => {
  const own = call('a', { signature: seal('c2ln') });
  assert.deepEqual(signaturesOf([asked, calls(own), result('a')]), ['c2ln']);
  assert.deepEqual(signaturesOf([asked, calls(call('a')), result('a')], GEMINI_2_5), [undefined]);
  assert.deepEqual(signaturesOf([asked, calls({ type: 'text', text: 'Hi' })]), [undefined]);
});

test('the proof of a text goes back in a part without words, that of thoughts with the thoughts', () => {
  const [, model] = contentsOf([
    asked,
    calls(
      { type: 'reasoning', text: 'Hm.', signature: seal('dA==') },
      { type: 'text', text: 'Yes.' },
      { type: 'reasoning', text: '', signature: seal('eA==') },
      { type: 'reasoning', text: 'unsigned' },
      { type: 'reasoning', text: '', redacted: { by: 'anthropic-messages', data: 'z' } },
    ),
  ]);
  assert.deepEqual(model?.parts, [
    { text: 'Hm.', thought: true, thoughtSignature: 'dA==' },
    { text: 'Yes.' },
    { text: '', thoughtSignature: 'eA==' },
  ]);
});

test('results of parallel calls stand in the order of the calls, since without ids nothing else tells them apart', () => {
  const messages = [asked, calls(call('a'), call('b')), result('b'), result('a')];
  for (const hasCallIds of [true, false]) {
    const responses = contentsOf(messages, GEMINI_3, hasCallIds)
      .at(-1)
      ?.parts.map((part) => part.functionResponse);
    assert.deepEqual(
      responses?.map((response) => (response as JsonObject).response),
      [{ output: 'a' }, { output: 'b' }],
    );
  }
});

test('results stand alone in their content, right after their calls, whatever the user said meanwhile', () => {
  const contents = contentsOf([asked, calls(call('a')), { ...asked }, result('a'), { ...asked }]);
  assert.deepEqual(
    contents.map(({ role, parts }) => [role, ...parts.flatMap((part) => Object.keys(part)[0] ?? [])]),
    [
      ['user', 'text'],
      ['model', 'functionCall'],
      ['user', 'functionResponse'],
      ['user', 'text', 'text'],
    ],
  );
});

test('Vertex AI is given no id of a call, and nobody is given an id that we made up', () => {
  const invented = inventId({ responseId: 'r', choice: 0, index: 0 });
  const messages = [asked, calls(call('call_1'), call(invented)), result('call_1'), result(invented)];
  const idsOf = (hasCallIds: boolean) =>
    contentsOf(messages, GEMINI_3, hasCallIds).flatMap(({ parts }) =>
      parts.flatMap((part) => {
        const called = (part.functionCall ?? part.functionResponse) as JsonObject | undefined;
        return called === undefined ? [] : [called.id];
      }),
    );
  assert.deepEqual(idsOf(true), ['call_1', undefined, 'call_1', undefined]);
  assert.deepEqual(idsOf(false), [undefined, undefined, undefined, undefined]);
});

test('a result whose call is not in the conversation is refused: the API wants the name of the function', () => {
  assert.throws(
    () => encode({ messages: [asked, result('nobody')] }),
    (error) => error instanceof RemoraError && error.details.param === 'messages[1].tool_call_id',
  );
});

test('a result is an object: as it is, as output, or as error', () => {
  const response = (text: string, isError = false) => {
    const message: Message = {
      role: 'tool',
      parts: [{ type: 'tool-result', toolCallId: 'a', isError, parts: [{ type: 'text', text }] }],
    };
    const part = contentsOf([asked, calls(call('a')), message]).at(-1)?.parts[0]?.functionResponse;
    return (part as JsonObject).response;
  };
  assert.deepEqual(response('{"t":21}'), { t: 21 });
  assert.deepEqual(response('[1]'), { output: '[1]' });
  assert.deepEqual(response('{broken'), { output: '{broken' });
  assert.deepEqual(response('no such city', true), { error: 'no such city' });
});

test('an image in a result goes inside it where the model takes that, beside it elsewhere', () => {
  const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aQ==' } } as const;
  const message: Message = { role: 'tool', parts: [{ type: 'tool-result', toolCallId: 'a', parts: [image] }] };
  const sent = (model: string) => contentsOf([asked, calls(call('a')), message], model).slice(2);
  const inlineData = { mimeType: 'image/png', data: 'aQ==' };
  const functionResponse = { id: 'a', name: 'f', response: { output: '' } };
  assert.deepEqual(sent(GEMINI_3), [
    { role: 'user', parts: [{ functionResponse: { ...functionResponse, parts: [{ inlineData }] } }] },
  ]);
  assert.deepEqual(sent(GEMINI_2_5), [
    { role: 'user', parts: [{ functionResponse }] },
    { role: 'user', parts: [{ inlineData }] },
  ]);
});

test('a schema goes where any JSON Schema is taken, never into responseSchema or parameters', () => {
  const schema = { type: 'object', additionalProperties: false };
  const { body } = encode({
    tools: [{ name: 'f', parameters: schema }],
    responseFormat: { type: 'json-schema', name: 'point', schema },
  });
  assert.deepEqual(body.tools, [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] }]);
  assert.deepEqual(body.generationConfig, { responseMimeType: 'application/json', responseJsonSchema: schema });
});

test('a schema beside tools is refused for models that cannot have both', () => {
  const { body, dropped } = encode({ tools: [{ name: 'f' }], responseFormat: { type: 'json-object' } }, GEMINI_2_5);
  assert.deepEqual([body.generationConfig, dropped], [undefined, ['response_format']]);
});

test('thinking is asked for by budget of 2.5 and by level of 3, with its thoughts', () => {
  const thinking = (reasoning: ChatRequest['reasoning'], model: string) => {
    const { body, dropped } = encode({ ...(reasoning && { reasoning }) }, model);
    return [(body.generationConfig as JsonObject | undefined)?.thinkingConfig, ...dropped];
  };
  const budget = (tokens: number) => [{ thinkingBudget: tokens, includeThoughts: true }];
  const level = (word: string) => [{ thinkingLevel: word, includeThoughts: true }];
  assert.deepEqual(thinking(undefined, GEMINI_3), [undefined]);
  assert.deepEqual(thinking({ effort: 'low' }, GEMINI_2_5), budget(1_024));
  assert.deepEqual(thinking({ effort: 'xhigh' }, GEMINI_2_5), budget(24_576));
  assert.deepEqual(thinking({ budgetTokens: 90_000 }, GEMINI_2_5), budget(24_576));
  assert.deepEqual(thinking({ budgetTokens: 1 }, 'gemini-2.5-pro'), budget(128));
  assert.deepEqual(thinking({ effort: 'minimal' }, GEMINI_3), level('MINIMAL'));
  assert.deepEqual(thinking({ effort: 'minimal' }, 'gemini-3.1-pro-preview'), level('LOW'));
  assert.deepEqual(thinking({ effort: 'max' }, 'gemini-flash-latest'), level('HIGH'));
  assert.deepEqual(thinking({ budgetTokens: 8_000 }, GEMINI_3), level('MEDIUM'));
  assert.deepEqual(thinking({ effort: 'high' }, 'gemini-2.0-flash'), [undefined, 'reasoning_effort']);
});

test('thinking that cannot be turned off is kept as low as it goes, and named', () => {
  const off = (model: string) => {
    const { body, dropped } = encode({ reasoning: { effort: 'none' } }, model);
    return [(body.generationConfig as JsonObject | undefined)?.thinkingConfig, dropped.length];
  };
  assert.deepEqual(off(GEMINI_2_5), [{ thinkingBudget: 0 }, 0]);
  assert.deepEqual(off('gemini-2.5-pro'), [{ thinkingBudget: 128 }, 1]);
  assert.deepEqual(off(GEMINI_3), [{ thinkingLevel: 'MINIMAL' }, 1]);
  assert.deepEqual(off('gemini-2.0-flash'), [undefined, 0]);
});

test('every choice of tools is said in the words of the API, with arguments checked where a tool asks for it', () => {
  const mode = (changes: Partial<ChatRequest>) => encode({ tools: [{ name: 'f' }], ...changes }).body.toolConfig;
  const config = (word: string, more: object = {}) => ({ functionCallingConfig: { mode: word, ...more } });
  assert.equal(mode({}), undefined);
  assert.deepEqual(mode({ toolChoice: { mode: 'auto' } }), config('AUTO'));
  assert.deepEqual(mode({ toolChoice: { mode: 'none' } }), config('NONE'));
  assert.deepEqual(mode({ toolChoice: { mode: 'required' } }), config('ANY'));
  assert.deepEqual(mode({ toolChoice: { mode: 'tool', name: 'f' } }), config('ANY', { allowedFunctionNames: ['f'] }));
  assert.deepEqual(mode({ tools: [{ name: 'f', strict: true }] }), config('VALIDATED'));
  assert.equal(encode({ toolChoice: { mode: 'required' } }).body.toolConfig, undefined);
});

test('what the API cannot say is named', () => {
  const { dropped } = encode({
    tools: [{ name: 'f', cacheControl: {} }],
    parallelToolCalls: false,
    user: 'u',
    stop: ['a', 'b', 'c', 'd', 'e', 'f'],
  });
  assert.deepEqual(dropped, ['parallel_tool_calls', 'user', 'tools[0].cache_control', 'stop']);
  assert.deepEqual(generation({ stop: ['', 'b'] }), { stopSequences: ['b'] });
});

test('an image by URL is fetched by the API, with its type where the name tells it', () => {
  const fileData = (url: string) =>
    contentsOf([{ role: 'user', parts: [{ type: 'image', source: { kind: 'url', url } }] }])[0]?.parts[0]?.fileData;
  assert.deepEqual(fileData('https://a.example/b.JPG?x=1'), {
    mimeType: 'image/jpeg',
    fileUri: 'https://a.example/b.JPG?x=1',
  });
  assert.deepEqual(fileData('https://a.example/picture'), { fileUri: 'https://a.example/picture' });
});

test('the words of a client of this API come back to it, and a bound of ours stands beside them', () => {
  const { body, dropped } = encode({
    maxOutputTokens: 50,
    tools: [{ name: 'f' }],
    extensions: {
      'gemini-generate-content': {
        essential: { cachedContent: 'c/1', 'generationConfig.speechConfig': {}, 'tools.googleSearch': true },
        inert: { labels: { a: 'b' } },
        restated: { tools: [{ googleSearch: {} }], generationConfig: { speechConfig: { languageCode: 'de' } } },
      },
    },
  });
  assert.deepEqual(dropped, []);
  assert.deepEqual(body.generationConfig, { maxOutputTokens: 50, speechConfig: { languageCode: 'de' } });
  assert.deepEqual(
    [body.tools, body.cachedContent, body.labels, Object.keys(body).some((key) => key.includes('.'))],
    [[{ googleSearch: {} }], 'c/1', { a: 'b' }, false],
  );
});
