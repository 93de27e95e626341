/** What users of well-known servers ran into, one promise each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type OpenAI from 'openai';
import { PRESETS, type Preset } from '#contract/resources/preset';
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { RemoraError } from '#sidecar/errors/remora-error';
import { AnswerFailed } from '#sidecar/wires/answer-failed';
import { Losses, type OnUnsupported } from '#sidecar/wires/losses';
import { openaiCompatible } from './adapter.ts';

type ClientBody = OpenAI.ChatCompletionCreateParams & { readonly [extra: string]: unknown };

const CALLS = {
  model: 'chat',
  messages: [
    { role: 'user', content: 'Weather?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_abc', type: 'function', function: { name: 'weather', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_abc', content: '21' },
  ],
  tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }],
} satisfies OpenAI.ChatCompletionCreateParams;

const HELLO = { model: 'chat', messages: [{ role: 'user', content: 'Hi' }] } satisfies ClientBody;

const wireOf = (preset?: Preset) => openaiCompatible(preset === undefined ? {} : { preset }).wires[0];
// The client's body is JSON, which its own types do not say.
const asJson = (body: ClientBody): JsonObject => JSON.parse(JSON.stringify(body));

function encode(preset: Preset, body: ClientBody, { model = 'm', onUnsupported = 'Drop' as OnUnsupported } = {}) {
  const wire = wireOf(preset);
  const losses = new Losses(wire.name, onUnsupported);
  const sent = wire.encodeRequest(openaiChat.decodeRequest(asJson(body), {}), model, losses);
  return { sent: JSON.parse(JSON.stringify(sent)), dropped: losses.dropped };
}

function passes(preset: Preset | undefined, body: ClientBody, model = 'm'): boolean | undefined {
  const json = asJson(body);
  return wireOf(preset).canPass?.({ request: openaiChat.decodeRequest(json, {}), body: json, model });
}

const refuses = (preset: Preset, body: ClientBody, param: string, model = 'm') =>
  assert.throws(
    () => encode(preset, body, { model, onUnsupported: 'Refuse' }),
    (error) => error instanceof RemoraError && error.code === 'unsupported_parameter' && error.details.param === param,
  );

/** Their answers are none that OpenAI's clients could read. */
const TRANSLATED: readonly Preset[] = ['Mistral', 'TGI'];

test('a plain request passes through to a server as it came where its answers can, and anything does to a server nobody named', () => {
  for (const preset of PRESETS) assert.equal(passes(preset, HELLO), !TRANSLATED.includes(preset), preset);
  const wild = { ...CALLS, max_completion_tokens: 5, seed: 1, tool_choice: 'required', user: 'u' } as const;
  assert.equal(passes(undefined, wild), true);
});

test('a maximum under the other name is renamed, since some servers ignore it and Mistral refuses it', () => {
  for (const preset of ['Mistral', 'Ollama', 'DeepSeek', 'TGI'] as const) {
    assert.equal(passes(preset, { ...HELLO, max_completion_tokens: 5 }), false, preset);
    assert.equal(encode(preset, { ...HELLO, max_completion_tokens: 5 }).sent.max_tokens, 5);
    assert.equal(passes(preset, { ...HELLO, max_tokens: 5 }), !TRANSLATED.includes(preset), preset);
  }
  assert.equal(encode('Groq', { ...HELLO, max_tokens: 5 }).sent.max_completion_tokens, 5);
});

test('the role developer becomes system where it is not known', () => {
  const body = { model: 'chat', messages: [{ role: 'developer', content: 'Be brief.' }] } satisfies ClientBody;
  for (const preset of PRESETS) {
    const known = preset === 'OpenRouter';
    assert.equal(passes(preset, body), known, preset);
    assert.equal(encode(preset, body).sent.messages[0].role, known ? 'developer' : 'system', preset);
  }
});

