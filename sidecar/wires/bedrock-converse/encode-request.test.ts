import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRequest, Message, Tool } from '#sidecar/canonical/chat-request';
import type { Part } from '#sidecar/canonical/part';
import { Losses } from '#sidecar/wires/losses';
import { buildRequest } from '#test/support/build-request';
import { encodeRequest } from './encode-request.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const ADAPTIVE = 'global.anthropic.claude-opus-4-6-v1';
const NOVA = 'eu.amazon.nova-pro-v1:0';
const NOVA_2 = 'us.amazon.nova-2-lite-v1:0';
const MISTRAL = 'mistral.mistral-large-3-675b-instruct';
const LLAMA = 'us.meta.llama3-3-70b-instruct-v1:0';
const OPENAI = 'openai.gpt-oss-120b-1:0';

function encode(changes: Partial<ChatRequest>, model = CLAUDE) {
  const losses = new Losses('AWS Bedrock', 'Drop');
  return { body: encodeRequest(buildRequest(changes), model, losses), dropped: losses.dropped };
}

const refuses = (changes: Partial<ChatRequest>, param: string, model = CLAUDE) =>
  assert.throws(
    () => encodeRequest(buildRequest(changes), model, new Losses('AWS Bedrock', 'Refuse')),
    (error: Error & { details?: { param?: string } }) => error.details?.param === param,
  );

const said = (role: Message['role'], ...parts: Part[]): Message => ({ role, parts });
const text = (words: string): Part => ({ type: 'text', text: words });
const call = (id: string, name = 'f'): Part => ({ type: 'tool-call', id, name, arguments: '{"a":1}' });
const result = (toolCallId: string): Part => ({
  type: 'tool-result',
  toolCallId,
  parts: [{ type: 'text', text: toolCallId }],
});
const TOOLS: readonly Tool[] = [{ name: 'f', parameters: { type: 'object', properties: {} } }];

test('roles alternate, and tool results come first in the turn that answers the calls', () => {
  const { messages, system } = encode({
    messages: [
      said('system', text('Be brief.')),
      said('user', text('Ask.')),
      said('assistant', call('a'), call('b')),
      said('user', text('By the way …')),
      said('tool', result('a')),
      said('tool', result('b')),
      said('developer', text('Be kind.')),
      said('user', text('And?')),
    ],
    tools: TOOLS,
  }).body;
  assert.deepEqual(system, [{ text: 'Be brief.' }, { text: 'Be kind.' }]);
  assert.deepEqual(
    (messages as { role: string; content: object[] }[]).map(({ role, content }) => [
      role,
      ...content.flatMap((block) => Object.keys(block)),
    ]),
    [
      ['user', 'text'],
      ['assistant', 'toolUse', 'toolUse'],
      ['user', 'toolResult', 'toolResult', 'text', 'text'],
    ],
  );
});

test('a text of white space only, which the API refuses, is left out with its turn', () => {
  const { messages } = encode({
    messages: [said('user', text('Hi')), said('assistant', text(' \n')), said('user', text('Hello?'))],
  }).body;
  assert.deepEqual(messages, [{ role: 'user', content: [{ text: 'Hi' }, { text: 'Hello?' }] }]);
});

test('a tool id that Mistral would refuse becomes nine letters and digits, the same for call and result', () => {
  const ids = (model: string, ...sent: string[]) => {
    const messages = [said('user', text('x')), said('assistant', ...sent.map((id) => call(id)))];
    const answered = said('tool', ...sent.map(result));
    const { body } = encode({ messages: [...messages, answered], tools: TOOLS }, model);
    const turns = body.messages as {
      content: { toolUse?: { toolUseId: string }; toolResult?: { toolUseId: string } }[];
    }[];
    const calls = turns[1]?.content.map(({ toolUse }) => toolUse?.toolUseId) ?? [];
    assert.deepEqual(
      turns[2]?.content.map(({ toolResult }) => toolResult?.toolUseId),
      calls,
    );
    return calls;
  };
  const [first, second, kept] = ids(MISTRAL, 'tooluse_Ac1', 'tooluse_Ac2', 'abcDEF123');
  assert.match(first ?? '', /^[a-zA-Z0-9]{9}$/);
  assert.match(second ?? '', /^[a-zA-Z0-9]{9}$/);
  assert.notEqual(first, second);
  assert.equal(kept, 'abcDEF123');
  assert.deepEqual(ids(CLAUDE, 'tooluse_Ac1'), ['tooluse_Ac1']);
  const [foreign, long] = ids(CLAUDE, 'functions.read:0', 'x'.repeat(65));
  for (const id of [foreign, long]) assert.match(id ?? '', /^[a-zA-Z0-9_-]{1,64}$/);
});

