import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { CanonicalRequest } from '#sidecar/canonical/request';
import { endpointAt } from '#sidecar/dialects/index';
import type { Call } from '#sidecar/pipeline/call';
import { type DecodedRequest, decode } from '#sidecar/pipeline/decode';
import { adapterFor } from '#sidecar/providers/index';
import { buildProvider } from '#test/support/build-policy';
import { cacheKey } from './cache-key.ts';
import { whyOnce } from './why-once.ts';

interface Words {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly caller?: { readonly user?: string; readonly session?: string; readonly key?: string };
  readonly scope?: 'User' | 'Session' | 'Workload';
  readonly seed?: string;
  readonly rule?: number;
  readonly patienceMs?: number;
}

const CANDIDATES = (['OpenAI', 'Anthropic'] as const).map((type) => ({
  provider: { adapter: adapterFor(buildProvider('shop/p', { type })) },
  model: 'gpt-4o',
}));

function asked(text: string, { path = '/v1/chat/completions', headers = {}, patienceMs }: Words) {
  const call = { endpoint: endpointAt(path), headers, patienceMs } as unknown as Call;
  return { call, decoded: decode(Buffer.from(text), call) };
}

function keyOfText(text: string, words: Words = {}): string | undefined {
  const { scope = 'Workload', seed = 'route', rule = 0, caller = {} } = words;
  const selection = { route: { rules: [] }, rule, candidates: CANDIDATES };
  const cache = { ttlMs: 1, scope, seed };
  const question = { ...asked(text, words), caller, selection } as never;
  return whyOnce(cache, question) === undefined ? cacheKey(cache, question) : undefined;
}

const keyOf = (body: JsonObject, words: Words = {}): string | undefined => keyOfText(JSON.stringify(body), words);

const SCHEMA = { type: 'object', properties: { city: { type: 'string', enum: ['Rome', 'Oslo'] } }, required: ['city'] };
const CHAT = {
  model: 'chat',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'Where is it warm?' }] },
    { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: 'Rome' },
  ],
  tools: [
    { type: 'function', function: { name: 'weather', description: 'Of a city', parameters: SCHEMA, strict: true } },
  ],
  tool_choice: 'auto',
  temperature: 0.7,
  max_tokens: 100,
  seed: 7,
  stop: ['END'],
  response_format: { type: 'json_schema', json_schema: { name: 'place', schema: SCHEMA } },
  reasoning_effort: 'low',
  vendor: { top: [1, { k: 2 }] },
};

/** Per API: what is asked, and what is said beside it. */
const APIS: Readonly<Record<string, { readonly body: JsonObject; readonly beside: JsonObject }>> = {
  '/v1/chat/completions': {
    body: CHAT,
    beside: {
      ...{ stream: true, stream_options: { include_usage: true }, user: 'ada', safety_identifier: 'ada' },
      ...{ metadata: { a: 'b' }, store: false, service_tier: 'flex' },
      ...{ prompt_cache_key: 'k', prompt_cache_retention: '24h' },
    },
  },
  '/v1/responses': {
    body: {
      model: 'chat',
      instructions: 'Be brief.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Where is it warm?' }] }],
      tools: [{ type: 'function', name: 'weather', parameters: SCHEMA }],
      text: { format: { type: 'text' }, verbosity: 'low' },
      reasoning: { effort: 'low' },
      max_output_tokens: 100,
      store: false,
    },
    beside: {
      ...{ stream: true, stream_options: { include_obfuscation: false }, user: 'ada', safety_identifier: 'ada' },
      ...{ metadata: { a: 'b' }, client_metadata: { a: 'b' }, service_tier: 'flex' },
      ...{ prompt_cache_key: 'k', prompt_cache_options: {}, prompt_cache_retention: '24h' },
    },
  },
  '/v1/messages': {
    body: {
      model: 'chat',
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Where is it warm?' }] }],
      tools: [{ name: 'weather', input_schema: SCHEMA }],
      tool_choice: { type: 'auto' },
      thinking: { type: 'enabled', budget_tokens: 1024 },
      max_tokens: 2000,
      top_k: 4,
      stop_sequences: ['END'],
    },
    beside: { stream: true, metadata: { user_id: 'ada' }, service_tier: 'auto' },
  },
  '/v1beta/models/chat:generateContent': {
    body: {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [{ role: 'user', parts: [{ text: 'Where is it warm?' }] }],
      tools: [{ functionDeclarations: [{ name: 'weather', parameters: SCHEMA }] }],
      generationConfig: { temperature: 0.5, maxOutputTokens: 10, responseMimeType: 'text/plain' },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    },
    beside: { labels: { a: 'b' }, serviceTier: 'flex' },
  },
  '/v1/embeddings': {
    body: { model: 'chat', input: ['one', 'two'], dimensions: 8, encoding_format: 'float', input_type: 'query' },
    beside: { user: 'ada' },
  },
  '/v1/rerank': {
    body: { model: 'chat', query: 'fish', documents: ['a', { text: 'b' }], top_n: 1 },
    beside: { user: 'ada' },
  },
};

