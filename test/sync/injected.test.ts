import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetOf, until } from './harness.ts';
import { KEY, policyFor, runPolicy, serving, stage } from './injected-stage.ts';
import { spawnSidecar } from './sidecar-process.ts';

const BUDGET = budgetOf(1_000_000n);

const ask = (url: string, more: object = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', max_tokens: 20, messages: [{ role: 'user', content: 'hello' }], ...more }),
  });

test('an injected sidecar serves what is pushed, and on SIGTERM gives back all it holds and exits 0', async (t) => {
  const here = await stage(t);
  const { operator, provider } = here;
  const { sidecar, url } = await runPolicy(here, policyFor(provider, [BUDGET]));
  const answer = await ask(url);
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.ok((await operator.treasury.status(BUDGET)).held > 0n);
  sidecar.kill('SIGTERM');
  assert.equal(await sidecar.ended, 0);
  const status = await operator.treasury.status(BUDGET);
  assert.equal(status.held, 0n);
  assert.equal(status.spent, BigInt(provider.book.inputTokens + provider.book.outputTokens));
  assert.deepEqual(
    operator.usage.map(({ seq }) => seq),
    [1],
  );
  assert.doesNotMatch(JSON.stringify([sidecar.lines, sidecar.stderr(), operator.log.lines]), new RegExp(KEY));
});

test('a killed sidecar that starts again with the operator away answers 200 through the provider', async (t) => {
  const here = await stage(t);
  const { operator, provider } = here;
  const first = await runPolicy(here, policyFor(provider));
  await operator.stop();
  assert.equal((await ask(first.url)).status, 200);
  first.sidecar.kill('SIGKILL');
  assert.equal(await first.sidecar.ended, 'SIGKILL');
  const second = here.spawn();
  const answer = await ask(await serving(second));
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal(provider.requests.at(-1)?.headers.authorization, `Bearer ${KEY}`);
});

test('an injected sidecar tells the operator of a key that its provider refuses', async (t) => {
  const here = await stage(t);
  const { operator, provider } = here;
  const { url } = await runPolicy(here, policyFor(provider));
  assert.deepEqual(operator.server.unfitReports(), []);
  provider.respondOnce({ fault: { kind: 'status', status: 401 } });
  assert.notEqual((await ask(url)).status, 200);
  await until('the report', () => operator.server.unfitReports().length > 0);
  assert.deepEqual(operator.server.unfitReports(), [{ provider: 'shop/openai', reason: 'auth', reports: 1 }]);
});

test('a sidecar that is started by hand says in one sentence what is missing', async () => {
  const sidecar = spawnSidecar({});
  assert.equal(await sidecar.ended, 1);
  assert.match(sidecar.stderr(), /^remora sidecar: REMORA_OPERATOR_ADDRESS is not set: .* "remora dev" instead\.\n$/);
});