test('each choice of tools is said in the words of the API, and in those of Claude where the API has none', () => {
  const choice = (changes: Partial<ChatRequest>, model?: string) => {
    const { body, dropped } = encode({ tools: TOOLS, ...changes }, model);
    const { toolChoice } = body.toolConfig as { toolChoice?: object };
    return [
      toolChoice,
      (body.additionalModelRequestFields as { tool_choice?: object } | undefined)?.tool_choice,
      dropped,
    ];
  };
  assert.deepEqual(choice({}), [undefined, undefined, []]);
  assert.deepEqual(choice({ toolChoice: { mode: 'auto' } }), [{ auto: {} }, undefined, []]);
  assert.deepEqual(choice({ toolChoice: { mode: 'required' } }), [{ any: {} }, undefined, []]);
  assert.deepEqual(choice({ toolChoice: { mode: 'tool', name: 'f' } }, NOVA), [{ tool: { name: 'f' } }, undefined, []]);
  // Both at once are refused as a conflict.
  assert.deepEqual(choice({ parallelToolCalls: false, toolChoice: { mode: 'required' } }), [
    undefined,
    { type: 'any', disable_parallel_tool_use: true },
    [],
  ]);
  assert.deepEqual(choice({ parallelToolCalls: false }, NOVA), [undefined, undefined, ['parallel_tool_calls']]);
  assert.deepEqual(choice({ toolChoice: { mode: 'tool', name: 'f' } }, MISTRAL), [
    undefined,
    undefined,
    ['tool_choice'],
  ]);
  assert.deepEqual(choice({ toolChoice: { mode: 'required' } }, LLAMA), [undefined, undefined, ['tool_choice']]);
  refuses({ tools: [...TOOLS], toolChoice: { mode: 'required' } }, 'tool_choice', LLAMA);
});

test('where no tool may be called none is sent, unless the conversation holds calls, without whose tools it is refused', () => {
  const past = [said('user', text('x')), said('assistant', call('a', 'g')), said('tool', result('a'))];
  assert.equal(encode({ tools: TOOLS, toolChoice: { mode: 'none' } }).body.toolConfig, undefined);
  assert.equal(encode({}).body.toolConfig, undefined);
  const forbidden = encode({ tools: TOOLS, toolChoice: { mode: 'none' }, messages: past }).body;
  assert.deepEqual(forbidden.additionalModelRequestFields, { tool_choice: { type: 'none' } });
  assert.equal((forbidden.toolConfig as { tools: object[] }).tools.length, 1);
  const forgotten = encode({ messages: past }).body;
  assert.deepEqual(forgotten.toolConfig, {
    tools: [{ toolSpec: { name: 'g', inputSchema: { json: { type: 'object', properties: {} } } } }],
  });
  assert.deepEqual(encode({ tools: TOOLS, toolChoice: { mode: 'none' }, messages: past }, NOVA).dropped, [
    'tool_choice',
  ]);
});

