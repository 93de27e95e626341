/** What a policy says happens: rules, weights, model rules, guardrails, enforced maxima, secrets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { buildBudget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

async function fakes(t: TestContext) {
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => openai.close());
  t.after(() => anthropic.close());
  const providers = {
    openai: { type: 'OpenAI' as const, endpoint: openai.url },
    anthropic: { type: 'Anthropic' as const, endpoint: anthropic.url, tags: ['eu'] },
  };
  return { openai, anthropic, providers };
}

test('weights divide the requests, and a failed target falls to its sibling before the fallbacks', async (t) => {
  const { openai, anthropic, providers } = await fakes(t);
  const draws = [0.1, 0.1, 0.95, 0.95];
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [
        {
          targets: [
            { provider: 'openai', weight: 90 },
            { provider: 'anthropic', weight: 10 },
          ],
          fallbacks: [{ provider: 'openai', model: 'last' }],
        },
      ],
    },
    deps: { random: () => draws.shift() ?? 0 },
  });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'openai/m');
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'anthropic/m');
  openai.respondOnce({ fault: { kind: 'status', status: 503 } });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'anthropic/m');
  assert.equal(anthropic.requests.length, 2);
});

test('a rule with a header match takes only the requests that carry it', async (t) => {
  const { providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [{ match: { headers: [{ name: 'x-tier', value: 'gold' }] }, targets: [{ provider: 'openai' }] }],
    },
  });
  assert.equal((await post(running.url, CHAT, { 'x-tier': 'gold' })).status, 200);
  assert.equal((await post(running.url, CHAT, { 'x-tier': 'tin' })).status, 404);
});

test('a target that an AIPolicy denies is passed over, and when all are denied the AIPolicy is named', async (t) => {
  const { providers } = await fakes(t);
  const policy = {
    providers,
    routes: [{ targets: [{ provider: 'openai', model: 'gpt-4o' }, { provider: 'anthropic' }] }],
  };
  const denies = (deny: string[]) => [{ policy: 'remora-system/organisation', allow: [], deny }];
  const one = await startSidecar(t, { policy: { ...policy, modelRules: denies(['*/gpt-4*']) } });
  assert.equal((await post(one.url, CHAT)).headers.get('x-remora-target'), 'anthropic/m');
  const all = await startSidecar(t, { policy: { ...policy, modelRules: denies(['*']) } });
  const answer = await post(all.url, CHAT);
  assert.equal(answer.status, 403);
  assert.equal(answer.json().error.remora.object, 'AIPolicy remora-system/organisation');
});

test('a wildcard route passes the asked name on, and an AIPolicy judges that name', async (t) => {
  const { openai, providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [{ models: ['*'], targets: [{ provider: 'openai', model: '*', name: 'openai/*' }] }],
      modelRules: [{ policy: 'remora-system/organisation', allow: ['openai/small-*'], deny: [] }],
    },
  });
  assert.equal((await post(running.url, CHAT.replace('"chat"', '"small-1"'))).status, 200);
  assert.equal(openai.requests[0]?.body?.model, 'small-1');
  assert.equal((await post(running.url, CHAT)).status, 403);
});

test('a target whose Secret is missing is passed over; with none left the AIProvider is named', async (t) => {
  const { providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: {
      providers: { ...providers, openai: { ...providers.openai, credential: 'missing' } },
      routes: [
        { targets: [{ provider: 'openai' }, { provider: 'anthropic' }] },
        { models: ['alone'], targets: [{ provider: 'openai' }] },
      ],
    },
  });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'anthropic/m');
  const alone = await post(running.url, CHAT.replace('"chat"', '"alone"'));
  assert.equal(alone.status, 503);
  assert.match(alone.json().error.message, /AIProvider default\/openai/);
});

const guardrail = (words: Partial<PolicyGuardrail>): PolicyGuardrail => ({
  policy: 'remora-system/organisation',
  name: 'rule',
  stage: 'Input',
  detect: [],
  patterns: [],
  action: 'Mask',
  unlessTags: [],
  ...words,
});
const MAIL = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Write to ada@example.org now' }] });

