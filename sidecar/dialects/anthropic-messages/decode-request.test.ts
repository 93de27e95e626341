import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Anthropic from '@anthropic-ai/sdk';
import type { ApiExtension } from '#sidecar/canonical/extensions';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import { sealedText } from '#sidecar/canonical/sealed';
import { RemoraError } from '#sidecar/errors/remora-error';
import { decodeRequest } from './decode-request.ts';

const decode = (members: Partial<Anthropic.MessageCreateParams> | JsonObject) =>
  decodeRequest({
    model: 'chat',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hi' }],
    ...(members as JsonObject),
  });

const ownOf = (members: Partial<Anthropic.MessageCreateParams> | JsonObject): ApiExtension =>
  decode(members).extensions['anthropic-messages'] ?? { essential: {}, inert: {}, restated: {} };

const partsOf = (content: Anthropic.MessageParam['content'], role: 'user' | 'assistant' = 'user'): readonly Part[] =>
  decode({ messages: [{ role, content }] }).messages.flatMap(({ parts }) => parts);

test('decodeRequest() reads system text and blocks as the first message, marks included', () => {
  assert.deepEqual(decode({ system: 'Be brief.' }).messages[0], {
    role: 'system',
    parts: [{ type: 'text', text: 'Be brief.' }],
  });
  const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }] as const;
  assert.deepEqual(decode({ system: [...system] }).messages[0]?.parts, [
    { type: 'text', text: 'Be brief.', cacheControl: { ttl: '1h' } },
  ]);
});

test('decodeRequest() turns a user turn into one message per tool result, which come first, and one of what was said', () => {
  const { messages } = decode({
    messages: [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Köln' } },
          { type: 'tool_use', id: 'b', name: 'now', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Here.' },
          { type: 'tool_result', tool_use_id: 'a', content: 'Rain', cache_control: { type: 'ephemeral' } },
          { type: 'tool_result', tool_use_id: 'b', is_error: true, content: [{ type: 'text', text: 'No clock' }] },
        ],
      },
    ],
  });
  assert.deepEqual(messages.slice(1), [
    {
      role: 'assistant',
      parts: [
        { type: 'tool-call', id: 'a', name: 'weather', arguments: '{"city":"Köln"}' },
        { type: 'tool-call', id: 'b', name: 'now', arguments: '{}' },
      ],
    },
    {
      role: 'tool',
      parts: [{ type: 'tool-result', toolCallId: 'a', parts: [{ type: 'text', text: 'Rain' }], cacheControl: {} }],
    },
    {
      role: 'tool',
      parts: [{ type: 'tool-result', toolCallId: 'b', parts: [{ type: 'text', text: 'No clock' }], isError: true }],
    },
    { role: 'user', parts: [{ type: 'text', text: 'Here.' }] },
  ]);
});

test('decodeRequest() reads images and documents, and keeps what lives at the provider verbatim', () => {
  const byId = { type: 'image', source: { type: 'file', file_id: 'file_1' } } as const;
  const byUrl = { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } } as const;
  assert.deepEqual(
    partsOf([
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: 'iVBO' },
        cache_control: { type: 'ephemeral' },
      },
      { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Grüße' } },
      byId,
      byUrl,
    ]),
    [
      { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' }, cacheControl: {} },
      { type: 'file', mediaType: 'application/pdf', data: 'JVBERi0=', filename: 'a.pdf' },
      { type: 'file', mediaType: 'text/plain', data: Buffer.from('Grüße').toString('base64') },
      { type: 'opaque', api: 'anthropic-messages', value: byId },
      { type: 'opaque', api: 'anthropic-messages', value: byUrl },
    ],
  );
});

test('decodeRequest() says which members of a part other APIs must not lose in silence', () => {
  const [document, text] = partsOf([
    {
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'x' },
      context: 'From the archive.',
      citations: { enabled: true },
    },
    { type: 'text', text: 'y', citations: [] },
  ]);
  const ownMembers = (part: Part | undefined) =>
    part !== undefined && 'extensions' in part ? part.extensions?.['anthropic-messages'] : undefined;
  assert.deepEqual(ownMembers(document)?.essential, { context: 'From the archive.', citations: { enabled: true } });
  assert.deepEqual(ownMembers(text)?.inert, { citations: [] });
});

test('decodeRequest() keeps blocks of tools that the provider runs as opaque parts', () => {
  const use = { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } } as const;
  const [part] = partsOf([use], 'assistant');
  assert.deepEqual(part, { type: 'opaque', api: 'anthropic-messages', value: use });
});

