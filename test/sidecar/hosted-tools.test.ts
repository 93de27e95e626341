/** Tools that a provider runs itself, under a limit in dollars: a whole sidecar, the real gate, and a provider that searches as often as it is let. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget, PolicyGuardrail, PolicyPrice } from '#contract/policy/policy';
import type { ProviderType } from '#contract/resources/provider-type';
import { buildBudget, buildGuardrail } from '#test/support/build-policy';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';
import { startGated } from './start-gated.ts';
import { postRaw } from './start-responses.ts';
import { startSidecar, type TargetWords } from './start-sidecar.ts';

/** A nano-dollar a token, ten thousand a search. */
const PRICE: PolicyPrice = {
  inputPico: '1000',
  cachedInputPico: '1000',
  outputPico: '1000',
  webSearchPico: '10000000',
};
const USAGE = { inputTokens: 3_000, outputTokens: 50 };

interface Api {
  readonly type: ProviderType;
  readonly fake: FakeDialect;
  readonly model: string;
  readonly path: string;
  readonly body: object;
}

const RESPONSES: Api = {
  ...{ type: 'OpenAI', fake: 'openai-responses', model: 'gpt-5', path: '/v1/responses' },
  body: { model: 'm', input: 'What is new?', max_output_tokens: 100, tools: [{ type: 'web_search' }] },
};
const MESSAGES: Api = {
  ...{ type: 'Anthropic', fake: 'anthropic', model: 'claude-sonnet-4-5', path: '/v1/messages' },
  body: {
    ...{ model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'What is new?' }] },
    tools: [{ type: 'web_search_20250305', name: 'web_search' }],
  },
};
const GEMINI: Api = {
  ...{ type: 'Gemini', fake: 'gemini', model: 'gemini-2.5-flash', path: '/v1beta/models/m:generateContent' },
  body: {
    ...{ contents: [{ role: 'user', parts: [{ text: 'What is new?' }] }], generationConfig: { maxOutputTokens: 100 } },
    tools: [{ googleSearch: {} }],
  },
};

interface Words {
  readonly limit?: bigint;
  readonly budget?: Partial<PolicyBudget>;
  readonly target?: Partial<TargetWords>;
  readonly guardrails?: readonly PolicyGuardrail[];
  readonly searches?: number;
}

async function start(
  t: TestContext,
  api: Api,
  { limit = 100_000_000n, budget, target, guardrails, searches = 2 }: Words = {},
) {
  const started = await startGated(t, {
    ...{ dialect: api.fake, answer: { usage: USAGE, searches } },
    policy: {
      providers: { p: { type: api.type } },
      budgets: [buildBudget('default/limits/usd', limit, { unit: 'nanoUsd', ...budget })],
      routes: [
        {
          models: ['m'],
          targets: [{ provider: 'p', model: api.model, price: PRICE, contextTokens: 10_000, ...target }],
        },
      ],
      ...(guardrails && { guardrails }),
    },
  });
  const { running, provider, overruns } = started;
  const ask = (more: object = {}, path = api.path) => postRaw(running.url, { ...api.body, ...more }, path);
  /** Those of requests that were sent. */
  const rows = () =>
    started
      .rows()
      .flatMap(({ toolUnits, costNanoUsd, inputTokens, outcome }) =>
        outcome === 'refused' ? [] : [{ toolUnits, costNanoUsd, inputTokens }],
      );
  return { provider, ask, rows, overruns };
}

for (const [api, isStream] of [RESPONSES, MESSAGES, GEMINI].flatMap((each) =>
  [false, true].map((s) => [each, s] as const),
))
  test(`searches of ${api.type} stand in the row and are paid to the nano-dollar, ${isStream ? 'streamed' : 'whole'}`, async (t) => {
    const { ask, rows, overruns } = await start(t, api);
    const [more, path] =
      api === GEMINI
        ? [{}, isStream ? '/v1beta/models/m:streamGenerateContent?alt=sse' : api.path]
        : [isStream ? { stream: true } : {}, api.path];
    const answer = await ask(more, path);
    assert.equal(answer.status, 200, answer.text);
    // Google bills the prompt of this model once, whatever it searches for.
    const toolUnits = api === GEMINI ? 1 : 2;
    assert.deepEqual(rows(), [{ toolUnits, costNanoUsd: 3_050n + BigInt(toolUnits) * 10_000n, inputTokens: 3_000 }]);
    assert.deepEqual(overruns, []);
  });