test("Mistral: another provider's tool-call ids are mapped alike in call and result, its own stay", () => {
  const { messages } = encode('Mistral', CALLS).sent;
  assert.match(messages[1].tool_calls[0].id, /^[a-zA-Z0-9]{9}$/);
  assert.equal(messages[2].tool_call_id, messages[1].tool_calls[0].id);
  const own = JSON.parse(JSON.stringify(CALLS).replaceAll('call_abc', 'gSIMJiOkT'));
  assert.deepEqual(encode('Mistral', own).sent.messages[2].tool_call_id, 'gSIMJiOkT');
});

test('Mistral: a forced call is `any`, a seed `random_seed`, and usage is not asked for because it comes unasked', () => {
  const body = {
    ...CALLS,
    tool_choice: 'required',
    seed: 7,
    stream: true,
    stream_options: { include_usage: true },
  } satisfies ClientBody;
  const { sent, dropped } = encode('Mistral', body);
  assert.deepEqual(
    [sent.tool_choice, sent.random_seed, sent.seed, sent.stream, sent.stream_options],
    ['any', 7, undefined, true, undefined],
  );
  assert.deepEqual(dropped, []);
  assert.deepEqual(wireOf('Mistral').passthroughEdits?.({ stream: true }, { model: 'm' }), { model: 'm' });
});

