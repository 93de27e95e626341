/** How a rule chooses among its targets, through the whole sidecar: what the client gets, what is logged, and what the metrics say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTelemetry } from '#sidecar/telemetry/telemetry';
import { type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { CHAT, post, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, type RunningSidecar, type StartOptions, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

interface Pair extends RunningSidecar {
  readonly one: FakeProvider;
  readonly two: FakeProvider;
  /** The target of each answer so far. */
  targets(): readonly string[];
}

async function startPair(
  t: TestContext,
  route: Partial<RouteWords>,
  deps: StartOptions['deps'] = {},
  script: (provider: 'one' | 'two') => Script = () => ({}),
): Promise<Pair> {
  const one = await startFakeProvider({ dialect: 'openai' });
  const two = await startFakeProvider({ dialect: 'openai' });
  t.after(() => one.close());
  t.after(() => two.close());
  one.respondWith(() => script('one'));
  two.respondWith(() => script('two'));
  const running = await startSidecar(t, {
    policy: {
      providers: { one: { type: 'OpenAI', endpoint: one.url }, two: { type: 'OpenAI', endpoint: two.url } },
      routes: [{ targets: [{ provider: 'one' }, { provider: 'two' }], ...route }],
    },
    deps,
  });
  return { ...running, one, two, targets: () => running.records.map(({ answeredBy }) => answeredBy ?? '') };
}

test('a provider that is ten times as slow loses nine tenths of the requests, streamed or not', async (t) => {
  for (const body of [CHAT, STREAMED_CHAT]) {
    let nowMs = 0;
    const slowness = { one: 2_000, two: 200 };
    // The provider takes its time by the sidecar's own clock.
    const pair = await startPair(
      t,
      { rule: { strategy: 'LeastLatency' } },
      { monotonicMs: () => nowMs },
      (provider) => {
        nowMs += slowness[provider];
        return {};
      },
    );
    for (let count = 0; count < 60; count += 1) {
      const { status } = await post(pair.url, body);
      assert.equal(status, 200);
      nowMs += 1_000;
    }
    const bySlow = pair.one.requests.length;
    assert.ok(bySlow >= 1 && bySlow <= 6, `${bySlow} of 60`);
    const [first] = pair.records;
    const last = pair.records.at(-1);
    assert.equal(last?.strategy, 'LeastLatency');
    assert.match(first?.strategyReason ?? '', /^(one|two)\/m untried, (one|two)\/m untried, by PromptCache$/);
    assert.match(last?.strategyReason ?? '', /^two\/m 1\d\dms, one\/m \d{3,4}ms/);
  }
});

test('a failed attempt counts as slow, and an attempt under way counts until its stream ends', async (t) => {
  const held = Promise.withResolvers<void>();
  let nowMs = 0;
  let scripts: Partial<Record<'one' | 'two', Script>> = {};
  const rule = { strategy: 'LeastLatency', affinity: 'None' } as const;
  const pair = await startPair(t, { rule }, { monotonicMs: () => nowMs, random: () => 0 }, (provider) => {
    nowMs += 100;
    return scripts[provider] ?? {};
  });
  const ask = async (): Promise<string> => {
    const { status } = await post(pair.url, STREAMED_CHAT);
    assert.equal(status, 200);
    return pair.records.at(-1)?.strategyReason ?? '';
  };
  assert.equal(await ask(), 'one/m untried, two/m untried');
  assert.equal(await ask(), 'two/m untried, one/m 100ms');
  scripts = { one: { fault: { kind: 'status', status: 500 } } };
  assert.match(await ask(), /^one\/m 99ms, two\/m 100ms$/);
  assert.equal(pair.records.at(-1)?.answeredBy, 'two/m', 'the next target answered');
  assert.match(await ask(), /^two\/m \d+ms, one\/m 9\d\dms$/);
  scripts = { two: { hold: { afterEvents: 2, until: held.promise } } };
  const open = post(pair.url, STREAMED_CHAT);
  const before = pair.two.requests.length;
  await until(() => pair.two.requests.length > before, 'the second provider has the request');
  scripts = {};
  assert.match(await ask(), /^two\/m \d+ms x2, one\/m \d+ms$/);
  held.resolve();
  assert.equal((await open).headers.get('x-remora-target'), 'two/m');
  assert.match(await ask(), /^two\/m \d+ms, one\/m \d+ms$/);
});

test('forty requests at one time share two providers that are alike', async (t) => {
  const rule = { strategy: 'LeastLatency', affinity: 'None' } as const;
  let nowMs = 0;
  const pair = await startPair(t, { rule }, { monotonicMs: () => nowMs }, () => {
    nowMs += 100;
    return {};
  });
  for (const _ of [1, 2]) await post(pair.url, STREAMED_CHAT);
  const held = Promise.withResolvers<void>();
  for (const provider of [pair.one, pair.two]) provider.respondWith({ hold: { afterEvents: 1, until: held.promise } });
  const open = Array.from({ length: 40 }, () => post(pair.url, STREAMED_CHAT));
  await until(() => pair.one.requests.length + pair.two.requests.length === 42, 'all have arrived');
  const ofOne = pair.one.requests.length;
  held.resolve();
  for (const { status } of await Promise.all(open)) assert.equal(status, 200);
  assert.ok(ofOne > 17 && ofOne < 25, `${ofOne} of 42`);
});