/** Every place of a value, as the keys on the way to it. */
const placesOf = (value: JsonValue | undefined): readonly (readonly string[])[] =>
  typeof value !== 'object' || value === null
    ? [[]]
    : [[], ...Object.entries(value).flatMap(([key, member]) => placesOf(member).map((rest) => [key, ...rest]))];

type Change = (value: JsonValue | undefined) => JsonValue | undefined;

const CHANGES: readonly Change[] = [
  (value) => (typeof value === 'string' ? `${value} ` : 'other'),
  (value) => (typeof value === 'number' ? value + 1 : 1),
  (value) => (Array.isArray(value) ? [...value, ...value] : null),
  (value) => (typeof value === 'object' && !Array.isArray(value) ? { ...value, further: true } : {}),
  () => undefined,
];

function changedAt(
  value: JsonValue | undefined,
  [key, ...rest]: readonly string[],
  change: Change,
): JsonValue | undefined {
  if (key === undefined) return change(value);
  const copy = Array.isArray(value) ? [...value] : { ...(value as JsonObject) };
  const members = copy as JsonObject;
  const next = changedAt(members[key], rest, change);
  if (next === undefined && !Array.isArray(copy)) delete members[key];
  else members[key] = next ?? null;
  return copy as JsonValue;
}

/** undefined: it is no request. */
function tried<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

for (const [path, { body, beside }] of Object.entries(APIS)) {
  test(`${path}: two requests that differ anywhere in what is asked never share a key`, () => {
    const key = keyOf(body, { path });
    const places = placesOf(body).filter((place) => place.length > 0);
    let changed = 0;
    for (const place of places)
      for (const change of CHANGES) {
        const other = changedAt(body, place, change) as JsonObject;
        if (JSON.stringify(other) === JSON.stringify(body)) continue;
        const otherKey = tried(() => keyOf(other, { path }));
        assert.notEqual(otherKey, key, place.join('.'));
        if (otherKey !== undefined) changed += 1;
      }
    assert.ok(key !== undefined && changed > places.length, `${changed} of ${places.length} places`);
  });

  test(`${path}: what is said beside it, the order of members and the space between them change no key, and nothing that is read of the request`, () => {
    const key = keyOf(body, { path });
    const whole = { ...beside, ...body };
    assert.deepEqual(Object.keys(beside).sort(), [...besideOf(path)].sort());
    assert.equal(keyOfText(`{ ${members(whole).reverse().join(' ,\n ')} }`, { path }), key);
    for (const [name, value] of Object.entries(beside)) {
      const said = asked(JSON.stringify({ ...body, [name]: value }), { path }).decoded;
      assert.deepEqual(ofAnswer(said), ofAnswer(asked(JSON.stringify(body), { path }).decoded), name);
    }
  });
}

const members = (body: JsonObject): string[] =>
  Object.entries(body).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);

const besideOf = (path: string): readonly string[] => endpointAt(path)?.dialect.besideAnswer ?? [];

/** What the canonical request says of the answer. */
function ofAnswer({ request }: DecodedRequest): unknown {
  const { stream: _, includeUsage: __, user: ___, ...rest } = request as CanonicalRequest & { body?: JsonObject };
  const { user: ____, ...body } = rest.body ?? {};
  const extensions = 'extensions' in rest ? rest.extensions : {};
  const essential = Object.values(extensions).map((own) => [own?.indispensable, own?.essential]);
  return { ...rest, body, extensions: essential };
}

test('a member that is there twice is not as one that is there once', () => {
  const keys = ['{"vendor":1', '{"vendor":2', '{"vendor":1,"vendor":2', '{"vendor":2,"vendor":1'].map((start) =>
    keyOfText(`${start},"model":"chat","messages":[{"role":"user","content":"hi"}]}`),
  );
  assert.equal(new Set(keys).size, 4);
});

