/** The official clients at a limit: they come again after the time that they are told, and not at all where that is of no use. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { PolicyBudget } from '#contract/policy/policy';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import { startGated } from '#test/sidecar/start-gated';
import { buildBudget } from '#test/support/build-policy';

/** What is left of the minute when the clients ask, and so what they are told to wait. */
const LEFT_MS = 150;
const ASKED = { model: 'chat', max_tokens: 60, messages: [{ role: 'user' as const, content: 'Hi' }] };

/** Each refusal ends the window: a client that comes again at all finds room. */
async function start(t: TestContext, limit: PolicyBudget) {
  const records: RequestRecord[] = [];
  const record = (one: RequestRecord): void => {
    records.push(one);
    if (one.status === 429) clock.advance(LEFT_MS);
  };
  const { clock, running } = await startGated(t, {
    answer: { usage: { inputTokens: 40, outputTokens: 60 } },
    policy: { budgets: [limit] },
    deps: { telemetry: { record } },
  });
  clock.advance(60_000 - LEFT_MS);
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none' });
  const anthropic = new Anthropic({ baseURL: running.url, apiKey: 'none' });
  return {
    records,
    askers: [
      () => openai.chat.completions.create(ASKED).withResponse(),
      () => anthropic.messages.create(ASKED).withResponse(),
    ],
  };
}

const RATE = buildBudget('default/caps/minute', 180n, { every: 'Minute' });
const MONEY = buildBudget('default/caps/money', 10n, { unit: 'nanoUsd', every: 'Minute' });

for (const [index, name] of ['openai', '@anthropic-ai/sdk'].entries()) {
  test(`${name} waits as long as it is told at a rate, and is answered then`, async (t) => {
    const { askers, records } = await start(t, RATE);
    const ask = askers[index];
    assert.ok(ask);
    await ask();
    const sinceMs = performance.now();
    const { response } = await ask();
    assert.ok(performance.now() - sinceMs >= LEFT_MS - 5, 'it came too soon');
    assert.deepEqual(
      records.map(({ status, clientRetry }) => [status, clientRetry]),
      [
        [200, 0],
        [429, 0],
        [200, 1],
      ],
    );
    const remaining = ['x-ratelimit-remaining-tokens', 'anthropic-ratelimit-tokens-remaining'][index] ?? '';
    assert.equal(response.headers.get(remaining), '80');
  });

  test(`${name} does not come again at a limit of money`, async (t) => {
    const { askers, records } = await start(t, MONEY);
    await assert.rejects(async () => askers[index]?.(), /Budget exceeded/);
    assert.deepEqual(
      records.map(({ status }) => status),
      [429],
    );
  });
}
