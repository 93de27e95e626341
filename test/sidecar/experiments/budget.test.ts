/** Money and variants, with the real gate: copies pay from the same budgets, and no variant makes a budget refuse a client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { post } from '#test/sidecar/raw-http';
import { until } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { gatedBench } from '#test/treasury/bench';
import { type StageWords, startExperiment, type TestContext } from './start-experiment.ts';

const BODY = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 1_000 });
const USAGE = { inputTokens: 100, outputTokens: 900 };

interface PaidWords {
  readonly budgets: PolicyBudget[];
  readonly variant: NonNullable<StageWords['variant']>;
}

async function startPaid(t: TestContext, { budgets, variant }: PaidWords) {
  const { gate } = gatedBench(t);
  const policy = { budgets };
  const stage = await startExperiment(t, { variant, policy, options: { deps: { budgetGate: gate } } });
  stage.ordinary.respondWith({ usage: USAGE });
  stage.trial.respondWith({ usage: USAGE });
  return stage;
}

test('what copies use is gone for requests, and a copy that a budget has no room for is not sent', async (t) => {
  // Each reserves some 1,100 tokens and uses 1,000.
  const budget = buildBudget('default/limits/all', 3_500n);
  const { running, trial } = await startPaid(t, { budgets: [budget], variant: { mode: 'Shadow' } });
  const statuses: number[] = [];
  for (let count = 1; count <= 3; count += 1) {
    statuses.push((await post(running.url, BODY)).status);
    await until(() => running.records.length >= Math.min(2 * count, 5), 'the copy is over');
  }
  assert.deepEqual(statuses, [200, 200, 429]);
  assert.equal(trial.requests.length, 1);
  assert.deepEqual(
    running.records.map(({ shadow, outcome }) => [shadow ?? false, outcome]),
    [
      [false, 'ok'],
      [true, 'ok'],
      [false, 'ok'],
      [true, 'rate_limit_exceeded'],
      [false, 'rate_limit_exceeded'],
    ],
  );
});

test('a shadow with a limit of its own takes nothing from requests, and is not copied to once that is spent', async (t) => {
  const budgets = [
    buildBudget('default/limits/users', 3_500n, { shadows: 'Exclude' }),
    buildBudget('default/limits/trials', 1_500n, { shadows: 'Only' }),
  ];
  const { running, trial } = await startPaid(t, { budgets, variant: { mode: 'Shadow' } });
  const statuses: number[] = [];
  for (let count = 1; count <= 4; count += 1) {
    statuses.push((await post(running.url, BODY)).status);
    await until(() => running.records.length >= Math.min(2 * count, 7), 'the copy is over');
  }
  // As many as without a shadow.
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  assert.equal(trial.requests.length, 1);
  const copies = running.records.filter(({ shadow }) => shadow);
  assert.deepEqual(
    copies.map(({ outcome, decidedBy }) => [outcome, decidedBy]),
    [
      ['ok', undefined],
      ['rate_limit_exceeded', 'AIBudget default/limits limit trials'],
      ['rate_limit_exceeded', 'AIBudget default/limits limit trials'],
    ],
  );
});

const DOLLAR_A_TOKEN = { inputPico: '1000000000000', cachedInputPico: '1000000000000', outputPico: '1000000000000' };

for (const [what, price] of [
  ['is too dear for what is left', DOLLAR_A_TOKEN],
  ['has no known price', null],
] as const)
  test(`a live variant that ${what} is passed over, and the rule answers as long as it can pay`, async (t) => {
    const budget = buildBudget('default/limits/usd', 1_000_000_000n, { unit: 'nanoUsd' });
    const { running, trial } = await startPaid(t, {
      budgets: [budget],
      variant: { target: { provider: 'trial', price } },
    });
    const answer = await post(running.url, BODY);
    assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'ordinary/m']);
    assert.equal(answer.headers.get('x-remora-variant'), 'trial');
    assert.equal(trial.requests.length, 0);
  });