test('Mistral: members that its schema forbids are left out and named', () => {
  const { sent, dropped } = encode('Mistral', {
    model: 'chat',
    messages: [{ role: 'user', name: 'ada', content: 'Hi' }],
    metadata: { a: 'b' },
    store: false,
    user: 'u',
  });
  assert.deepEqual(sent, { model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
  assert.deepEqual([...dropped].sort(), ['messages[0].name', 'metadata', 'store', 'user']);
});

test('Mistral: reasoning goes back as a part of the content, since `reasoning_content` is refused (422)', () => {
  const thought = { role: 'assistant', content: 'Yes.', reasoning_content: 'Hm.' } as const;
  const { sent } = encode('Mistral', { model: 'chat', messages: [thought, { role: 'user', content: 'Why?' }] });
  assert.deepEqual(sent.messages[0], {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
      { type: 'text', text: 'Yes.' },
    ],
  });
});

test("Groq: an answer of OpenAI's that a client sends back whole is written anew, since each member that it does not know is refused", () => {
  const answer = {
    role: 'assistant',
    content: 'Yes.',
    refusal: null,
    annotations: [{ type: 'url_citation' }],
  } as const;
  const body = { ...HELLO, store: true, service_tier: 'flex', messages: [answer, ...HELLO.messages] } as ClientBody;
  assert.equal(passes('Groq', body), false);
  const { sent, dropped } = encode('Groq', body);
  assert.deepEqual(sent, {
    model: 'm',
    messages: [{ role: 'assistant', content: 'Yes.' }, ...HELLO.messages],
    service_tier: 'flex',
  });
  assert.deepEqual([...dropped].sort(), ['messages[0].annotations', 'store']);
});

test("Mistral: an answer of OpenAI's that a client sends back whole is cut to what its schema has", () => {
  const answer = { role: 'assistant', content: 'Yes.', refusal: null, annotations: [], audio: null } as const;
  const cited = { ...answer, annotations: [{ type: 'url_citation' }], prefix: true };
  const { sent, dropped } = encode('Mistral', {
    model: 'chat',
    messages: [answer, { role: 'user', content: 'Why?' }, cited] as ClientBody['messages'],
  });
  assert.deepEqual(sent.messages[0], { role: 'assistant', content: 'Yes.' });
  assert.deepEqual(sent.messages[2], { role: 'assistant', content: 'Yes.', prefix: true });
  assert.deepEqual(dropped, ['messages[2].annotations']);
});

test('Mistral: a refusal of another model is text, since its schema has no refusal', () => {
  const refusal = { role: 'assistant', content: null, refusal: 'I cannot.' } as const;
  const { sent } = encode('Mistral', { model: 'chat', messages: [refusal, { role: 'user', content: 'Why?' }] });
  assert.deepEqual(sent.messages[0], { role: 'assistant', content: 'I cannot.' });
});

test('DeepSeek: calls that another provider made carry empty reasoning, since calls without any are refused (400)', () => {
  assert.equal(passes('DeepSeek', CALLS), false);
  assert.equal(encode('DeepSeek', CALLS).sent.messages[1].reasoning_content, '');
  const own = JSON.parse(JSON.stringify(CALLS));
  own.messages[1].reasoning_content = 'Let me look.';
  assert.equal(passes('DeepSeek', own), true);
  assert.equal(encode('DeepSeek', own).sent.messages[1].reasoning_content, 'Let me look.');
});

test('DeepSeek has no JSON schema: it is refused before it is sent, or dropped by name', () => {
  const body = {
    ...HELLO,
    response_format: { type: 'json_schema', json_schema: { name: 'point', schema: { type: 'object' } } },
  } satisfies ClientBody;
  refuses('DeepSeek', body, 'response_format');
  const { sent, dropped } = encode('DeepSeek', body);
  assert.deepEqual([sent.response_format, dropped], [undefined, ['response_format']]);
});

test('TGI takes a JSON schema as a grammar of its own form', () => {
  const schema = { type: 'object', properties: { x: { type: 'number' } } };
  const body = { ...HELLO, response_format: { type: 'json_schema', json_schema: { name: 'p', schema } } } as const;
  assert.equal(passes('TGI', body), false);
  assert.deepEqual(encode('TGI', body).sent.response_format, { type: 'json', value: schema });
});

test('TGI gives the arguments of a call as an object and ends with its own words', () => {
  const response = wireOf('TGI').decodeResponse({
    id: '',
    model: 'm',
    choices: [
      {
        index: 0,
        finish_reason: 'eos_token',
        message: {
          role: 'assistant',
          tool_calls: [{ id: '0', type: 'function', function: { name: 'f', arguments: { a: 1 } } }],
        },
      },
    ],
  });
  assert.equal(response.choices[0]?.finishReason, 'stop');
  assert.deepEqual(response.choices[0]?.parts, [{ type: 'tool-call', id: '0', name: 'f', arguments: '{"a":1}' }]);
});

test('Groq: what it answers 400 to is refused before it is sent', () => {
  refuses('Groq', { ...HELLO, logprobs: true }, 'logprobs');
  refuses('Groq', { ...HELLO, n: 2 }, 'n');
  assert.equal(passes('Groq', { ...HELLO, n: 1 }), true);
  const named = { model: 'chat', messages: [{ role: 'user', name: 'ada', content: 'Hi' }] } satisfies ClientBody;
  assert.deepEqual(encode('Groq', named).dropped, ['messages[0].name']);
});

test('xAI: penalties and stop sequences are refused for models that reason, and for those alone', () => {
  const body = { ...HELLO, stop: ['END'] } satisfies ClientBody;
  for (const model of ['grok-4', 'grok-3-mini', 'grok-4.3', 'grok-4-1-fast-reasoning', 'grok-code-fast-1'])
    refuses('XAI', body, 'stop', model);
  for (const model of ['grok-3', 'grok-3-fast', 'grok-4-1-fast-non-reasoning', 'grok-2-vision'])
    assert.deepEqual(encode('XAI', body, { model }).sent.stop, ['END'], model);
});

test('Ollama ignores what it does not know without a word, so that it is told here', () => {
  refuses('Ollama', { ...CALLS, tool_choice: 'required' }, 'tool_choice');
  refuses('Ollama', { ...HELLO, top_k: 5 }, 'top_k');
  const none = encode('Ollama', { ...CALLS, tool_choice: 'none' }, { onUnsupported: 'Refuse' }).sent;
  assert.deepEqual([none.tools, none.tool_choice], [undefined, undefined]);
  assert.equal(encode('Ollama', { ...CALLS, tool_choice: 'auto' }, { onUnsupported: 'Refuse' }).sent.tools.length, 1);
});

test('Ollama takes images within the request only', () => {
  const image = (url: string) =>
    ({
      model: 'chat',
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
    }) satisfies ClientBody;
  refuses('Ollama', image('https://example.com/a.png'), 'messages[0].content[0]');
  assert.equal(passes('Ollama', image('data:image/png;base64,AAAA')), true);
});

test('vLLM reads earlier reasoning under its new and its old name', () => {
  const thought = { role: 'assistant', content: 'Yes.', reasoning_content: 'Hm.' } as const;
  const { sent } = encode('VLLM', { model: 'chat', messages: [thought, { role: 'user', content: 'Why?' }] });
  assert.deepEqual(sent.messages[0], {
    role: 'assistant',
    content: 'Yes.',
    reasoning: 'Hm.',
    reasoning_content: 'Hm.',
  });
});

test('reasoning is read under each of its names', () => {
  for (const key of ['reasoning', 'reasoning_content']) {
    const wire = wireOf('VLLM');
    const [, events] = wire.streamDecoder.step(wire.streamDecoder.start(), {
      event: '',
      data: JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta: { [key]: 'Hm.' } }] }),
    });
    assert.deepEqual(events[1], { type: 'reasoning-delta', choice: 0, text: 'Hm.' }, key);
  }
});