test('Claude is asked to think in the way of its generation, within additionalModelRequestFields', () => {
  const thinking = (model: string, changes: Partial<ChatRequest>) => {
    const { body, dropped } = encode({ maxOutputTokens: 10_000, ...changes }, model);
    return [body.additionalModelRequestFields, body.inferenceConfig, dropped];
  };
  assert.deepEqual(thinking(CLAUDE, { reasoning: { effort: 'low' } }), [
    { thinking: { type: 'enabled', budget_tokens: 2000 } },
    { maxTokens: 10_000 },
    [],
  ]);
  assert.deepEqual(thinking(CLAUDE, { reasoning: { budgetTokens: 3000 }, temperature: 0.2 }), [
    { thinking: { type: 'enabled', budget_tokens: 3000 } },
    { maxTokens: 10_000 },
    ['temperature'],
  ]);
  assert.deepEqual(thinking(ADAPTIVE, { reasoning: { effort: 'xhigh' } }), [
    { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    { maxTokens: 10_000 },
    [],
  ]);
  assert.deepEqual(encode({ reasoning: { effort: 'high' } }).body.additionalModelRequestFields, {
    thinking: { type: 'enabled', budget_tokens: 25_600 },
  });
});

test('Claude goes on thinking in a turn that it signed behind this API, and not in one that another API signed', () => {
  const turnBy = (by: string): Partial<ChatRequest> => ({
    messages: [
      said('user', text('Ask.')),
      said('assistant', { type: 'reasoning', text: 'Hm.', signature: { by, data: 'c2ln' } }, call('a')),
      said('tool', result('a')),
    ],
    tools: TOOLS,
    reasoning: { effort: 'high' },
  });
  const own = encode(turnBy('bedrock-converse'));
  assert.match(JSON.stringify(own.body.additionalModelRequestFields), /"thinking":\{"type":"enabled"/);
  assert.deepEqual(own.dropped, []);
  assert.ok(encode(turnBy('anthropic-messages')).dropped.includes('reasoning_effort'));
});

test('other models are asked to reason in their own words, or it is refused', () => {
  const reasoning = (model: string, changes: Partial<ChatRequest>) => {
    const { body, dropped } = encode(changes, model);
    return [body.additionalModelRequestFields, dropped];
  };
  const nova = (maxReasoningEffort: string) => ({ reasoningConfig: { type: 'enabled', maxReasoningEffort } });
  assert.deepEqual(reasoning(NOVA_2, { reasoning: { effort: 'minimal' } }), [nova('low'), []]);
  assert.deepEqual(reasoning(NOVA_2, { reasoning: { effort: 'high' } }), [nova('high'), []]);
  // The highest effort is refused beside a maximum of tokens.
  assert.deepEqual(reasoning(NOVA_2, { reasoning: { effort: 'high' }, maxOutputTokens: 9 }), [nova('medium'), []]);
  assert.deepEqual(reasoning(OPENAI, { reasoning: { effort: 'high' } }), [{ reasoning_effort: 'high' }, []]);
  assert.deepEqual(reasoning(NOVA, { reasoning: { effort: 'high' } }), [undefined, ['reasoning_effort']]);
  assert.deepEqual(reasoning(LLAMA, { reasoning: { effort: 'none' } }), [undefined, []]);
  refuses({ reasoning: { effort: 'high' } }, 'reasoning_effort', LLAMA);
});

test('sampling goes into inferenceConfig, and top_k where each model looks for it, since what is unknown there vanishes', () => {
  const sampling = { temperature: 0.3, topK: 4, stop: ['END', ' '], maxOutputTokens: 5 };
  const claude = encode(sampling);
  assert.deepEqual(claude.body.inferenceConfig, { maxTokens: 5, temperature: 0.3, stopSequences: ['END'] });
  assert.deepEqual([claude.body.additionalModelRequestFields, claude.dropped], [{ top_k: 4 }, ['stop']]);
  assert.deepEqual(encode(sampling, NOVA).body.additionalModelRequestFields, { inferenceConfig: { topK: 4 } });
  assert.deepEqual(encode(sampling, LLAMA).dropped, ['top_k', 'stop']);
  assert.deepEqual(encode({ topP: 0.5, temperature: 1.5 }, NOVA).body.inferenceConfig, { temperature: 1, topP: 0.5 });
  assert.deepEqual(encode({ stop: ['END'] }, OPENAI).dropped, ['stop']);
  assert.deepEqual(encode({ temperature: 0.3 }, 'us.anthropic.claude-opus-4-7').dropped, ['temperature']);
});

test('a JSON schema is sent as a string in which every object is closed, and plain JSON is refused', () => {
  const schema = {
    type: 'object',
    properties: {
      list: { type: 'array', items: { type: 'object', properties: { type: { type: 'string' } } } },
      either: { anyOf: [{ type: ['object', 'null'], properties: {} }, { $ref: '#/$defs/leaf' }] },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    },
    $defs: { leaf: { type: 'object', properties: {} } },
  };
  const format = { type: 'json-schema', name: 'answer', description: 'An answer.', schema } as const;
  const { textFormat } = encode({ responseFormat: format }).body.outputConfig as {
    textFormat: { type: string; structure: { jsonSchema: { schema: string; name: string; description: string } } };
  };
  assert.equal(textFormat.type, 'json_schema');
  const sent = textFormat.structure.jsonSchema;
  assert.deepEqual([sent.name, sent.description], ['answer', 'An answer.']);
  assert.deepEqual(JSON.parse(sent.schema), {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        items: { type: 'object', properties: { type: { type: 'string' } }, additionalProperties: false },
      },
      either: {
        anyOf: [{ type: ['object', 'null'], properties: {}, additionalProperties: false }, { $ref: '#/$defs/leaf' }],
      },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    },
    $defs: { leaf: { type: 'object', properties: {}, additionalProperties: false } },
    additionalProperties: false,
  });
  refuses({ responseFormat: { type: 'json-object' } }, 'response_format');
  refuses({ responseFormat: format }, 'response_format', NOVA);
  refuses({ responseFormat: format }, 'response_format', 'anthropic.claude-3-7-sonnet-20250219-v1:0');
  assert.deepEqual(encode({ responseFormat: { type: 'text' } }).body.outputConfig, undefined);
});

