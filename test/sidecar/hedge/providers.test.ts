/** Hedged requests before real servers: each sees what becomes of the exchange that it lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import type { BudgetGate } from '#sidecar/budget/budget-gate';
import { requestLine } from '#sidecar/telemetry/log';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import { traceOf } from '#sidecar/telemetry/spans';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { type RouteWords, startSidecar, until } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { gatedBench } from '#test/treasury/bench';

const never = new Promise<never>(() => {});
const HEDGED: RouteWords = {
  targets: [{ provider: 'first' }, { provider: 'second' }],
  hedge: { afterMs: 1, maxPercent: 100 },
};

interface Money {
  readonly budgets: readonly PolicyBudget[];
  readonly gate: BudgetGate;
}

async function start(t: Parameters<typeof startSidecar>[0], money?: Money) {
  const first = await startFakeProvider({ dialect: 'openai' });
  const second = await startFakeProvider({ dialect: 'anthropic' });
  for (const fake of [first, second]) t.after(() => fake.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        first: { type: 'OpenAI', endpoint: first.url },
        second: { type: 'Anthropic', endpoint: second.url },
      },
      routes: [HEDGED],
      ...(money && { budgets: money.budgets }),
    },
    ...(money && { deps: { budgetGate: money.gate } }),
  });
  return { first, second, running };
}

for (const [form, body] of [
  ['plain', CHAT],
  ['streamed', STREAMED_CHAT],
] as const)
  test(`a ${form} request that the first provider does not answer is answered by the second, and the first sees that nobody waits any more`, async (t) => {
    const { first, second, running } = await start(t);
    first.respondWith({ holdHead: never });
    const answer = await post(running.url, body);
    assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'second/m']);
    assert.match(answer.text, /Hello/);
    await until(() => first.requests[0]?.wasAborted === true, 'the first sees the abort');
    assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
    assert.equal(second.requests[0]?.wasAborted, false);
    assert.equal(running.gate.reserved.length, 2);
    assert.deepEqual(
      running.gate.settled.map(({ billing }) => billing),
      ['unknown', 'reported'],
    );
    assert.deepEqual(running.faults, []);
  });

test('a first provider that answers after all is heard, and the second sees that nobody waits any more', async (t) => {
  const { first, second, running } = await start(t);
  const { promise: bothAreAsked, resolve } = Promise.withResolvers<void>();
  first.respondWith({ holdHead: bothAreAsked });
  second.respondWith(() => {
    resolve();
    return { holdHead: never };
  });
  const answer = await post(running.url, STREAMED_CHAT);
  assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'first/m']);
  await until(() => second.requests[0]?.wasAborted === true, 'the second sees the abort');
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
  assert.deepEqual(
    running.gate.settled.map(({ billing }) => billing),
    ['unknown', 'reported'],
  );
});

test('log, trace and metrics tell which attempt was the hedge, and which one lost', async (t) => {
  const { first, running } = await start(t);
  first.respondWith({ holdHead: never });
  await post(running.url, CHAT);
  await until(() => running.records.length === 1, 'it is recorded');
  const [record] = running.records;
  assert.ok(record);
  const { attempts, target } = JSON.parse(requestLine(record));
  assert.equal(target, 'second/m');
  assert.deepEqual(
    attempts.map(({ outcome, hedge }: { outcome: string; hedge?: boolean }) => [outcome, hedge]),
    [
      ['superseded', undefined],
      ['ok', true],
    ],
  );
  assert.deepEqual(
    traceOf(record).attempts.map(({ attributes, errorType }) => [attributes['remora.hedge'], errorType]),
    [
      [undefined, 'superseded'],
      [true, undefined],
    ],
  );
  const metrics = createSidecarMetrics(Date.now);
  metrics.observe(record);
  const text = await metrics.text();
  for (const line of [
    'remora_hedges_total{route="default/route-0",target="second/m",outcome="ok"} 1',
    'remora_attempts_total{route="default/route-0",target="first/m",outcome="superseded"} 1',
    'remora_fallbacks_total{route="default/route-0",from="first/m",to="second/m",reason="superseded"} 1',
  ])
    assert.ok(text.includes(line), `${line}\nnot in\n${text}`);
});

/** `tokens` for all requests, of which each attempt may use 585 at most. */
async function withBudget(t: Parameters<typeof startSidecar>[0], tokens: bigint) {
  const { gate } = gatedBench(t);
  let refused = 0;
  const counting: BudgetGate = {
    reserve: (asked) =>
      gate.reserve(asked).catch((error) => {
        refused += 1;
        throw error;
      }),
  };
  const budgets = [buildBudget('default/limits/all', tokens, { every: 'Minute' })];
  const stage = await start(t, { budgets, gate: counting });
  stage.first.respondWith({ holdHead: never, usage: USAGE });
  stage.second.respondWith({ usage: USAGE });
  const body = JSON.stringify({ ...JSON.parse(CHAT), max_tokens: 500 });
  return { ...stage, body, refusals: () => refused, booked: () => gate.records(10) };
}
const USAGE = { inputTokens: 20, outputTokens: 300 };

test('a hedge reserves for itself, and both attempts are charged', async (t) => {
  const { running, body, booked } = await withBudget(t, 10_000n);
  assert.equal((await post(running.url, body)).status, 200);
  const [record] = running.records;
  const [lost, heard] = record?.attempts ?? [];
  assert.deepEqual([heard?.costNanoUsd, heard?.estimated], [620n, false]);
  assert.deepEqual([lost?.costNanoUsd, lost?.estimated], [1_085n, true], 'what may be billed is booked in full');
  assert.equal(record?.costNanoUsd, 1_705n);
  assert.deepEqual(
    booked().map(({ provider, traffic, billing, costNanoUsd }) => [provider, traffic, billing, costNanoUsd]),
    [
      ['default/first', 'hedge', 'possibly_billed', 1_085n],
      ['default/second', undefined, 'reported', 620n],
    ],
  );
});

test('where the budget has room for one attempt the hedge is not made, and the client is answered by the first', async (t) => {
  const { first, second, running, body, refusals } = await withBudget(t, 1_000n);
  const { promise: isRefused, resolve } = Promise.withResolvers<void>();
  first.respondWith({ holdHead: isRefused, usage: USAGE });
  const answering = post(running.url, body);
  await until(() => refusals() === 1, 'the hedge is refused');
  resolve();
  const answer = await answering;
  assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'first/m']);
  assert.equal(second.requests.length, 0);
});