test('an input guardrail masks for the target it holds against and not for an exempt one', async (t) => {
  const { openai, anthropic, providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [{ targets: [{ provider: 'openai' }] }, { models: ['eu'], targets: [{ provider: 'anthropic' }] }],
      guardrails: [guardrail({ detect: ['Email'], unlessTags: ['eu'] })],
    },
  });
  assert.equal((await post(running.url, MAIL)).status, 200);
  assert.ok(!openai.requests[0]?.rawBody.includes('ada@example.org'));
  assert.equal(running.records[0]?.lane, 'translate');
  assert.equal(running.records[0]?.guardrailActions.length, 1);
  await post(running.url, MAIL.replace('"chat"', '"eu"'));
  assert.ok(anthropic.requests[0]?.rawBody.includes('ada@example.org'));
});

test('an input guardrail that blocks every target refuses the request and names itself', async (t) => {
  const { openai, providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [{ targets: [{ provider: 'openai' }] }],
      guardrails: [guardrail({ name: 'words', patterns: ['ada@'], action: 'Block' })],
    },
  });
  const answer = await post(running.url, MAIL);
  assert.equal(answer.status, 400);
  assert.equal(answer.json().error.remora.object, 'AIPolicy remora-system/organisation guardrail words');
  assert.equal(openai.requests.length, 0);
  assert.equal(running.gate.reserved.length, 0);
});

test('an output guardrail masks a plain and a streamed answer alike', async (t) => {
  const { openai, providers } = await fakes(t);
  openai.respondWith({ text: 'Ask ada@example.org about it' });
  const running = await startSidecar(t, {
    policy: {
      providers,
      routes: [{ targets: [{ provider: 'openai' }] }],
      guardrails: [guardrail({ stage: 'Output', detect: ['Email'] })],
    },
  });
  const plain = (await post(running.url, CHAT)).json().choices[0].message.content;
  const streamed = (await post(running.url, STREAMED_CHAT)).text
    .split('\n\n')
    .filter((block) => block.startsWith('data: {'))
    .map((block) => JSON.parse(block.slice(6)).choices[0]?.delta.content ?? '')
    .join('');
  assert.ok(!plain.includes('ada@example.org'));
  assert.equal(streamed, plain);
});

const BUDGET = buildBudget('remora-system/environments/dev', 1_000_000_000n, {
  scope: [{ scope: 'environment', value: 'dev' }],
  unit: 'nanoUsd',
});

test('where a budget applies and the client states no maximum, the provider gets the one that was reserved', async (t) => {
  const { openai, providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: { providers, routes: [{ targets: [{ provider: 'openai' }] }], budgets: [BUDGET] },
  });
  await post(running.url, JSON.stringify({ ...JSON.parse(CHAT), n: 2 }));
  assert.equal(openai.requests[0]?.body?.max_completion_tokens, 4096);
  assert.equal(running.gate.reserved[0]?.outputTokensAtMost, 8192);
  assert.ok((running.gate.reserved[0]?.inputTokensAtMost ?? 0) >= CHAT.length);
  await post(running.url, JSON.stringify({ ...JSON.parse(CHAT), max_tokens: 7 }));
  assert.equal(openai.requests[1]?.body?.max_completion_tokens, undefined);
  assert.equal(openai.requests[1]?.body?.max_tokens, 7);
  assert.equal(running.gate.reserved[1]?.outputTokensAtMost, 7);
});