test('decodeRequest() takes a tool result that holds more than text and images as it is', () => {
  const result = {
    type: 'tool_result',
    tool_use_id: 'a',
    content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } }],
  } as const;
  assert.deepEqual(
    decode({ messages: [{ role: 'user', content: [{ ...result, content: [...result.content] }] }] }).messages,
    [{ role: 'user', parts: [{ type: 'opaque', api: 'anthropic-messages', value: result }] }],
  );
});

test('decodeRequest() reads thinking with its signature, also where its text is empty, and withheld thinking', () => {
  assert.deepEqual(
    partsOf(
      [
        { type: 'thinking', thinking: '', signature: 'EqQB' },
        { type: 'redacted_thinking', data: 'EmwK' },
      ],
      'assistant',
    ),
    [
      { type: 'reasoning', text: '', signature: { by: 'anthropic-messages', data: 'EqQB' } },
      { type: 'reasoning', text: '', redacted: { by: 'anthropic-messages', data: 'EmwK' } },
    ],
  );
  assert.equal(
    decode({ messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: 'EqQB' }] }] })
      .mustRewrite,
    undefined,
  );
});

test('decodeRequest() knows proofs of other APIs by their maker, and that such a request must be written anew', () => {
  const signature = sealedText({ by: 'google-gemini', data: 'CiQB' }, 'anthropic-messages');
  const ofCall = sealedText({ by: 'call:google-gemini', data: 'AbC=' }, 'anthropic-messages');
  const request = decode({
    messages: [
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature },
          { type: 'redacted_thinking', data: ofCall },
          { type: 'tool_use', id: 'a', name: 'f', input: {} },
        ],
      },
    ],
  });
  assert.deepEqual(request.messages[0]?.parts, [
    { type: 'reasoning', text: 'Hm.', signature: { by: 'google-gemini', data: 'CiQB' } },
    { type: 'tool-call', id: 'a', name: 'f', arguments: '{}', signature: { by: 'google-gemini', data: 'AbC=' } },
  ]);
  assert.equal(request.mustRewrite, true);
  const unsigned = decode({
    messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: '' }] }],
  });
  assert.deepEqual(unsigned.messages[0]?.parts, [{ type: 'reasoning', text: 'a' }]);
  assert.equal(unsigned.mustRewrite, true);
});

test('decodeRequest() reads functions, and keeps tools of the provider as an essential extension', () => {
  const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 2 } as const;
  const members = {
    tools: [
      {
        name: 'weather',
        description: 'Weather of a city',
        input_schema: { type: 'object', properties: {} },
        strict: true,
        cache_control: { type: 'ephemeral' },
        defer_loading: true,
        eager_input_streaming: true,
      },
      { type: 'custom', name: 'now', input_schema: { type: 'object' } },
      search,
    ],
  } as const satisfies { tools: readonly Anthropic.ToolUnion[] };
  const request = decode({ tools: [...members.tools] });
  assert.deepEqual(request.tools, [
    {
      name: 'weather',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: {} },
      strict: true,
      cacheControl: {},
      extensions: {
        'anthropic-messages': {
          essential: { defer_loading: true },
          inert: { eager_input_streaming: true },
          restated: {},
        },
      },
    },
    { name: 'now', parameters: { type: 'object' } },
  ]);
  const own = request.extensions['anthropic-messages'];
  assert.deepEqual(own?.essential, { tools: [search] });
  assert.deepEqual(own?.restated.tools, members.tools);
});

test('disable_parallel_tool_use sits in tool_choice, and decodeRequest() reads it from there', () => {
  const choose = (tool_choice: Anthropic.ToolChoice) => {
    const { toolChoice, parallelToolCalls } = decode({ tool_choice });
    return [toolChoice, parallelToolCalls];
  };
  assert.deepEqual(choose({ type: 'auto' }), [{ mode: 'auto' }, undefined]);
  assert.deepEqual(choose({ type: 'any', disable_parallel_tool_use: true }), [{ mode: 'required' }, false]);
  assert.deepEqual(choose({ type: 'tool', name: 'f', disable_parallel_tool_use: true }), [
    { mode: 'tool', name: 'f' },
    false,
  ]);
  assert.deepEqual(choose({ type: 'none' }), [{ mode: 'none' }, undefined]);
});

test('a choice of a tool of the provider is essential, as the tool is', () => {
  const tool_choice = { type: 'tool', name: 'web_search' } as const;
  const { toolChoice, extensions } = decode({
    tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    tool_choice,
  });
  assert.equal(toolChoice, undefined);
  assert.deepEqual(extensions['anthropic-messages']?.essential.tool_choice, tool_choice);
});

