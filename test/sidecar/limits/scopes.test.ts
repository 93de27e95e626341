/** What counts against a limit, as an app meets it: over HTTP, by headers, by the model it asks for, and by where that leads. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startGated } from '#test/sidecar/start-gated';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';

/** Enough for one of these requests and not for two. */
const ENOUGH = 1_300n;
const USAGE = { inputTokens: 20, outputTokens: 900 };
const limit = (name: string, parts: Partial<PolicyBudget>): PolicyBudget =>
  buildBudget(`default/limits/${name}`, ENOUGH, { every: 'Minute', ...parts });

type Headers = Readonly<Record<string, string>>;

/** Providers `p` and `q`; routes `one` to p/m, `two` to p/n and then q/n, `any` to whatever is asked of q. */
async function start(t: TestContext, budgets: readonly PolicyBudget[]) {
  const policy = {
    providers: { p: {}, q: {} },
    routes: [
      { models: ['one'], targets: [{ provider: 'p' }] },
      { models: ['two'], targets: [{ provider: 'p', model: 'n' }], fallbacks: [{ provider: 'q', model: 'n' }] },
      { models: ['*'], targets: [{ provider: 'q', model: '*' }] },
    ],
    budgets,
  };
  const { running } = await startGated(t, { answer: { usage: USAGE }, policy });
  const ask = async (model: string, headers: Headers = {}) => {
    const body = JSON.stringify({ ...JSON.parse(CHAT), model, max_tokens: 1_000 });
    const answer = await post(running.url, body, headers);
    return { ...answer, target: answer.headers.get('x-remora-target') };
  };
  const statuses = async (...asked: readonly (readonly [string, Headers?])[]): Promise<number[]> => {
    const found: number[] = [];
    for (const [model, headers] of asked) found.push((await ask(model, headers)).status);
    return found;
  };
  return { ask, statuses };
}

for (const claim of ['feature', 'session', 'run'] as const) {
  const header = `x-remora-${claim}`;
  test(`a limit per ${claim} keeps apart what ${header} says, and what says nothing shares one amount`, async (t) => {
    const { statuses } = await start(t, [limit('each', { per: [claim] })]);
    const asked = [{ [header]: 'a' }, { [header]: 'a' }, { [header]: 'b' }, {}, {}];
    assert.deepEqual(await statuses(...asked.map((headers) => ['one', headers] as const)), [200, 429, 200, 200, 429]);
  });

  test(`a limit of one ${claim} counts what ${header} says so, and nothing else`, async (t) => {
    const { statuses } = await start(t, [limit('of-a', { where: { [claim]: 'a' } })]);
    const asked = [{}, {}, { [header]: 'b' }, { [header]: 'a' }, { [header]: 'a' }, { [header]: 'b' }];
    const found = await statuses(...asked.map((headers) => ['one', headers] as const));
    assert.deepEqual(found, [200, 200, 200, 200, 429, 200]);
  });
}

test('a limit of a route counts what goes through it, whatever answers', async (t) => {
  const { ask, statuses } = await start(t, [limit('of-two', { kind: 'AIRoute', where: { route: 'default/route-1' } })]);
  assert.deepEqual(await statuses(['one'], ['one'], ['two'], ['one'], ['other']), [200, 200, 200, 200, 200]);
  const refused = await ask('two');
  // The fallback is of the same route.
  assert.equal(refused.status, 429);
  assert.match(refused.text, /AIRoute default\/limits limit of-two/);
});

test('a limit of a provider is no limit of another one: the fallback has its turn, and who has none is refused', async (t) => {
  const { ask } = await start(t, [limit('of-p', { kind: 'AIProvider', where: { provider: 'default/p' } })]);
  assert.deepEqual([(await ask('two')).target, (await ask('two')).target], ['p/n', 'q/n']);
  const refused = await ask('one');
  assert.equal(refused.status, 429);
  assert.match(refused.text, /AIProvider default\/limits limit of-p/);
});

test('a limit of a model counts it at whatever provider, also where the asked name is passed on', async (t) => {
  const { statuses } = await start(t, [limit('of-n', { where: { model: 'n' } })]);
  assert.deepEqual(await statuses(['one'], ['n'], ['n'], ['two'], ['other'], ['one']), [200, 200, 429, 429, 200, 200]);
});

test('a limit per model and user gives each user the amount of each model', async (t) => {
  const { statuses } = await start(t, [limit('each', { per: ['user', 'model'] })]);
  const [ann, bob] = [{ 'x-remora-user': 'ann' }, { 'x-remora-user': 'bob' }];
  assert.deepEqual(
    await statuses(['one', ann], ['one', ann], ['other', ann], ['one', bob], ['other', ann]),
    [200, 429, 200, 200, 429],
  );
});

test('no maximum of output is stated for a target that no limit counts', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const { url } = await startSidecar(t, {
    policy: {
      providers: { p: { type: 'OpenAI', endpoint: provider.url } },
      routes: [
        { models: ['counted'], targets: [{ provider: 'p', model: 'm' }] },
        { models: ['free'], targets: [{ provider: 'p', model: 'n' }] },
      ],
      budgets: [limit('of-m', { where: { model: 'm' } })],
    },
  });
  for (const model of ['counted', 'free'])
    await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  const stated = provider.requests.map(({ body = {} }) => 'max_tokens' in body || 'max_completion_tokens' in body);
  assert.deepEqual(stated, [true, false]);
});