test("the caller's Authorization goes nowhere, and no key, prompt or answer is in any log line, metric or error", async (t) => {
  const { openai, anthropic, providers } = await fakes(t);
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    logLevel: 'trace',
    serviceName: 'remora',
    now: Date.now,
    destination: { write: (line) => void lines.push(line) },
  });
  const running = await startSidecar(t, {
    policy: {
      providers: {
        openai: { ...providers.openai, credential: 'a' },
        anthropic: { ...providers.anthropic, credential: 'b' },
      },
      routes: [{ targets: [{ provider: 'openai' }, { provider: 'anthropic' }] }],
    },
    credentials: { a: 'canary-provider-key-a', b: 'canary-provider-key-b' },
    deps: { telemetry, metrics: telemetry.metrics },
  });
  const body = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'canary-prompt' }] });
  const headers = { authorization: 'Bearer canary-caller-key', 'x-api-key': 'canary-caller-key' };
  const seen: string[] = [];
  for (const status of [200, 401, 400, 500]) {
    const script = status === 200 ? { text: 'canary-answer' } : ({ fault: { kind: 'status', status } } as const);
    openai.respondWith(script);
    anthropic.respondWith(script);
    const answer = await post(running.url, body, headers);
    seen.push(status === 200 ? '' : answer.text, JSON.stringify([...answer.headers]));
  }
  seen.push(await (await fetch(`${running.healthUrl}/metrics`)).text(), ...lines);
  assert.equal(lines.length, 4);
  assert.deepEqual(
    seen.filter((text) => text.includes('canary')),
    [],
  );
  const upstream = [...openai.requests, ...anthropic.requests].map(({ headers: sent }) => JSON.stringify(sent)).join();
  assert.ok(!upstream.includes('canary-caller-key'));
  assert.equal(openai.requests[0]?.headers.authorization, 'Bearer canary-provider-key-a');
  await telemetry.close();
});

test('probes tell started and ready apart from alive, and draining ends readiness first', async (t) => {
  const { openai, providers } = await fakes(t);
  const running = await startSidecar(t);
  const status = async (path: string): Promise<number> => (await fetch(`${running.healthUrl}${path}`)).status;
  assert.deepEqual([await status('/livez'), await status('/startupz'), await status('/readyz')], [200, 503, 503]);
  const { policyOf } = await import('./start-sidecar.ts');
  running.sidecar.sink.applyPolicy(policyOf({ providers, routes: [{ targets: [{ provider: 'openai' }] }] }), 'h');
  assert.deepEqual([await status('/startupz'), await status('/readyz')], [200, 200]);

  const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
  openai.respondWith({ text: 'one two three', hold: { afterEvents: 3, until: go } });
  const answer = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: STREAMED_CHAT,
  });
  const closing = running.sidecar.close({ deadlineMs: 20_000 });
  assert.equal(await status('/readyz'), 503);
  await assert.rejects(fetch(`${running.url}/v1/models`));
  goOn();
  assert.ok((await answer.text()).endsWith('data: [DONE]\n\n'));
  await closing;
});

test('a stream that outlives the drain deadline ends in an error event, and a waiting call in 503', async (t) => {
  const { openai, providers } = await fakes(t);
  const running = await startSidecar(t, {
    policy: { providers, routes: [{ targets: [{ provider: 'openai' }] }] },
  });
  const never = new Promise<never>(() => {});
  openai.respondWith((request) =>
    request.body?.stream === true
      ? { text: 'one two three', hold: { afterEvents: 3, until: never } }
      : { holdHead: never },
  );
  const streamed = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: STREAMED_CHAT,
  });
  const waiting = post(running.url, CHAT);
  await until(() => openai.requests.length === 2, 'both calls are upstream');
  await running.sidecar.close({ deadlineMs: 50 });
  const text = await streamed.text();
  assert.match(text, /"draining"/);
  assert.ok(!text.includes('[DONE]'));
  assert.equal((await waiting).status, 503);
  assert.equal(running.gate.settled.length, 2);
});

const chat = (members: object): string => JSON.stringify({ ...JSON.parse(CHAT), ...members });

