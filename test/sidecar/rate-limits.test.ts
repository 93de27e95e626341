/** Limits in tokens and requests as apps meet them: over HTTP, before a provider that counts for itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { requestLine } from '#sidecar/telemetry/log';
import { buildBudget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { post } from './raw-http.ts';
import { type GatedPolicy, startGated } from './start-gated.ts';

const MINUTE_MS = 60_000;
/** 75 bytes, so that with its answer it may have 76 tokens. */
const BODY = JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hi' }], max_tokens: 1 });

async function start(t: TestContext, budgets: readonly PolicyBudget[], policy: GatedPolicy = {}) {
  const { running, ...started } = await startGated(t, { policy: { budgets, ...policy } });
  const ask = (body = BODY) => post(running.url, body);
  const inParallel = (calls: number) => Promise.all(Array.from({ length: calls }, () => ask()));
  return { ...started, records: running.records, ask, inParallel };
}

for (const calls of [5, 500])
  test(`${calls} parallel calls on a limit of 100 tokens per minute use no more than 100 in any minute`, async (t) => {
    const limit = buildBudget('default/limits/tokens', 100n, { every: 'Minute' });
    const { provider, clock, inParallel, ask } = await start(t, [limit]);
    for (let minute = 0; minute < 3; minute++) {
      const before = provider.book.inputTokens + provider.book.outputTokens;
      const answers = await inParallel(calls);
      // Who waits for a turn has what others left.
      for (let later = 0; later < 3; later++) answers.push(await ask());
      const used = provider.book.inputTokens + provider.book.outputTokens - before;
      assert.ok(used > 0 && used <= 100, `${used} tokens`);
      const refused = answers.filter(({ status }) => status === 429);
      assert.equal(answers.filter(({ status }) => status === 200).length + refused.length, calls + 3);
      assert.ok(refused.length > 0);
      clock.advance(MINUTE_MS);
    }
  });

test('500 parallel calls on a limit of 7 requests per second make 7 requests in each second', async (t) => {
  const limit = buildBudget('default/limits/calls', 7n, { unit: 'requests', every: 'Second' });
  const { provider, clock, inParallel } = await start(t, [limit]);
  for (let second = 1; second <= 3; second++) {
    const answers = await inParallel(500);
    assert.equal(answers.filter(({ status }) => status === 200).length, 7);
    assert.equal(provider.book.calls, 7 * second);
    clock.advance(1_000);
  }
});

test('a limit in requests or input tokens states no maximum of output for anybody', async (t) => {
  const free = JSON.stringify({ ...JSON.parse(BODY), max_tokens: undefined });
  for (const unit of ['requests', 'inputTokens', 'outputTokens', 'tokens'] as const) {
    const { provider, ask } = await start(t, [buildBudget('default/limits/all', 1_000_000n, { unit })]);
    assert.equal((await ask(free)).status, 200);
    const asked = provider.requests[0]?.body ?? {};
    const isHeld = 'max_tokens' in asked || 'max_completion_tokens' in asked;
    assert.equal(isHeld, unit === 'outputTokens' || unit === 'tokens', unit);
  }
});

test('a rate is refused as OpenAI refuses one, and clients may try again when it says', async (t) => {
  const { ask } = await start(t, [buildBudget('default/limits/calls', 1n, { unit: 'requests', every: 'Minute' })]);
  await ask();
  const { status, headers, text } = await ask();
  assert.equal(status, 429);
  assert.deepEqual([headers.get('retry-after'), headers.get('x-should-retry')], ['60', 'true']);
  const { error } = JSON.parse(text);
  assert.deepEqual(
    [error.type, error.code, error.remora.code],
    ['rate_limit_error', 'rate_limit_exceeded', 'rate_limit_exceeded'],
  );
});

test('each attempt that is sent counts as a request, and one that reached nobody does not', async (t) => {
  const limit = buildBudget('default/limits/calls', 100n, { unit: 'requests' });
  const gone = await startFakeProvider({ dialect: 'openai' });
  await gone.close();
  const { provider, ask, gate, treasury } = await start(t, [limit]);
  provider.respondOnce({ fault: { kind: 'status', status: 500 } }, { fault: { kind: 'reset-after-head' } });
  for (let n = 0; n < 3; n++) await ask();
  await gate.close();
  assert.equal((await treasury.status(limit)).spent, BigInt(provider.requests.length));
  const away = await start(t, [limit], { providers: { p: { endpoint: gone.url } } });
  assert.equal((await away.ask()).status, 502);
  await away.gate.close();
  assert.equal((await away.treasury.status(limit)).spent, 0n);
});

test('a limit that only alerts lets all through, and the record of the request says what it would have done', async (t) => {
  const limit = buildBudget('default/limits/watched', 2n, { unit: 'requests', soft: true });
  const { ask, records, gate, treasury } = await start(t, [limit]);
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await ask()).status);
  assert.deepEqual(statuses, [200, 200, 200, 200]);
  const would = { policy: 'AIBudget default/limits', rule: 'watched', action: 'Refuse' };
  assert.deepEqual(
    records.map(({ wouldHave }) => wouldHave),
    [undefined, undefined, [would], [would]],
  );
  const [, , third] = records;
  assert.ok(third);
  assert.deepEqual(JSON.parse(requestLine(third)).wouldHave, ['AIBudget default/limits/watched:Refuse']);
  await gate.close();
  assert.deepEqual(await treasury.status(limit).then(({ spent, percent }) => [spent, percent]), [4n, 200]);
});