test('OpenRouter takes effort and budget in one object, and cache marks', () => {
  const wire = wireOf('OpenRouter');
  const losses = new Losses(wire.name, 'Refuse');
  const request = {
    ...openaiChat.decodeRequest(
      {
        model: 'chat',
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
        ],
      },
      {},
    ),
    reasoning: { budgetTokens: 2000 },
  };
  const sent = wire.encodeRequest(request, 'anthropic/claude-sonnet-4.5', losses);
  assert.deepEqual(sent.reasoning, { max_tokens: 2000 });
  assert.deepEqual(sent.messages, [
    { role: 'user', content: [{ type: 'text', text: 'Long.', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
  ]);
});

test('an error under status 200 is a failure with its own words, as a whole answer and in a choice (OpenRouter)', () => {
  const error = { code: 429, message: 'Rate limited upstream.' };
  for (const body of [{ error }, { id: 'x', choices: [{ index: 0, finish_reason: 'error', error, message: {} }] }])
    assert.throws(
      () => wireOf('OpenRouter').decodeResponse(body),
      (thrown) =>
        thrown instanceof AnswerFailed &&
        thrown.failure.class === 'rate-limited' &&
        thrown.failure.message === 'Rate limited upstream.',
    );
});

test('usage is found where Groq, DeepSeek, Mistral and xAI put it, and adds up to their totals', () => {
  const usageOf = (preset: Preset, body: JsonObject) =>
    wireOf(preset).decodeResponse({ id: 'x', model: 'm', choices: [], ...body }).usage;
  const none = NO_USAGE;
  assert.deepEqual(usageOf('Groq', { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 2 } } }), {
    ...none,
    inputTokens: 3,
    cacheReadTokens: 0,
    outputTokens: 2,
    reasoningTokens: 0,
  });
  assert.deepEqual(
    usageOf('DeepSeek', { usage: { prompt_tokens: 10, prompt_cache_hit_tokens: 8, completion_tokens: 2 } }),
    { ...none, inputTokens: 2, cacheReadTokens: 8, outputTokens: 2, reasoningTokens: 0 },
  );
  assert.deepEqual(usageOf('Mistral', { usage: { prompt_tokens: 10, num_cached_tokens: 4, completion_tokens: 2 } }), {
    ...none,
    inputTokens: 6,
    cacheReadTokens: 4,
    outputTokens: 2,
    reasoningTokens: 0,
  });
  const xai = { prompt_tokens: 12, completion_tokens: 2, total_tokens: 354 };
  assert.deepEqual(usageOf('XAI', { usage: { ...xai, completion_tokens_details: { reasoning_tokens: 340 } } }), {
    ...none,
    inputTokens: 12,
    cacheReadTokens: 0,
    outputTokens: 2,
    reasoningTokens: 340,
  });
});
