/** What answers and refusals tell of limits of requests and tokens, in the headers that clients of each API know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText } from '#sidecar/dialects/openai-limits';
import type { PolicyWords } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { World } from './world.ts';

const POLICY: PolicyWords = {
  providers: { p: { type: 'OpenAI', endpoint: 'http://provider' } },
  routes: [{ targets: [{ provider: 'p', maxRetries: 0 }] }],
};
const MINUTE = buildBudget('default/caps/minute', 300n, { every: 'Minute' });
const DAY = buildBudget('default/caps/day', 250n, { every: 'Day' });
const MONEY = buildBudget('default/caps/money', 1_000n, { unit: 'nanoUsd', every: 'Day' });
const CHAT = '/v1/chat/completions';
const MESSAGES = '/v1/messages';

const ratesOf = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.includes('ratelimit')));

for (const [path, expected] of [
  [
    CHAT,
    {
      'x-ratelimit-limit-tokens': '250',
      'x-ratelimit-remaining-tokens': '210',
      'x-ratelimit-reset-tokens': '12h0m0s',
    },
  ],
  [
    MESSAGES,
    {
      'anthropic-ratelimit-tokens-limit': '250',
      'anthropic-ratelimit-tokens-remaining': '210',
      'anthropic-ratelimit-tokens-reset': '2026-11-22T00:00:00Z',
    },
  ],
] as const)
  test(`an answer on ${path} tells what is left of the tightest limit, and nothing of the provider’s own`, async (t) => {
    const world = new World(t, { ...POLICY, budgets: [MINUTE, DAY, MONEY] });
    world.headers = {
      'x-ratelimit-remaining-tokens': '7',
      'x-ratelimit-remaining-requests': '3',
      'anthropic-ratelimit-tokens-remaining': '7',
      'retry-after': '5',
    };
    const { status, headers } = await world.ask({ path }).done;
    assert.equal(status, 200);
    assert.deepEqual(ratesOf(headers), expected);
    assert.equal(headers['retry-after'], undefined);
  });

test('a refusal by a rate tells what is left, when it is whole again, and that another try is worth it', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [buildBudget('default/caps/minute', 150n, { every: 'Minute' })] });
  for (let count = 0; count < 2; count++) await world.ask().done;
  await world.pass(17_500);
  const { status, headers } = await world.ask().done;
  assert.equal(status, 429);
  assert.deepEqual(ratesOf(headers), {
    'x-ratelimit-limit-tokens': '150',
    'x-ratelimit-remaining-tokens': '70',
    'x-ratelimit-reset-tokens': '43s',
  });
  assert.equal(headers['retry-after'], '43');
  assert.equal(headers['retry-after-ms'], '42500');
  assert.equal(headers['x-should-retry'], 'true');
  const messages = await world.ask({ path: MESSAGES }).done;
  assert.equal(messages.status, 429);
  assert.equal(messages.headers['anthropic-ratelimit-tokens-remaining'], '70');
  assert.equal(messages.headers['anthropic-ratelimit-tokens-reset'], '2026-11-21T12:01:00Z');
});

test('a refusal of money tells no rate, and that another try is of no use', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [buildBudget('default/caps/money', 10n, { unit: 'nanoUsd' })] });
  const { status, headers } = await world.ask().done;
  assert.equal(status, 429);
  assert.deepEqual(ratesOf(headers), {});
  assert.equal(headers['x-should-retry'], 'false');
  assert.equal(headers['retry-after'], String(12 * 3_600));
});

test('a rate whose window ends in hours is not worth another try, since clients heed no such wait', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [buildBudget('default/caps/day', 10n, { every: 'Day' })] });
  const { headers } = await world.ask().done;
  assert.equal(headers['x-should-retry'], 'false');
});

test('without a limit of requests or tokens an answer tells none', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [{ ...MONEY, amount: '1000000' }] });
  const { status, headers } = await world.ask().done;
  assert.equal(status, 200);
  assert.deepEqual(ratesOf(headers), {});
});

test('a stream tells at its head what is reserved for it as taken', async (t) => {
  const world = new World(t, { ...POLICY, budgets: [DAY] });
  const { status, headers } = await world.ask({ stream: true }).done;
  assert.equal(status, 200);
  const remaining = Number(headers['x-ratelimit-remaining-tokens']);
  assert.ok(remaining > 0 && remaining <= 250 - 100, `${remaining}: it may use more than 100`);
});

test('durations are written as clients of OpenAI read them, never shorter than they are', () => {
  assert.deepEqual([0, 1, 999.5, 1_000, 1_001, 61_000, 360_000, 3_600_000, 43_200_000, 3_723_000].map(durationText), [
    '0ms',
    '1ms',
    '1000ms',
    '1s',
    '2s',
    '1m1s',
    '6m0s',
    '1h0m0s',
    '12h0m0s',
    '1h2m3s',
  ]);
});
