/** Prices that depend on the length of a prompt and on the tier of service: a whole sidecar, the real gate, and a provider's word for it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyPrice } from '#contract/policy/policy';
import { buildBudget } from '#test/support/build-policy';
import { post } from './raw-http.ts';
import { startGated } from './start-gated.ts';

/** A nano-dollar a token; ten of them in long prompts, four with priority. */
const PRICE: PolicyPrice = {
  ...{ inputPico: '1000', cachedInputPico: '1000', outputPico: '1000' },
  tiers: [
    { aboveInputTokens: 2_000, inputPico: '10000', cachedInputPico: '10000', outputPico: '10000' },
    { serviceTier: 'priority', inputPico: '4000', cachedInputPico: '4000', outputPico: '4000' },
  ],
  otherServiceTiers: 'Unknown',
};
const USAGE = { inputTokens: 100, outputTokens: 50 };

async function start(t: TestContext, nanoUsd: bigint) {
  const { provider, running } = await startGated(t, {
    answer: { usage: USAGE },
    policy: {
      budgets: [buildBudget('default/limits/usd', nanoUsd, { unit: 'nanoUsd' })],
      routes: [{ models: ['m'], targets: [{ provider: 'p', price: PRICE }] }],
    },
  });
  const ask = (more: object = {}, content = 'Say hello.') =>
    post(running.url, JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], max_tokens: 100, ...more }));
  const costs = () => running.records.map(({ attempts }) => attempts[0]?.costNanoUsd);
  return { provider, running, ask, costs };
}

const STANDARD = { service_tier: 'default' };
/** More bytes than the threshold has tokens, fewer tokens. */
const LONG = 'a '.repeat(1_100);

test('a request whose bytes may be more tokens than the threshold is reserved at the dearer price, and costs what was used', async (t) => {
  // As a short one it would need 2,400 nano-dollars, as a long one 24,000.
  const { ask, costs, provider } = await start(t, 20_000n);
  assert.equal((await ask(STANDARD)).status, 200);
  const refused = await ask(STANDARD, LONG);
  assert.equal(refused.status, 429);
  assert.match(refused.text, /budget_exceeded/);
  assert.equal(provider.requests.length, 1);
  assert.deepEqual(costs().slice(0, 1), [150n]);
});

test('a long prompt costs the dearer price for the whole request, a short one of as many bytes does not', async (t) => {
  const { ask, costs, provider } = await start(t, 1_000_000n);
  await ask(STANDARD, LONG);
  provider.respondWith({ usage: { inputTokens: 2_001, outputTokens: 50 } });
  await ask(STANDARD, LONG);
  assert.deepEqual(costs(), [150n, 20_510n]);
});

test('the tier of service that the answer tells is the price, also in a stream and where the account chose it', async (t) => {
  const { ask, costs, provider } = await start(t, 1_000_000n);
  provider.respondWith({ usage: USAGE, serviceTier: 'priority' });
  assert.equal((await ask({ service_tier: 'priority' })).status, 200);
  assert.equal((await ask({ stream: true, stream_options: { include_usage: true } })).status, 200);
  provider.respondWith({ usage: USAGE, serviceTier: 'default' });
  assert.equal((await ask({ service_tier: 'priority' })).status, 200);
  assert.deepEqual(costs(), [600n, 600n, 150n]);
});

test('a request that leaves the tier to the account is reserved at the dearest, one that asks for the standard one is not', async (t) => {
  // Some 200 tokens: 200 nano-dollars in the standard tier, 800 with priority.
  const { ask } = await start(t, 500n);
  assert.equal((await ask()).status, 429);
  assert.equal((await ask(STANDARD)).status, 200);
});

test('a tier of service without a known price is refused under a budget, and what an account made of it counts in full', async (t) => {
  const { ask, provider, running } = await start(t, 1_000_000n);
  const refused = await ask({ service_tier: 'ultrafast' });
  assert.match(refused.text, /price_unknown/);
  assert.equal(provider.requests.length, 0);
  provider.respondWith({ usage: USAGE, serviceTier: 'ultrafast' });
  assert.equal((await ask()).status, 200);
  const [attempt] = running.records[1]?.attempts ?? [];
  assert.equal(attempt?.estimated, true);
  assert.ok((attempt?.costNanoUsd ?? 0n) > 600n, String(attempt?.costNanoUsd));
});