test('decodeRequest() reads thinking enabled, adaptive and disabled', () => {
  const reasoningOf = (members: Partial<Anthropic.MessageCreateParams>) => decode(members).reasoning;
  assert.deepEqual(reasoningOf({ thinking: { type: 'enabled', budget_tokens: 1024 } }), {
    budgetTokens: 1024,
    effort: 'low',
  });
  assert.deepEqual(reasoningOf({ thinking: { type: 'enabled', budget_tokens: 10_000 } }), {
    budgetTokens: 10_000,
    effort: 'medium',
  });
  assert.deepEqual(reasoningOf({ thinking: { type: 'enabled', budget_tokens: 31_999 } }), {
    budgetTokens: 31_999,
    effort: 'high',
  });
  assert.deepEqual(reasoningOf({ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }), {
    effort: 'max',
  });
  assert.deepEqual(reasoningOf({ output_config: { effort: 'low' } }), { effort: 'low' });
  assert.deepEqual(reasoningOf({ thinking: { type: 'disabled' } }), { effort: 'none' });
  assert.equal(reasoningOf({ thinking: { type: 'adaptive' } }), undefined);
  // Other APIs are told nothing, which leaves it to the model too; they name it.
  assert.deepEqual(ownOf({ thinking: { type: 'adaptive' } }).inert, { thinking: { type: 'adaptive' } });
  assert.deepEqual(ownOf({ thinking: { type: 'between_tools' } }).essential, { thinking: { type: 'between_tools' } });
});

test('decodeRequest() reads a schema of output_config, and of output_format as the beta called it', () => {
  const format = { type: 'json_schema', schema: { type: 'object' } } as const;
  const expected = { type: 'json-schema', name: 'response', schema: { type: 'object' }, strict: 'preferred' };
  assert.deepEqual(decode({ output_config: { format } }).responseFormat, expected);
  assert.deepEqual(decode({ output_format: format }).responseFormat, expected);
});

test('decodeRequest() sorts what only this API knows by whether the answer needs it', () => {
  const own = ownOf({
    service_tier: 'auto',
    cache_control: { type: 'ephemeral' },
    container: 'c_1',
    mcp_servers: [{ type: 'url', name: 'x', url: 'https://example.com' }],
    inference_geo: 'eu',
    context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
    some_future_member: 1,
  });
  assert.deepEqual(Object.keys(own.essential), ['container', 'mcp_servers', 'inference_geo', 'some_future_member']);
  assert.deepEqual(Object.keys(own.inert), ['service_tier', 'cache_control', 'context_management']);
  assert.deepEqual(Object.keys(ownOf({ context_management: { edits: [{ type: 'compact_20260112' }] } }).essential), [
    'context_management',
  ]);
});

test('a thread is kept by Anthropic alone: no other API may drop it', () => {
  const thread = { type: 'continue', previous_message_id: 'msg_1' };
  assert.deepEqual(ownOf({ thread }).indispensable, { thread });
  assert.deepEqual(decode({ thread, messages: [] }).messages, []);
});

test('decodeRequest() reads sampling, stops, the maximum and the user', () => {
  const request = decode({
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    stop_sequences: ['END'],
    metadata: { user_id: 'u-1' },
    stream: true,
  });
  const { temperature, topP, topK, stop, maxOutputTokens, user, stream, includeUsage } = request;
  assert.deepEqual(
    { temperature, topP, topK, stop, maxOutputTokens, user, stream, includeUsage },
    {
      temperature: 0.5,
      topP: 0.9,
      topK: 5,
      stop: ['END'],
      maxOutputTokens: 100,
      user: 'u-1',
      stream: true,
      includeUsage: true,
    },
  );
});

test('decodeRequest() names the path of what is wrong, and never its value', () => {
  const paramOf = (members: JsonObject): string | undefined => {
    try {
      decode(members);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof RemoraError && error.code === 'invalid_request');
      assert.doesNotMatch(error.message, /secret/);
      return error.details.param;
    }
  };
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'secret' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ messages: [{ role: 'user', content: [{ text: 'secret' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'assistant', content: [{ type: 'tool_use', name: 'f' }] }] }, 'messages[0].content[0].id'],
    [{ messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages[0].content[0].tool_use_id'],
    [{ system: 7 }, 'system'],
    [{ max_tokens: 'secret' }, 'max_tokens'],
    [{ tools: [{ description: 'secret' }] }, 'tools[0].name'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name'],
    [{ stop_sequences: [7] }, 'stop_sequences[0]'],
    [{ output_config: { format: { type: 'secret' } } }, 'output_config.format.type'],
    [{ model: '' }, 'model'],
  ];
  for (const [members, param] of cases) assert.equal(paramOf(members), param);
});