test('members do not run into each other, whatever is in them', () => {
  const name = fc.constantFrom('a', 'b', 'a"', '\n"b" 1\n', 'b\n');
  const value = fc.oneof(fc.constantFrom('1', '\n', '"b" 1\n2', '"a'), fc.integer({ min: 0, max: 2 }));
  const vendor = fc.dictionary(name, value, { maxKeys: 3 });
  const base = { model: 'chat', messages: [{ role: 'user', content: 'hi' }] };
  fc.assert(
    fc.property(vendor, vendor, (a, b) => {
      const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
      assert.equal(keyOf({ ...base, ...a }) === keyOf({ ...base, ...b }), same);
    }),
    { seed: 11, numRuns: 2_000 },
  );
});

test('route, rule, user, session, API, model of the path and forwarded headers part answers', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const ask = { model: 'chat', max_tokens: 9, messages };
  const google = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const keys = [
    keyOf(ask),
    keyOf(ask, { seed: 'other' }),
    keyOf(ask, { rule: 1 }),
    keyOf(ask, { scope: 'User', caller: { user: 'ada' } }),
    keyOf(ask, { scope: 'User', caller: { user: 'bob' } }),
    keyOf(ask, { scope: 'Session', caller: { session: 'ada' } }),
    keyOf(ask, { path: '/v1/messages' }),
    keyOf(ask, { path: '/v1/messages', headers: { 'anthropic-beta': 'context-1m' } }),
    keyOf(ask, { path: '/openai/deployments/other/chat/completions' }),
    keyOf(google, { path: '/v1beta/models/chat:generateContent' }),
    keyOf(google, { path: '/v1beta/models/other:generateContent' }),
  ];
  assert.ok(!keys.includes(undefined));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keyOf(ask, { headers: { 'x-other': '1' } }), keys[0], 'a header that goes nowhere');
  assert.equal(
    keyOf(google, { path: '/v1beta/models/chat:streamGenerateContent' }),
    keyOf(google, { path: '/v1beta/models/chat:generateContent' }),
  );
});

test('whoever comes with an AIKey shares nothing with others, who may be called the same', () => {
  const ask = { model: 'chat', messages: [{ role: 'user', content: 'hi' }] };
  for (const scope of ['User', 'Session', 'Workload'] as const) {
    const as = (key?: string) => keyOf(ask, { scope, caller: { user: '1', session: '1', ...(key && { key }) } });
    assert.equal(new Set([as(), as('shop/partner'), as('shop/other')]).size, 3, scope);
    assert.equal(as('shop/partner'), as('shop/partner'));
  }
});

test('what is answered once has no key', () => {
  const ask = { model: 'chat', messages: [{ role: 'user', content: 'hi' }] };
  const input = { model: 'chat', input: 'hi' };
  const responses = { path: '/v1/responses' };
  const cases = {
    'nobody said whose it is': keyOf(ask, { scope: 'User' }),
    'no session': keyOf(ask, { scope: 'Session', caller: { user: 'ada' } }),
    'several choices': keyOf({ ...ask, n: 2 }),
    'to be stored': keyOf({ ...ask, store: true }),
    'a search of its own': keyOf({ ...ask, web_search_options: {} }),
    'a job': keyOf(ask, { patienceMs: 1_000 }),
    'a tool that the provider runs': keyOf({ ...input, tools: [{ type: 'web_search' }] }, responses),
    'an answer for later': keyOf({ ...input, background: true }, responses),
    'what an account keeps': keyOf({ ...input, previous_response_id: 'resp_1' }, responses),
    'servers of tools': keyOf({ ...ask, max_tokens: 9, mcp_servers: [{ type: 'url' }] }, { path: '/v1/messages' }),
    'more than a mebibyte': keyOf({ ...ask, vendor: 'x'.repeat(1024 * 1024) }),
    pictures: keyOf({ model: 'chat', prompt: 'A fish.' }, { path: '/v1/images/generations' }),
    counting: keyOf({ ...ask, max_tokens: 9 }, { path: '/v1/messages/count_tokens' }),
  };
  for (const [what, key] of Object.entries(cases)) assert.equal(key, undefined, what);
  assert.ok(keyOf({ ...input, tools: [{ type: 'function', name: 'f', parameters: {} }] }, responses));
});
