/** The kill switch as an app meets it: nothing of a request leaves the pod, whatever was spent, and no SDK asks again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { buildBudget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { gatedBench, refusalOf } from '#test/treasury/bench';
import { attemptOf } from '#test/treasury/budgets';
import { policyOf, startSidecar, until } from './start-sidecar.ts';

const LIMIT = buildBudget('default/limits/all', 1_000_000n);
const STOPPED = { ...LIMIT, stop: { reason: 'an agent runs wild.' } };
const WORDS = 'Stopped by AIBudget default/limits: an agent runs wild. Nothing was sent.';

async function start(t: Parameters<typeof startSidecar>[0]) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const words = {
    providers: { p: { type: 'OpenAI', endpoint: provider.url } },
    routes: [{ targets: [{ provider: 'p', maxRetries: 2 }], fallbacks: [{ provider: 'p', model: 'other' }] }],
  } as const;
  const running = await startSidecar(t, { policy: { ...words, budgets: [STOPPED] } });
  const apply = (budgets: readonly (typeof LIMIT)[], hash: string) =>
    assert.ok(running.sidecar.sink.applyPolicy(policyOf({ ...words, budgets }), hash).applied);
  return { provider, running, apply };
}

test('SDKs are refused once, with the reason, and nothing reaches the provider', async (t) => {
  const { provider, running } = await start(t);
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none' });
  const anthropic = new Anthropic({ baseURL: running.url, apiKey: 'none' });
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  await assert.rejects(openai.chat.completions.create({ model: 'chat', messages }), (error) => {
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    assert.equal(error.code, 'budget_stopped');
    assert.ok(error.message.includes(WORDS), error.message);
    return true;
  });
  await assert.rejects(
    anthropic.messages.create({ model: 'chat', max_tokens: 10, messages }),
    Anthropic.PermissionDeniedError,
  );
  assert.equal(provider.requests.length, 0);
  assert.deepEqual(
    running.records.map(({ outcome }) => outcome),
    ['budget_stopped', 'budget_stopped'],
    'each SDK asked once',
  );
  assert.deepEqual(running.gate.reserved, []);
});

test('a stream that is under way when the switch is thrown goes on to its end, the next request is refused, and undone it passes', async (t) => {
  const { provider, running, apply } = await start(t);
  apply([LIMIT], 'hash-2');
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none' });
  const ask = { model: 'chat', messages: [{ role: 'user' as const, content: 'Hi' }] };
  const stopped = Promise.withResolvers<void>();
  provider.respondOnce({ hold: { afterEvents: 2, until: stopped.promise } });
  const stream = await openai.chat.completions.create({ ...ask, stream: true });
  apply([STOPPED], 'hash-3');
  stopped.resolve();
  let last: string | null | undefined;
  for await (const chunk of stream) last = chunk.choices[0]?.finish_reason ?? last;
  assert.equal(last, 'stop');
  await assert.rejects(openai.chat.completions.create(ask), OpenAI.PermissionDeniedError);
  apply([LIMIT], 'hash-4');
  assert.ok((await openai.chat.completions.create(ask)).id);
  assert.equal(provider.requests.length, 2);
});

test('a stop that ends what is under way ends a stream by an error event of its API, and its attempt at the provider', async (t) => {
  const { provider, running, apply } = await start(t);
  apply([LIMIT], 'hash-2');
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none' });
  const never = Promise.withResolvers<void>();
  t.after(() => never.resolve());
  provider.respondOnce({ hold: { afterEvents: 3, until: never.promise } });
  const ask = { model: 'chat', messages: [{ role: 'user' as const, content: 'Hi' }] };
  const stream = await openai.chat.completions.create({ ...ask, stream: true });
  let isBegun = false;
  await assert.rejects(
    async () => {
      for await (const chunk of stream) {
        if (!isBegun && chunk.choices.length > 0) apply([{ ...LIMIT, stop: { inFlight: true } }], 'hash-3');
        isBegun = true;
      }
    },
    (error) => error instanceof OpenAI.APIError && error.code === 'budget_stopped',
  );
  assert.ok(isBegun);
  await until(() => provider.requests[0]?.wasAborted === true, 'the provider sees it end');
  assert.deepEqual(running.faults, []);
});

test('what waits to be tried again when the switch is thrown is not, and neither is a fallback', async (t) => {
  const { provider, running, apply } = await start(t);
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none', maxRetries: 0 });
  apply([LIMIT], 'hash-2');
  provider.respondWith(() => {
    apply([STOPPED], 'hash-3');
    return { fault: { kind: 'status', status: 503 } };
  });
  await assert.rejects(openai.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }));
  assert.equal(provider.requests.length, 1);
});

test('an explanation says that nothing would be sent, and by which object', async (t) => {
  const { running } = await start(t);
  const answer = await fetch(`${running.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-remora-explain': 'true' },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const { outcome, refused } = (await answer.json()) as {
    outcome: string;
    refused?: { code: string; object?: string };
  };
  assert.deepEqual([answer.status, outcome, refused?.code], [200, 'refused', 'budget_stopped']);
});

test('what only copies for shadows count against stops copies, and no request', async (t) => {
  const { provider, running, apply } = await start(t);
  apply([{ ...STOPPED, shadows: 'Only' }], 'hash-2');
  const openai = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'none' });
  await openai.chat.completions.create({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }] });
  assert.equal(provider.requests.length, 1);
});

test('the gate refuses a stopped limit before it asks for a grant, free attempts too, and so does a look', async (t) => {
  const { gate, treasury } = gatedBench(t);
  for (const tokens of [10, 0]) {
    const refusal = await refusalOf(gate.reserve(attemptOf([LIMIT, STOPPED], tokens)));
    assert.deepEqual([refusal.code, refusal.details.object], ['budget_stopped', 'AIBudget default/limits limit all']);
  }
  assert.equal((await treasury.status(LIMIT)).held, 0n);
  const [look] = (await gate.look?.(attemptOf([STOPPED], 10))) ?? [];
  assert.equal(look?.refusal?.code, 'budget_stopped');
});