test('strict tools are sent to the models that take them, and named where they are not', () => {
  const strict = (model: string) => {
    const { body, dropped } = encode({ tools: [{ name: 'f', strict: true }] }, model);
    const [tool] = (body.toolConfig as { tools: { toolSpec: { strict?: boolean } }[] }).tools;
    return [tool?.toolSpec.strict, dropped];
  };
  assert.deepEqual(strict(CLAUDE), [true, []]);
  assert.deepEqual(strict('us.anthropic.claude-sonnet-5'), [undefined, ['tools[0].strict']]);
  assert.deepEqual(strict(NOVA), [undefined, ['tools[0].strict']]);
});

test('a cache mark becomes a cache point after its part, as far as the model caches', () => {
  const marked = (cacheControl: { ttl?: '5m' | '1h' }): Partial<ChatRequest> => ({
    messages: [
      said('system', { type: 'text', text: 'Long.', cacheControl }),
      said('user', { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aaaa' }, cacheControl }),
      said('user', { type: 'text', text: ' ', cacheControl }, text('Hi')),
    ],
    tools: [{ name: 'f', cacheControl }],
  });
  const points = (model: string, ttl?: '5m' | '1h') => {
    const { body, dropped } = encode(marked(ttl === undefined ? {} : { ttl }), model);
    return [[...JSON.stringify(body).matchAll(/\{"cachePoint":(\{.*?\})\}/g)].map((match) => match[1]), dropped];
  };
  const point = '{"type":"default"}';
  // Alone, after a part that is left out, it would be refused.
  assert.deepEqual(points(CLAUDE), [[point, point, point], []]);
  assert.deepEqual(points(CLAUDE, '1h')[0], Array(3).fill('{"type":"default","ttl":"1h"}'));
  assert.deepEqual(points(NOVA, '1h'), [
    [point],
    ['messages[0].content[0].cache_control.ttl', 'messages[1].content[0].cache_control', 'tools[0].cache_control'],
  ]);
  assert.deepEqual(points(LLAMA)[0], []);
  const { messages } = encode({
    messages: [
      said('user', text('x')),
      said('assistant', call('a')),
      said('user', text('first')),
      said('tool', { type: 'tool-result', toolCallId: 'a', parts: [], cacheControl: {} }),
    ],
    tools: TOOLS,
  }).body;
  assert.deepEqual(
    (messages as { content: object[] }[])[2]?.content.map((block) => Object.keys(block)[0]),
    ['toolResult', 'cachePoint', 'text'],
  );
});

test('images are sent as bytes and documents under names that the API takes, no name twice', () => {
  const image = (mediaType: string): Part => ({ type: 'image', source: { kind: 'base64', mediaType, data: 'aaaa' } });
  const file = (filename?: string): Part => ({
    type: 'file',
    mediaType: 'application/pdf',
    data: 'cGRm',
    ...(filename !== undefined && { filename }),
  });
  const parts = [image('image/jpg'), file("Résumé  #1 (John's).pdf"), file('a.pdf'), file('a.pdf'), file()];
  const { messages } = encode({ messages: [said('user', ...parts)] }).body;
  const bytes = { source: { bytes: 'cGRm' } };
  assert.deepEqual((messages as { content: object[] }[])[0]?.content, [
    { image: { format: 'jpeg', source: { bytes: 'aaaa' } } },
    { document: { format: 'pdf', name: 'R-sum- -1 (John-s)', ...bytes } },
    { document: { format: 'pdf', name: 'a', ...bytes } },
    { document: { format: 'pdf', name: 'a (2)', ...bytes } },
    { document: { format: 'pdf', name: 'document', ...bytes } },
  ]);
  refuses({ messages: [said('user', image('image/tiff'))] }, 'messages[0].content[0] of media type image/tiff');
  const at = (url: string): Partial<ChatRequest> => ({
    messages: [said('user', { type: 'image', source: { kind: 'url', url } })],
  });
  refuses(at('https://example.com/a.png'), 'messages[0].content[0].image_url.url');
  assert.match(JSON.stringify(encode(at('s3://bucket/a.PNG')).body), /"s3Location":\{"uri":"s3:\/\/bucket\/a.PNG"\}/);
});

test('reasoning goes back with the signature that this API made, and is left out and named where another API made it', () => {
  const turn = (by: string): Message[] => [
    said('user', text('x')),
    said(
      'assistant',
      { type: 'reasoning', text: 'Hm.', signature: { by, data: 'c2ln' } },
      { type: 'reasoning', text: '', redacted: { by, data: 'cmVk' } },
      text('Yes.'),
    ),
    said('user', text('Sure?')),
  ];
  const content = (by: string) => {
    const { body, dropped } = encode({ messages: turn(by) });
    return [(body.messages as { content: object[] }[])[1]?.content, dropped];
  };
  assert.deepEqual(content('bedrock-converse'), [
    [
      { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
      { reasoningContent: { redactedContent: 'cmVk' } },
      { text: 'Yes.' },
    ],
    [],
  ]);
  assert.deepEqual(content('anthropic-messages'), [[{ text: 'Yes.' }], ['messages[1].reasoning']]);
});

test('a tool that failed is told so to the models that are told', () => {
  const failed: Partial<ChatRequest> = {
    messages: [
      said('user', text('x')),
      said('assistant', call('a')),
      said('tool', { type: 'tool-result', toolCallId: 'a', parts: [], isError: true }),
    ],
    tools: TOOLS,
  };
  assert.match(JSON.stringify(encode(failed).body.messages), /"status":"error"/);
  assert.deepEqual(encode(failed, MISTRAL).dropped, ['messages[2].is_error']);
});

test('what no Bedrock model takes is refused by its name', () => {
  refuses({ choiceCount: 2 }, 'n');
  refuses({ logprobs: {} }, 'logprobs');
  refuses({ presencePenalty: 1 }, 'presence_penalty');
  refuses({ frequencyPenalty: 1 }, 'frequency_penalty');
  refuses({ seed: 1 }, 'seed');
  assert.deepEqual(encode({ user: 'u' }).dropped, ['user']);
});
