/** A cap that a thousand requests race for in one sidecar, a process of its own; the provider's own book is the judge. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nanoUsd } from '#contract/policy/money';
import { eventually } from '#test/operator/eventually';
import { buildBudget } from '#test/support/build-policy';
import { policyFor, runPolicy, stage } from './injected-stage.ts';

const CAP = nanoUsd('5');
const PARALLEL = 1_000;
const MAX_TOKENS = 1_000;
/** Of `policyFor`, in nano-dollars per token. */
const PRICE = { input: 2_500n, output: 10_000n };
/** Beyond any request of this test: a kilobyte, and all the output that it may have. */
const LARGEST = 1_000n * PRICE.input + BigInt(MAX_TOKENS) * PRICE.output;

async function ask(url: string, nth: number): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'chat',
      max_tokens: MAX_TOKENS,
      messages: [{ role: 'user', content: `question ${nth}` }],
    }),
  });
  await response.arrayBuffer();
  return response.status;
}

test(`${PARALLEL} parallel requests on a $5 cap in one sidecar: the provider bills no nano-dollar more, and the last dollar is usable`, async (t) => {
  const here = await stage(t);
  const { operator, provider } = here;
  let answers = 0;
  provider.respondWith(() => {
    answers += 1;
    return { usage: { inputTokens: 20, outputTokens: MAX_TOKENS / 2 + ((answers * 379) % (MAX_TOKENS / 2)) } };
  });
  const budget = buildBudget('shop/caps/total', CAP, { every: 'Month', unit: 'nanoUsd' });
  const { sidecar, url } = await runPolicy(here, policyFor(provider, [budget]), { REMORA_MAX_REQUESTS: '2000' });

  const statuses = await Promise.all(Array.from({ length: PARALLEL }, (_, nth) => ask(url, nth)));
  const billed = (): bigint =>
    BigInt(provider.book.inputTokens) * PRICE.input + BigInt(provider.book.outputTokens) * PRICE.output;
  assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  assert.equal(statuses.filter((status) => status === 200).length, provider.book.calls);
  assert.ok(billed() <= CAP, `${billed()} of ${CAP}`);

  // One after the other, until nothing more fits; what is on its way back is refused for a moment.
  let nth = PARALLEL;
  await eventually('the last dollar is used', async () => {
    nth += 1;
    await ask(url, nth);
    return billed() + LARGEST > CAP;
  });
  assert.ok(billed() <= CAP, `${billed()} of ${CAP}`);

  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  const { spent, held } = await operator.treasury.status(budget);
  assert.deepEqual([spent, held], [billed(), 0n]);
  t.diagnostic(`${provider.book.calls} answers billed at ${billed()} of ${CAP} nano-dollars, overshoot 0`);
});