test('where a limit in dollars applies and the client states no maximum one is stated for it, and the provider keeps to it', async (t) => {
  const asOpenai = await start(t, RESPONSES, { searches: 50 });
  assert.equal((await asOpenai.ask()).status, 200);
  assert.equal(asOpenai.provider.requests[0]?.body?.max_tool_calls, 5);
  assert.deepEqual(asOpenai.rows()[0]?.toolUnits, 5);
  const asAnthropic = await start(t, MESSAGES, { searches: 50 });
  assert.equal((await asAnthropic.ask()).status, 200);
  assert.deepEqual(asAnthropic.provider.requests[0]?.body?.tools, [
    { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
  ]);
  assert.deepEqual(asAnthropic.rows()[0]?.toolUnits, 5);
  assert.deepEqual([asOpenai.overruns, asAnthropic.overruns], [[], []]);
});

test('a maximum is also stated where a guardrail has the request written anew', async (t) => {
  const guardrails = [buildGuardrail({ stage: 'Input', detect: ['Email'] })];
  const { ask, provider } = await start(t, RESPONSES, { guardrails });
  assert.equal((await ask({ input: 'Who is jane@example.com?' })).status, 200);
  const [sent] = provider.requests;
  assert.equal(sent?.rawBody.includes('jane@'), false);
  assert.deepEqual([sent?.body?.max_tool_calls, sent?.body?.tools], [5, [{ type: 'web_search' }]]);
});

test('what is reserved is the model read whole in each round and every search: a limit that lacks a nano-dollar of it refuses', async (t) => {
  // Six rounds of 10,000 tokens, 100 of output, five searches.
  const needed = 60_000n + 100n + 50_000n;
  const enough = await start(t, RESPONSES, { limit: needed });
  assert.equal((await enough.ask()).status, 200);
  const less = await start(t, RESPONSES, { limit: needed - 1n });
  const refused = await less.ask();
  assert.equal(refused.status, 429);
  assert.match(refused.text, /budget_exceeded/);
  // Whoever asks for fewer calls needs less.
  assert.equal((await less.ask({ max_tool_calls: 1 })).status, 200);
  assert.equal(less.provider.requests.length, 1);
});

test('a hard limit refuses tools that have no price or that nothing bounds, and says what to do; nothing is sent', async (t) => {
  const cases: readonly (readonly [Api, Words, object, RegExp])[] = [
    [RESPONSES, {}, { tools: [{ type: 'code_interpreter' }] }, /codeExecutionUsdPerThousand/],
    [RESPONSES, {}, { tools: [{ type: 'image_generation' }] }, /not told by a price per call/],
    [RESPONSES, { target: { contextTokens: undefined } }, {}, /State contextTokens/],
    [
      MESSAGES,
      {},
      { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] },
      /not told by a price per call/,
    ],
    [GEMINI, { target: { model: 'gemini-3.5-flash' } }, {}, /Nothing bounds how often/],
  ];
  for (const [api, words, more, why] of cases) {
    const { ask, provider } = await start(t, api, words);
    const refused = await ask(more);
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.text, why);
    assert.equal(provider.requests.length, 0);
  }
});

test('a ceiling for unknown prices does not hold what tools cost', async (t) => {
  const priceCeiling = { inputPico: '1000', outputPico: '1000' };
  const { ask, provider } = await start(t, RESPONSES, { target: { price: null }, budget: { priceCeiling } });
  const refused = await ask();
  assert.equal(refused.status, 403);
  assert.match(refused.text, /price of web search/);
  assert.equal((await ask({ tools: [] })).status, 200);
  assert.equal(provider.requests.length, 1);
});

test('a soft limit refuses nothing and changes nothing, and the cost of a tool without a price is unknown and not nothing', async (t) => {
  const { webSearchPico: _, ...price } = PRICE;
  const { ask, provider, rows } = await start(t, RESPONSES, { budget: { soft: true }, target: { price }, searches: 7 });
  assert.equal((await ask()).status, 200);
  assert.equal(provider.requests[0]?.body?.max_tool_calls, undefined);
  assert.deepEqual(rows(), [{ toolUnits: 7, costNanoUsd: null, inputTokens: 3_000 }]);
});

test('a limit in tokens is as it was: it states no maximum of calls and counts what tools had the model read', async (t) => {
  const { ask, provider, rows } = await start(t, RESPONSES, {
    limit: 10_000n,
    budget: { unit: 'tokens' },
    searches: 7,
  });
  assert.equal((await ask()).status, 200);
  assert.equal(provider.requests[0]?.body?.max_tool_calls, undefined);
  assert.deepEqual(rows()[0]?.toolUnits, 7);
});

test('a ceiling in dollars of one request states a maximum too, and refuses what could cost more', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai-responses' });
  t.after(() => provider.close());
  const target = { provider: 'p', model: 'gpt-5', price: PRICE, contextTokens: 10_000 };
  const running = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      // 60,000 nano-dollars of input, 100 of output, 50,000 of searches.
      routes: [
        { models: ['enough'], targets: [target], perRequest: { maxUsd: '0.0001101' } },
        { models: ['less'], targets: [target], perRequest: { maxUsd: '0.000110099' } },
      ],
    },
  });
  const ask = (model: string) => postRaw(running.url, { ...RESPONSES.body, model });
  assert.equal((await ask('enough')).status, 200);
  assert.equal(provider.requests[0]?.body?.max_tool_calls, 5);
  const refused = await ask('less');
  assert.match(refused.text, /ceiling_exceeded/);
  assert.equal(provider.requests.length, 1);
});
