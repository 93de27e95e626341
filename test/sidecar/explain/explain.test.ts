/** `x-remora-explain`: the answer says why, and nothing else happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '#sidecar/pipeline/explain/explanation';
import { policyOf, startSidecar } from '#test/sidecar/start-sidecar';
import { buildBudget, buildGuardrail } from '#test/support/build-policy';
import { explained, explainedAt, HEADERS, MOCKS, started } from './stage.ts';

test('nothing is sent, reserved or recorded for an explanation', async (t) => {
  const { running, asked } = await started(t, {
    providers: { a: { type: 'OpenAI' }, b: { type: 'OpenAI' } },
    routes: [
      {
        targets: [{ provider: 'a' }, { provider: 'b' }],
        rule: { strategy: 'LeastLatency' },
        classifier: { url: 'http://127.0.0.1:1/classify', deadlineMs: 1_000 },
        match: { complexity: 'Simple' },
      },
    ],
    budgets: [buildBudget('default/team/day', 1_000_000n)],
  });
  const before = await (await fetch(`${running.healthUrl}/targets`)).text();
  const explanation = await explained(running);
  assert.equal(explanation.outcome, 'sent');
  assert.equal(explanation.class?.classifierNotAsked, true);
  assert.deepEqual([asked, running.gate.reserved, running.records, running.faults], [[], [], [], []]);
  assert.equal(await (await fetch(`${running.healthUrl}/targets`)).text(), before);
});

test('a request that is sent afterwards goes as was explained', async (t) => {
  const running = await startSidecar(t, {
    policy: { providers: MOCKS, routes: [{ targets: [{ provider: 'b', model: 'echo' }, { provider: 'a' }] }] },
  });
  const { sentTo } = await explained(running);
  const response = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  assert.equal(response.headers.get('x-remora-target'), sentTo);
  assert.equal(sentTo, 'b/echo');
});

test('an unfit target is tried last, and why and for how long is told', async (t) => {
  let nowMs = 0;
  const running = await startSidecar(t, {
    deps: { monotonicMs: () => nowMs },
    policy: {
      providers: MOCKS,
      routes: [
        {
          targets: [
            {
              ...{ provider: 'a', model: 'status-503' },
              circuitBreaker: { consecutiveFailures: 1, errorPercent: 100, firstTokenP95Ms: null, openForMs: 5_000 },
            },
            { provider: 'b', model: 'status-429' },
            { provider: 'c', model: 'echo' },
          ],
        },
      ],
    },
  });
  const send = () =>
    fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
    }).then((response) => response.text());
  await send();
  nowMs = 500;
  const { targets, sentTo } = await explained(running);
  assert.equal(sentTo, 'c/echo');
  assert.deepEqual(
    targets.map(({ target, concerns }) => [target, concerns]),
    [
      ['c/echo', []],
      [
        'a/status-503',
        [{ by: 'CircuitBreaker', state: 'open', reason: '1 failures in a row', isUnfit: true, forMs: 4_500 }],
      ],
      ['b/status-429', [{ by: 'CoolDown', reason: 'limited the rate', isUnfit: true, forMs: 500 }]],
    ],
  );
  const board = (await (await fetch(`${running.healthUrl}/targets`)).json()) as {
    targets: readonly { model: string; breaker?: string; concerns: readonly object[] }[];
  };
  assert.deepEqual(
    board.targets.map(({ model, breaker, concerns }) => [model, breaker, concerns.length]),
    [
      ['status-503', 'open', 1],
      ['status-429', undefined, 1],
      ['echo', undefined, 0],
    ],
  );
  await send();
  assert.deepEqual(running.records.at(-1)?.unfit, [
    { target: 'a/status-503', reason: 'CircuitBreaker' },
    { target: 'b/status-429', reason: 'CoolDown' },
  ]);
  nowMs = 5_000;
  const [first] = (await explained(running)).targets;
  assert.deepEqual([first?.target, first?.concerns[0]?.isUnfit], ['a/status-503', false]);
});

test('what is left out is told with its reason, and the rest goes on', async (t) => {
  const { running } = await started(t, {
    providers: {
      denied: { type: 'OpenAI' },
      untagged: { type: 'OpenAI' },
      locked: { type: 'OpenAI', credential: 'default/s/k', tags: ['eu'] },
      guarded: { type: 'OpenAI', tags: ['eu'] },
      left: { type: 'OpenAI', tags: ['eu', 'trusted'] },
    },
    routes: [
      {
        targets: ['denied', 'untagged', 'locked', 'guarded', 'left'].map((provider) => ({ provider })),
        rule: { strategy: 'Priority' },
      },
    ],
    modelRules: [{ policy: 'default/org', allow: [], deny: ['denied/*'] }],
    requirements: [{ policy: 'default/org', require: [{ tags: ['eu'] }] }],
    guardrails: [
      buildGuardrail({
        ...{ name: 'names', stage: 'Input', patterns: ['neptune'], action: 'Block', unlessTags: ['trusted'] },
      }),
    ],
  });
  const { leftOut, sentTo, guardrails, required } = await explained(running, {
    messages: [{ role: 'user', content: 'project neptune, neptune' }],
  });
  assert.equal(sentTo, 'left/m');
  assert.deepEqual(
    leftOut.map(({ target, reason }) => [target, reason]),
    [
      ['denied/m', 'Denied'],
      ['untagged/m', 'TagsMissing'],
      ['locked/m', 'NoCredential'],
      ['guarded/m', 'Guardrail'],
    ],
  );
  assert.match(leftOut[2]?.message ?? '', /Secret default\/s\/k/);
  assert.deepEqual(guardrails, [
    {
      ...{ guardrail: 'remora-system/organisation/names', action: 'Block', observed: false },
      found: [{ kind: 'patterns[0]', count: 2 }],
    },
  ]);
  assert.deepEqual(required, [{ policy: 'default/org', tags: ['eu'] }]);
});

test('each rule that does not match says what of it does not fit', async (t) => {
  const running = await startSidecar(t);
  const target = { provider: 'a' };
  const policy = policyOf({ providers: MOCKS, routes: [{ targets: [target] }] });
  const [route] = policy.routes;
  const [last] = route?.rules ?? [];
  assert.ok(route && last);
  const matching = (match: object, when?: string) => ({
    ...last,
    match: { ...last.match, ...match },
    ...(when !== undefined && { when }),
  });
  const rules = [
    matching({ models: ['other'] }),
    matching({ headers: [{ name: 'x-plan', value: 'gold' }] }),
    matching({ task: 'Code', latency: 'Realtime' }),
    matching({}, 'caller.team == "sales"'),
    matching({}, 'request.turns > 3 || request.prompt.contains("x")'),
    matching({}, 'int(request.headers["x-n"]) > 1'),
    last,
    matching({}),
  ];
  assert.deepEqual(running.sidecar.sink.applyPolicy({ ...policy, routes: [{ ...route, rules }] }, 'hash-1'), {
    applied: true,
  });
  const { rules: told, route: name } = await explained(running, {}, { 'x-plan': 'tin' });
  assert.equal(name, 'default/route-0');
  assert.deepEqual(
    told.map(({ matches, because }) => [matches, because]),
    [
      [false, 'the model is not other'],
      [false, 'the header x-plan is not "gold"'],
      [false, 'the task is chat, not code, the latency is batch, not realtime'],
      [false, 'when is false: caller.team == "sales" (caller.team is "data")'],
      [false, 'when is false: request.turns > 3 || request.prompt.contains("x") (request.turns is 1)'],
      [false, told[5]?.because],
      [true, undefined],
    ],
  );
  assert.match(told[5]?.because ?? '', /^when cannot be evaluated, which counts as false: /);
});

test('prices, what is reserved, ceilings and budgets are told per target, and who is too dear is refused', async (t) => {
  const { running } = await started(t, {
    providers: MOCKS,
    routes: [
      {
        targets: [
          { provider: 'a', price: { inputPico: '2000000', cachedInputPico: '1000000', outputPico: '100000000' } },
          { provider: 'b', price: { inputPico: '1000000', cachedInputPico: '1000000', outputPico: '2000000' } },
        ],
        perRequest: { maxUsd: '0.01' },
      },
    ],
  });
  const { targets, sentTo, ceilings } = await explained(running, { max_tokens: 1_000 });
  const [dear, cheap] = targets;
  assert.equal(sentTo, 'b/m');
  assert.deepEqual(dear?.price, { input: '2.00', output: '100.00' });
  assert.equal(dear?.refused?.code, 'ceiling_exceeded');
  assert.equal(cheap?.refused, undefined);
  assert.equal(cheap?.atMost?.outputTokens, 1_000);
  assert.match(cheap?.atMost?.usd ?? '', /^0\.002/);
  assert.deepEqual(ceilings, [{ object: 'AIRoute default/route-0', maxUsd: '0.01', observed: false }]);
});

test('of a stream whose reservation grows, what is reserved at first is told beside the most that it may use', async (t) => {
  const { running } = await started(t, {
    providers: MOCKS,
    routes: [{ targets: [{ provider: 'a' }] }],
    budgets: [buildBudget('default/team/day', 1_000n, { unit: 'nanoUsd' })],
  });
  const { targets } = await explained(running, { stream: true, max_tokens: 5_000 });
  const { atMost, slice } = targets[0] ?? {};
  assert.deepEqual([atMost?.outputTokens, slice?.outputTokens], [5_000, 512]);
  assert.equal(slice?.inputTokens, atMost?.inputTokens);
  const plain = await explained(running, { max_tokens: 5_000 });
  assert.equal(plain.targets[0]?.slice, undefined);
});

test('a request that would be refused is answered 200 with the error that its client would see', async (t) => {
  const { running } = await started(t, { providers: MOCKS, routes: [{ targets: [{ provider: 'a' }] }] });
  const told = await explained(running, { model: 'other' });
  const real = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'other', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const { error } = (await real.json()) as { error: { message: string } };
  assert.equal(told.outcome, 'refused');
  assert.deepEqual([told.refused?.status, told.refused?.message], [real.status, error.message]);
  assert.equal(told.refused?.code, 'unknown_model');
  const broken = await fetch(`${running.url}/v1/chat/completions`, { method: 'POST', headers: HEADERS, body: '{' });
  assert.equal(((await broken.json()) as Explanation).refused?.code, 'invalid_json');
});

test('neither text of the request nor a key is in an explanation', async (t) => {
  const secret = 'sk-very-secret';
  const { running } = await started(
    t,
    {
      providers: { a: { type: 'OpenAI', credential: 'default/s/k' } },
      routes: [{ targets: [{ provider: 'a' }], when: 'request.prompt.contains("mail")' }],
      guardrails: [buildGuardrail({ stage: 'Input', detect: ['Email'] })],
    },
    { credentials: { 'default/s/k': secret } },
  );
  const told = await explained(running, { messages: [{ role: 'user', content: 'mail ada@example.com' }] });
  assert.deepEqual(told.guardrails[0]?.found, [{ kind: 'Email', count: 1 }]);
  assert.deepEqual(told.targets[0]?.maskedBy, ['remora-system/organisation/rule']);
  assert.doesNotMatch(JSON.stringify(told), /ada@|sk-very/);
});

test('every operation is explained: embeddings of one model, an estimate of the sidecar itself, files of an account', async (t) => {
  const { running, asked } = await started(t, {
    providers: { a: { type: 'OpenAI' }, b: { type: 'OpenAI' }, cohere: { type: 'Cohere' } },
    routes: [
      {
        models: ['vectors'],
        targets: [
          { provider: 'a', model: 'small' },
          { provider: 'b', model: 'large' },
        ],
      },
      { models: ['counted'], targets: [{ provider: 'cohere', model: 'command' }] },
    ],
  });
  const vectors = await explainedAt(running, '/v1/embeddings', { model: 'vectors', input: 'Hi' });
  assert.deepEqual(
    [vectors.sentTo, vectors.leftOut.map(({ target, reason }) => [target, reason])],
    ['a/small', [['b/large', 'OtherModel']]],
  );
  const counted = await explainedAt(running, '/v1/messages/count_tokens', {
    model: 'counted',
    messages: [{ role: 'user', content: 'Hi' }],
  });
  assert.equal(counted.outcome, 'answered');
  const several = await explainedAt(running, '/v1/files');
  assert.deepEqual([several.outcome, several.refused?.code], ['refused', 'account_unresolved']);
  assert.deepEqual(asked, []);
});

test('a drawn order tells the shares, and a variant that the request was drawn for', async (t) => {
  const { running } = await started(
    t,
    {
      providers: MOCKS,
      routes: [
        {
          targets: [
            { provider: 'a', weight: 80 },
            { provider: 'b', weight: 20 },
            { provider: 'b', model: 'off', weight: 0 },
          ],
          fallbacks: [{ provider: 'c' }],
          variants: [{ name: 'trial', percent: 10, target: { provider: 'c', model: 'new' } }],
        },
      ],
    },
    { deps: { random: () => 0.05 } },
  );
  const { strategy, variant, targets, leftOut } = await explained(running);
  assert.deepEqual(strategy, { name: 'Weighted', affinity: 'None', reason: 'weight 80 of 100' });
  assert.deepEqual(variant, { name: 'trial', mode: 'Live', percent: 10 });
  assert.deepEqual(
    targets.map(({ target, role, weight }) => [target, role, weight]),
    [
      ['c/new', 'variant', undefined],
      ['a/m', 'target', 80],
      ['b/m', 'target', 20],
      ['c/m', 'fallback', undefined],
    ],
  );
  assert.deepEqual(
    leftOut.map(({ target, reason }) => [target, reason]),
    [['b/off', 'NoWeight']],
  );
});

test('what the provider’s own tools may have a model read, and cost, is told as money expects it', async (t) => {
  const price = { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000', webSearchPico: '10000000' };
  const { running } = await started(t, {
    providers: { a: { type: 'OpenAI' } },
    routes: [{ targets: [{ provider: 'a', model: 'gpt-5', price, contextTokens: 1_000 }] }],
    budgets: [buildBudget('default/team/day', 1_000_000n, { unit: 'nanoUsd' })],
  });
  const body = { model: 'chat', input: 'Hi', max_output_tokens: 50, tools: [{ type: 'web_search' }] };
  const { targets } = await explainedAt(running, '/v1/responses', body);
  assert.deepEqual(targets[0]?.atMost, { inputTokens: 6_000, outputTokens: 50, usd: '0.00005605' });
  const other = await explainedAt(running, '/v1/responses', { ...body, tools: [{ type: 'image_generation' }] });
  assert.equal(other.targets[0]?.atMost?.usd, undefined);
});
