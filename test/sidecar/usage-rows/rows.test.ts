/** What happens to a request, and which usage rows it leaves: the real gate and journal, providers on ports of their own. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { usageRow } from '#contract/history/usage-row';
import { CHAT, chatBytes, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { startGated } from '#test/sidecar/start-gated';
import { type PolicyWords, type RunningSidecar, until } from '#test/sidecar/start-sidecar';
import { buildBudget, buildGuardrail } from '#test/support/build-policy';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

const never = new Promise<never>(() => {});
const USAGE = { inputTokens: 20, outputTokens: 30 };
const BOUNDED = (body: string): string => JSON.stringify({ ...JSON.parse(body), max_tokens: 100 });

/** Of all models one that nobody serves. */
const NOTHING_ALLOWED = { policy: 'default/none', allow: ['other/*'], deny: [] };

/** Five nano-dollars an image. */
const IMAGES = { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000', imagePico: '5000' };

interface Stage {
  readonly running: RunningSidecar;
  readonly first: FakeProvider;
  readonly second: FakeProvider;
}

type Row = ReturnType<typeof usageRow.parse>;

interface Case {
  readonly policy?: Partial<PolicyWords>;
  readonly route?: Partial<PolicyWords['routes'][number]>;
  /** Default: one request, plain. */
  readonly ask?: (stage: Stage) => Promise<unknown>;
  readonly prepare?: (stage: Stage) => void;
  /** Of each row: outcome, traffic, failure, billing, provider, attempt. */
  readonly rows: readonly string[];
  /** Of the first row. */
  readonly first?: (row: Row) => void;
}

const told = ({ outcome, traffic, failure, billing, provider, attempt }: Row): string =>
  [outcome, traffic, failure, billing, provider.replace('default/', ''), attempt]
    .filter((part) => part !== '')
    .join(' ');

const ask = ({ running }: Stage): Promise<unknown> => post(running.url, BOUNDED(CHAT));
const stream = ({ running }: Stage): Promise<unknown> =>
  post(running.url, BOUNDED(STREAMED_CHAT)).catch(() => undefined);

/** Reads what comes first, and leaves. */
async function leave({ running, first }: Stage, body: string, afterData: boolean): Promise<void> {
  const socket = connect(running.port, '127.0.0.1');
  socket.write(chatBytes(BOUNDED(body)));
  await until(() => first.requests.length === 1, 'the provider has the request');
  if (afterData) await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
}

const CASES: Readonly<Record<string, Case>> = {
  'a plain answer': {
    rows: ['ok live reported first 1'],
    first: (row) => {
      assert.deepEqual([row.inputTokens, row.outputTokens, row.costNanoUsd], [20, 30, 80n]);
      assert.deepEqual(
        [row.namespace, row.workload, row.team, row.environment],
        ['default', 'default/app', 'data', 'dev'],
      );
      assert.deepEqual(
        [row.route, row.rule, row.model, row.providerName],
        ['default/route-0', '0', 'gpt-4o', 'openai'],
      );
      assert.deepEqual([row.operation, row.priceVersion], ['chat', 'AIProvider']);
      assert.ok(row.firstTokenMs !== null && row.firstTokenMs <= row.totalMs);
    },
  },
  'a stream': { ask: stream, rows: ['ok live reported first 1'] },
  'a fallback after a failure': {
    prepare: ({ first }) => first.respondWith({ fault: { kind: 'status', status: 500 } }),
    rows: ['failed live server-error nothing first 1', 'ok live reported second 2'],
    first: (row) => assert.equal(row.costNanoUsd, 0n),
  },
  'a provider that has all of the request and does not answer in time': {
    route: { targets: [{ provider: 'first', model: 'gpt-4o', timeouts: { firstTokenMs: 50 } }], fallbacks: [] },
    prepare: ({ first }) => first.respondWith({ fault: { kind: 'hang' } }),
    rows: ['failed live timeout possibly_billed first 1'],
    // Never less than what may be billed: the bytes of the request, and all that it may write.
    first: (row) => assert.ok(row.inputTokens >= 60 && row.outputTokens === 100 && row.firstTokenMs === null),
  },
  'a client that leaves before the answer': {
    prepare: ({ first }) => first.respondWith({ holdHead: never }),
    ask: (stage) => leave(stage, CHAT, false),
    rows: ['cancelled live possibly_billed first 1'],
  },
  'a client that leaves in the middle of a stream': {
    prepare: ({ first }) => first.respondWith({ text: 'one two three', hold: { afterEvents: 4, until: never } }),
    ask: (stage) => leave(stage, STREAMED_CHAT, true),
    rows: ['cancelled live estimated first 1'],
    first: (row) => assert.ok(row.outputTokens >= 2 && row.outputTokens < 100, String(row.outputTokens)),
  },
  'a client that leaves in the middle of what a model writes that may reason unseen': {
    route: { targets: [{ provider: 'first', model: 'o3' }], fallbacks: [] },
    prepare: ({ first }) => first.respondWith({ text: 'one two three', hold: { afterEvents: 4, until: never } }),
    ask: (stage) => leave(stage, STREAMED_CHAT, true),
    rows: ['cancelled live possibly_billed first 1'],
    first: (row) => assert.equal(row.outputTokens, 100),
  },
  'a stream that breaks': {
    prepare: ({ first }) => first.respondWith({ text: 'one two three', fault: { kind: 'cut', afterEvents: 4 } }),
    ask: stream,
    rows: ['failed live reset estimated first 1'],
  },
  'a request whose time is over': {
    route: { totalMs: 60 },
    prepare: ({ first }) => first.respondWith({ holdHead: never }),
    rows: ['failed live upstream_timeout possibly_billed first 1'],
  },
  'a provider that no connection reaches': {
    policy: { providers: { first: { type: 'OpenAI', endpoint: 'http://127.0.0.1:1' } } },
    route: { targets: [{ provider: 'first', model: 'gpt-4o' }], fallbacks: [] },
    rows: ['failed live connect nothing first 1'],
    first: (row) => assert.deepEqual([row.costNanoUsd, row.inputTokens, row.outputTokens], [0n, 0, 0]),
  },
  'images, which the request tells the price of': {
    route: { targets: [{ provider: 'first', model: 'gpt-4o', price: IMAGES }], fallbacks: [] },
    ask: ({ running }) =>
      post(running.url, JSON.stringify({ model: 'chat', prompt: 'A fish.', n: 2 }), {}, '/v1/images/generations'),
    rows: ['ok live reported first 1'],
    first: (row) => assert.deepEqual([row.images, row.costNanoUsd, row.operation], [2, 10n, 'image_generation']),
  },
  'speech, of which nobody says a token': {
    route: { targets: [{ provider: 'first', model: 'tts-1' }], fallbacks: [] },
    ask: ({ running }) =>
      post(running.url, JSON.stringify({ model: 'chat', input: 'Hello.', voice: 'alloy' }), {}, '/v1/audio/speech'),
    rows: ['ok live possibly_billed first 1'],
    first: (row) => assert.deepEqual([row.characters, row.inputTokens, row.costNanoUsd], [6, 0, null]),
  },
  'a list of files, which costs nothing': {
    ask: ({ running }) =>
      fetch(`${running.url}/v1/files`, { headers: { 'x-remora-provider': 'default/first' } }).then((answer) =>
        answer.text(),
      ),
    rows: ['ok live nothing first 1'],
    first: (row) => assert.deepEqual([row.inputTokens, row.costNanoUsd], [0, 0n]),
  },
  'a hedge that wins': {
    route: { hedge: { afterMs: 1, maxPercent: 100 } },
    prepare: ({ first }) => first.respondWith({ holdHead: never }),
    rows: ['cancelled hedge possibly_billed first 1', 'ok live reported second 2'],
  },
  'a copy for a shadow': {
    route: {
      targets: [{ provider: 'first', model: 'gpt-4o' }],
      fallbacks: [],
      variants: [{ name: 'dark', percent: 100, mode: 'Shadow', target: { provider: 'second', model: 'gpt-4o' } }],
    },
    rows: ['ok live reported first 1', 'ok shadow reported second 1'],
  },
  'a model that no route serves': {
    ask: ({ running }) => post(running.url, BOUNDED(CHAT).replace('"chat"', '"who"')),
    rows: ['refused live unknown_model nothing 1'],
    first: (row) => assert.deepEqual([row.model, row.team, row.costNanoUsd], ['', 'data', 0n]),
  },
  'a policy that allows no target': {
    policy: { modelRules: [NOTHING_ALLOWED] },
    rows: ['refused live model_not_allowed nothing 1'],
  },
  'a guardrail that blocks': {
    policy: { guardrails: [buildGuardrail({ stage: 'Input', patterns: ['hello'], action: 'Block' })] },
    rows: ['refused live guardrail_blocked nothing 1'],
    first: (row) => assert.equal(row.route, 'default/route-0'),
  },
  'a budget that is spent': {
    policy: { budgets: [buildBudget('default/limits/all', 1n)] },
    rows: ['refused live rate_limit_exceeded nothing 1'],
  },
  'a body that is no JSON': {
    ask: ({ running }) => post(running.url, '{'),
    rows: ['refused live invalid_json nothing 1'],
  },
};

async function stage(t: TestContext, { policy, route }: Case): Promise<Stage & { rows: () => Row[] }> {
  const second = await startFakeProvider({ dialect: 'openai' });
  t.after(() => second.close());
  second.respondWith({ usage: USAGE });
  const {
    provider: first,
    running,
    rows,
  } = await startGated(t, {
    answer: { usage: USAGE },
    policy: {
      providers: { first: {}, second: { endpoint: second.url } },
      routes: [
        {
          targets: [{ provider: 'first', model: 'gpt-4o' }],
          fallbacks: [{ provider: 'second', model: 'gpt-4o' }],
          retry: { on: [] },
          ...route,
        },
      ],
      ...policy,
    },
  });
  return { running, first, second, rows };
}

for (const [what, one] of Object.entries(CASES))
  test(`${what} leaves exactly the rows that tell of it`, async (t) => {
    const set = await stage(t, one);
    one.prepare?.(set);
    await (one.ask ?? ask)(set);
    await until(
      () => set.running.records.length >= (one.rows.some((row) => row.includes('shadow')) ? 2 : 1),
      'it is over',
    );
    await until(() => set.rows().length >= one.rows.length, `its rows are kept: ${set.rows().map(told)}`);
    assert.deepEqual(set.rows().map(told).sort(), [...one.rows].sort());
    const [row] = set.rows();
    if (row !== undefined) one.first?.(row);
    assert.deepEqual(set.running.faults, []);
  });

test('what the headers of a request say of it is in its row, however odd it is', async (t) => {
  const set = await stage(t, { rows: [] });
  const odd = JSON.stringify({ ...JSON.parse(BOUNDED(CHAT)), user: `a\u0000b${'\ud800'}${'x'.repeat(9_000)}` });
  await post(set.running.url, odd, {
    'x-remora-session': 'conversation-7',
    'x-remora-run': 'run-1',
    'x-remora-feature': 'triage',
  });
  const [row] = set.rows();
  assert.deepEqual([row?.session, row?.run, row?.feature], ['conversation-7', 'run-1', 'triage']);
  assert.match(row?.user ?? '', /^a b.x+$/);
});

for (const [model, billing] of [
  ['gpt-4o', 'estimated'],
  ['o3', 'possibly_billed'],
] as const)
  test(`an answer of ${model} without usage is booked by what was delivered where that is all that is billed, else in full`, async (t) => {
    const text = 'The capital of France is Paris.';
    const server = createServer((_request, response) => {
      const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: 'c1', object: 'chat.completion', created: 1, model, choices }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const set = await stage(t, {
      policy: { providers: { first: { type: 'OpenAI', endpoint: url } } },
      route: { targets: [{ provider: 'first', model }], fallbacks: [] },
      rows: [],
    });
    await post(set.running.url, JSON.stringify({ ...JSON.parse(CHAT), max_tokens: 1_000 }));
    const [row] = set.rows();
    assert.deepEqual([row?.outcome, row?.billing], ['ok', billing]);
    const output = row?.outputTokens ?? 0;
    assert.ok(billing === 'estimated' ? output >= text.length && output < 200 : output === 1_000, String(output));
  });