test('a parameter that a target cannot express is refused before anything is sent, unless another target can', async (t) => {
  const { openai, anthropic, providers } = await fakes(t);
  const only = { targets: [{ provider: 'anthropic' }], models: ['only'] };
  const either = { targets: [{ provider: 'anthropic' }, { provider: 'openai' }], models: ['either'] };
  const running = await startSidecar(t, { policy: { providers, routes: [only, either] } });
  const refused = await post(running.url, chat({ model: 'only', seed: 7 }));
  assert.deepEqual([refused.status, (await refused.json()).error.param], [400, 'seed']);
  assert.equal(anthropic.requests.length, 0);
  const answered = await post(running.url, chat({ model: 'either', seed: 7 }));
  assert.deepEqual([answered.status, answered.headers.get('x-remora-target')], [200, 'openai/m']);
  assert.equal(openai.requests.length, 1);
});

test('a route that drops what a target lacks sends the rest, and names what it dropped', async (t) => {
  const { anthropic, providers } = await fakes(t);
  const route = { targets: [{ provider: 'anthropic' }], onUnsupported: 'Drop' as const };
  const running = await startSidecar(t, { policy: { providers, routes: [route] } });
  const answer = await post(running.url, chat({ seed: 7, metadata: { a: 'b' } }));
  assert.deepEqual([answer.status, answer.headers.get('x-remora-dropped')], [200, 'metadata, seed']);
  assert.equal(anthropic.requests.length, 1);
});

test('headers of the client reach a provider whose API it speaks, and no other', async (t) => {
  const { openai, anthropic, providers } = await fakes(t);
  const routes = [
    { targets: [{ provider: 'openai' }], models: ['same'] },
    { targets: [{ provider: 'anthropic' }], models: ['other'] },
  ];
  const running = await startSidecar(t, { policy: { providers, routes } });
  const headers = { 'openai-beta': 'new-thing', 'x-private': 'app' };
  await post(running.url, chat({ model: 'same' }), headers);
  await post(running.url, chat({ model: 'other' }), headers);
  const seen = [openai, anthropic].map(({ requests }) => requests[0]?.headers ?? {});
  assert.deepEqual(
    seen.map((each) => each['openai-beta']),
    ['new-thing', undefined],
  );
  assert.deepEqual(
    seen.map((each) => each['x-private']),
    [undefined, undefined],
  );
});

test('a model that a client names never leads to another path of the provider than that of a model', async (t) => {
  for (const [dialect, type] of [
    ['gemini', 'Gemini'],
    ['bedrock', 'Bedrock'],
  ] as const) {
    const provider = await startFakeProvider({ dialect });
    t.after(() => provider.close());
    const running = await startSidecar(t, {
      policy: {
        providers: { p: { type, endpoint: provider.url, ...(type === 'Bedrock' && { aws: { region: 'us-east-1' } }) } },
        routes: [{ models: ['*'], targets: [{ provider: 'p', model: '*', name: 'p/*' }] }],
      },
    });
    for (const model of ['..', '.', 'tunedModels/../../admin', '../x', 'x/..']) {
      const answer = await post(running.url, chat({ model }));
      assert.deepEqual([answer.status, answer.json().error.param], [400, 'model'], `${type} ${model}`);
    }
    assert.equal(provider.requests.length, 0, type);
    assert.equal((await post(running.url, chat({ model: 'a..b' }))).status, 200, type);
  }
});

test('a long conversation that loses something of each message still has headers that a client takes', async (t) => {
  const { providers } = await fakes(t);
  const running = await startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'anthropic' }] }] } });
  const messages = Array.from({ length: 2_000 }, () => ({ role: 'user', name: 'ann', content: 'Hi' }));
  const answer = await post(running.url, chat({ messages }));
  const dropped = answer.headers.get('x-remora-dropped') ?? '';
  assert.equal(answer.status, 200);
  assert.ok(dropped.length < 2_200 && dropped.startsWith('messages[0].name, messages[1].name, '), dropped);
  const shown = dropped.split(', ').length - 1;
  assert.ok(dropped.endsWith(`, and ${2_000 - shown} more`), dropped.slice(-60));
});