test('the cheapest provider answers, and the log line says what decided', async (t) => {
  const lines: string[] = [];
  const telemetry = await createTelemetry({
    ...{ serviceName: 'test', now: Date.now },
    destination: { write: (line: string) => void lines.push(line) },
  });
  t.after(() => telemetry.close());
  const dear = { inputPico: '9000', cachedInputPico: '9000', outputPico: '9000' };
  const pair = await startPair(
    t,
    { targets: [{ provider: 'one', price: dear }, { provider: 'two' }], rule: { strategy: 'LeastCost' } },
    { telemetry, metrics: telemetry.metrics },
  );
  const answer = await post(pair.url, CHAT);
  assert.equal(answer.headers.get('x-remora-target'), 'two/m');
  await telemetry.metrics.text();
  const line = JSON.parse(lines.find((text) => text.includes('"msg":"request"')) ?? '{}');
  assert.equal(line.strategy, 'LeastCost');
  assert.match(line.strategyReason, /^two\/m \$0\.0000\d+, one\/m \$0\.0000\d+$/);
});

test('a conversation with x-remora-session has one provider for all its turns, and others have the other one', async (t) => {
  const targets = [
    { provider: 'one', weight: 50 },
    { provider: 'two', weight: 50 },
  ];
  const pair = await startPair(t, { targets, rule: { affinity: 'Session' } });
  const homes = new Map<string, string>();
  for (const turn of [1, 2, 3]) {
    for (const session of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const answer = await post(pair.url, CHAT, { 'x-remora-session': session });
      const target = answer.headers.get('x-remora-target') ?? '';
      assert.equal(homes.get(session) ?? target, target, `turn ${turn} of ${session}`);
      homes.set(session, target);
    }
  }
  assert.deepEqual([...new Set(homes.values())].toSorted(), ['one/m', 'two/m']);
});

test('a target that is unfit is passed over whatever the strategy says, and the record tells it', async (t) => {
  const targets = [
    { provider: 'one' },
    { provider: 'two', price: { inputPico: '9000', cachedInputPico: '9000', outputPico: '9000' } },
  ];
  const pair = await startPair(t, { targets, rule: { strategy: 'LeastCost' } });
  pair.one.respondWith({ fault: { kind: 'status', status: 401 } });
  for (const asked of [1, 1]) {
    assert.equal((await post(pair.url, CHAT)).headers.get('x-remora-target'), 'two/m');
    assert.equal(pair.one.requests.length, asked, 'it is not asked again');
  }
  const [first, second] = pair.records;
  assert.match(first?.strategyReason ?? '', /^one\/m \$[\d.]+, two\/m \$[\d.]+$/);
  assert.match(second?.strategyReason ?? '', /; one\/m passed over$/);
});

test('fallbacks come after all targets, and a rule of one target says nothing of a strategy', async (t) => {
  const pair = await startPair(t, {
    targets: [{ provider: 'one' }],
    fallbacks: [{ provider: 'two' }],
    rule: { strategy: 'LeastLatency' },
  });
  pair.one.respondWith({ fault: { kind: 'status', status: 500 } });
  assert.equal((await post(pair.url, CHAT)).headers.get('x-remora-target'), 'two/m');
  assert.equal(pair.records[0]?.strategy, undefined);
});

test('/metrics shows what LeastLatency chooses by, and what it cost that a conversation changed its target', async (t) => {
  const telemetry = await createTelemetry({ serviceName: 'test', now: Date.now, destination: { write: () => {} } });
  t.after(() => telemetry.close());
  let nowMs = 0;
  const deps = { telemetry, metrics: telemetry.metrics, monotonicMs: () => nowMs };
  const pair = await startPair(t, { rule: { strategy: 'LeastLatency' } }, deps, () => {
    nowMs += 250;
    return { usage: { inputTokens: 4_000, outputTokens: 1 } };
  });
  // The first two find out how the targets are, so that the conversation is read by both.
  await post(pair.url, CHAT);
  await post(pair.url, CHAT);
  const page = await (await fetch(`${pair.healthUrl}/metrics`)).text();
  assert.match(page, /^remora_target_latency_ewma_seconds\{target="one\/m",stream="false"\} 0\.2\d*$/m);
  assert.match(page, /^remora_target_latency_ewma_seconds\{target="two\/m",stream="false"\} 0\.2\d*$/m);
  assert.match(page, /^# TYPE remora_prompt_cache_missed_tokens_total counter$/m);
  assert.match(page, /^remora_prompt_cache_missed_tokens_total\{target="(one|two)\/m"\} 4000$/m);
});
