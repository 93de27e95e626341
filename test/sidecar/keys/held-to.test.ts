/** What an AIKey says of the requests that come with it: whose they are, which models and targets they may have, and how much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { answerOf, idOf, placeFor, submit } from '#test/sidecar/callback/stage';
import { CHAT, post } from '#test/sidecar/raw-http';
import { policyOf, until } from '#test/sidecar/start-sidecar';
import { buildBudget } from '#test/support/build-policy';
import { gatedBench } from '#test/treasury/bench';
import { bearer, keyOf, startKeys, type TestScope } from './start-keys.ts';

const OTHER = JSON.stringify({ ...JSON.parse(CHAT), model: 'other' });
const chatOf = (user: string): string => JSON.stringify({ ...JSON.parse(CHAT), user });

test('a key says whose a request is, whatever the request and the pod say', async (t) => {
  const sales = keyOf('sales', { identity: { team: 'sales', project: 'crm', user: 'partner' } });
  const { url, records, gate } = await startKeys(t, [sales]);
  await post(url, chatOf('eve'), { ...bearer('sales'), 'x-remora-user': 'mallory' });
  const [record] = records;
  assert.deepEqual(
    [record?.user, record?.attribution?.team, record?.attribution?.project],
    ['partner', 'sales', 'crm'],
  );
  assert.deepEqual([record?.attribution?.environment, record?.attribution?.namespace], ['dev', 'default']);
  const [attempt] = gate.reserved;
  assert.deepEqual([attempt?.caller.attribution.team, attempt?.caller.user], ['sales', 'partner']);
  await post(url, chatOf('eve'));
  assert.deepEqual([records[1]?.user, records[1]?.attribution?.team], ['eve', 'data']);
});

test('a key allows the models that it names, and lists no others', async (t) => {
  const { url, provider } = await startKeys(t, [keyOf('one', { models: ['oth*'] })]);
  const refused = await post(url, CHAT, bearer('one'));
  assert.deepEqual([refused.status, refused.json().error.code], [403, 'model_not_allowed']);
  assert.equal(refused.json().error.remora.object, 'AIKey default/one');
  assert.equal(provider.requests.length, 0);
  assert.equal((await post(url, OTHER, bearer('one'))).status, 200);
  const list = async (headers = {}) => {
    const { data } = (await (await fetch(`${url}/v1/models`, { headers })).json()) as { data: { id: string }[] };
    return data.map(({ id }) => id);
  };
  assert.deepEqual([await list(), await list(bearer('one'))], [['chat', 'other'], ['other']]);
  assert.equal((await fetch(`${url}/v1/models/chat`, { headers: bearer('one') })).status, 404);
  const unknown = await fetch(`${url}/v1/models`, { headers: bearer('nobody') });
  assert.equal(unknown.status, 401);
});

test('a key that names models starts no batch, whose models no route knows', async (t) => {
  const { url, provider } = await startKeys(t, [keyOf('one', { models: ['chat'] }), keyOf('all')]);
  const batch = JSON.stringify({ input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' });
  const ask = async (key: string) =>
    fetch(`${url}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(key) },
      body: batch,
    });
  const refused = await ask('one');
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /AIKey default\/one allows certain models only/);
  assert.equal(provider.requests.length, 0);
  assert.notEqual((await ask('all')).status, 403);
});

test('a key requires tags of targets, and lists no model without them', async (t) => {
  const { url, records } = await startKeys(t, [keyOf('eu', { require: ['eu'] }), keyOf('us', { require: ['us'] })]);
  assert.equal((await post(url, CHAT, bearer('eu'))).status, 200);
  assert.deepEqual(records[0]?.required, [{ policy: 'AIKey default/eu', tags: ['eu'] }]);
  const refused = await post(url, CHAT, bearer('us'));
  assert.deepEqual(refused.json().error.remora.code, 'no_compliant_target');
  assert.match(refused.json().error.message, /AIKey default\/us requires the tags us, .*or have the AIKey changed/);
  assert.deepEqual(await (await fetch(`${url}/v1/models`, { headers: bearer('us') })).json(), {
    object: 'list',
    data: [],
  });
});

/** A limit of one request per minute. */
const once = (id: string, parts: Partial<PolicyBudget>): PolicyBudget =>
  buildBudget(id, 1n, { unit: 'requests', every: 'Minute', ...parts });

async function startLimited(t: TestScope, budgets: readonly PolicyBudget[]) {
  const { gate } = gatedBench(t);
  const keys = ['a', 'b', 'sales'].map((name) => keyOf(name, name === 'sales' ? { identity: { team: 'sales' } } : {}));
  const { url } = await startKeys(t, keys, { policy: { budgets }, deps: { budgetGate: gate } });
  return async (...asked: readonly (string | undefined)[]): Promise<number[]> => {
    const statuses: number[] = [];
    for (const name of asked) statuses.push((await post(url, CHAT, name === undefined ? {} : bearer(name))).status);
    return statuses;
  };
}

test('limits of a key count what comes with it, and nothing else', async (t) => {
  const own = once('default/aikey:a/minute', { kind: 'AIKey', budget: 'default/a', where: { key: 'default/a' } });
  const ask = await startLimited(t, [own]);
  assert.deepEqual(await ask('a', 'a', 'b', 'b', undefined, undefined), [200, 429, 200, 200, 200, 200]);
});

test('a limit per key keeps keys apart, and what comes without one shares one amount', async (t) => {
  const ask = await startLimited(t, [once('default/caps/each', { per: ['key'] })]);
  assert.deepEqual(await ask('a', 'a', 'b', 'b', undefined, undefined), [200, 429, 200, 429, 200, 429]);
});

test('a limit of one key goes by its name, or its namespace and name', async (t) => {
  const ask = await startLimited(t, [
    once('default/caps/a', { where: { key: 'a' } }),
    once('default/caps/b', { where: { key: 'default/b' } }),
    once('default/caps/none', { where: { key: 'elsewhere/sales' } }),
  ]);
  assert.deepEqual(await ask('a', 'a', 'b', 'b', 'sales', 'sales'), [200, 429, 200, 429, 200, 200]);
});

test('a limit of a team counts whoever comes as that team, and the pod of another one only then', async (t) => {
  const ask = await startLimited(t, [once('default/caps/sales', { where: { team: 'sales' } })]);
  assert.deepEqual(await ask('sales', 'sales', 'a', 'a', undefined, undefined), [200, 429, 200, 200, 200, 200]);
});

test('a kill switch of a key stops what comes with it, and nothing else', async (t) => {
  const ask = await startLimited(t, [
    once('default/kill/stopped', { where: { key: 'a' }, stop: { reason: 'leaked' } }),
  ]);
  assert.deepEqual(await ask('a', 'b', undefined), [403, 200, 200]);
});

test('a job comes with the key of the request that asked for it', async (t) => {
  const place = placeFor(t);
  const callback = {};
  const routes = [{ targets: [{ provider: 'p' }], callback }];
  const running = await startKeys(t, [keyOf('a', { models: ['chat'] })], {
    policy: { routes },
    config: { jobsIn: place },
  });
  const held = Promise.withResolvers<void>();
  running.provider.respondWith({ text: 'Hello.', holdHead: held.promise });
  const accepted = await submit(running, 'fetch', { headers: bearer('a') });
  held.resolve();
  const answer = await answerOf(running, idOf(accepted));
  assert.equal(answer.status, 200);
  assert.deepEqual(
    running.records.map(({ key }) => key),
    ['default/a'],
  );
  const unknown = await submit(running, 'fetch', { headers: bearer('nobody') });
  assert.equal(unknown.status, 401);
});

test('a job that waits is refused when its key is revoked before it runs', async (t) => {
  const words = { providers: {}, routes: [{ targets: [{ provider: 'p' }], callback: {} }] };
  const jobs = { ...DEFAULT_SIDECAR_CONFIG.jobs, running: 1 };
  const running = await startKeys(t, [keyOf('a'), keyOf('b')], {
    policy: { routes: words.routes },
    config: { jobsIn: placeFor(t), jobs },
  });
  const { provider, sidecar } = running;
  const held = Promise.withResolvers<void>();
  provider.respondOnce({ text: 'Hello.', holdHead: held.promise });
  const first = idOf(await submit(running, 'fetch', { headers: bearer('a') }));
  await until(() => provider.requests.length === 1, 'the first job runs');
  const second = idOf(await submit(running, 'fetch', { headers: bearer('b') }));
  const providers = { p: { type: 'OpenAI' as const, endpoint: provider.url } };
  const revoked = [keyOf('a'), keyOf('b', { revoked: true })];
  assert.ok(sidecar.sink.applyPolicy(policyOf({ ...words, providers, keys: revoked }), 'hash-2').applied);
  held.resolve();
  assert.equal((await answerOf(running, first)).status, 200);
  const refused = await answerOf(running, second);
  assert.deepEqual([refused.status, JSON.parse(refused.body).error.code], [403, 'key_revoked']);
  assert.equal(provider.requests.length, 1);
});

test('a limit lowers nobody to a model that the key does not allow', async (t) => {
  const lowering = once('default/caps/all', { onExceeded: 'Downgrade', downgradeTo: 'other' });
  const { gate } = gatedBench(t);
  const keys = [keyOf('one', { models: ['chat'] }), keyOf('both')];
  const { url } = await startKeys(t, keys, { policy: { budgets: [lowering] }, deps: { budgetGate: gate } });
  assert.equal((await post(url, CHAT, bearer('one'))).status, 200);
  const refused = await post(url, CHAT, bearer('one'));
  assert.equal(refused.status, 429);
  assert.match(refused.json().error.message, /AIKey default\/one does not allow the model `other`/);
  const lowered = await post(url, CHAT, bearer('both'));
  assert.deepEqual([lowered.status, lowered.headers.get('x-remora-target')], [200, 'p/n']);
});

test('a limit of a key that lowers a request is not taken for one of an AIBudget of the same name', async (t) => {
  const { gate } = gatedBench(t);
  const wide = buildBudget('default/a/minute', 9n, { unit: 'requests', every: 'Minute' });
  const own = once('default/aikey:a/minute', {
    ...{ kind: 'AIKey', budget: 'default/a', limit: 'minute', where: { key: 'default/a' } },
    ...{ onExceeded: 'Downgrade', downgradeTo: 'other' },
  });
  const options = { policy: { budgets: [wide, own] }, deps: { budgetGate: gate } };
  const { url } = await startKeys(t, [keyOf('a')], options);
  assert.equal((await post(url, CHAT, bearer('a'))).status, 200);
  const lowered = await post(url, CHAT, bearer('a'));
  assert.deepEqual([lowered.status, lowered.headers.get('x-remora-target')], [200, 'p/n']);
});

test('a soft limit of a key refuses nothing, and says by its kind and name what it would have done', async (t) => {
  const { gate } = gatedBench(t);
  const parts = {
    kind: 'AIKey',
    budget: 'default/a',
    limit: 'minute',
    where: { key: 'default/a' },
    soft: true,
  } as const;
  const budgets = [once('default/aikey:a/minute', parts)];
  const { url, records } = await startKeys(t, [keyOf('a')], { policy: { budgets }, deps: { budgetGate: gate } });
  for (let request = 0; request < 2; request += 1) assert.equal((await post(url, CHAT, bearer('a'))).status, 200);
  assert.deepEqual(
    records.map(({ wouldHave }) => wouldHave),
    [undefined, [{ policy: 'AIKey default/a', rule: 'minute', action: 'Refuse' }]],
  );
});

test('an explanation names the key, and refuses as the request would be', async (t) => {
  const { url, provider } = await startKeys(t, [keyOf('one', { models: ['other'], identity: { team: 'sales' } })]);
  const explain = async (body: string, name: string) =>
    (await post(url, body, { ...bearer(name), 'x-remora-explain': 'true' })).json();
  const told = await explain(OTHER, 'one');
  assert.deepEqual([told.outcome, told.caller.key, told.caller.team], ['sent', 'default/one', 'sales']);
  assert.equal((await explain(CHAT, 'one')).refused.code, 'model_not_allowed');
  assert.equal((await explain(CHAT, 'nobody')).refused.code, 'key_unknown');
  assert.equal(provider.requests.length, 0);
});

test('a policy that revokes a key holds for the next request on the same connection', async (t) => {
  const running = await startKeys(t, [keyOf('a')]);
  assert.equal((await post(running.url, CHAT, bearer('a'))).status, 200);
  const { provider } = running;
  const policy = policyOf({
    providers: { p: { type: 'OpenAI', endpoint: provider.url } },
    routes: [{ targets: [{ provider: 'p' }] }],
    keys: [keyOf('a', { revoked: true })],
  });
  running.sidecar.sink.applyPolicy(policy, 'hash-2');
  const refused = await post(running.url, CHAT, bearer('a'));
  assert.deepEqual([refused.status, refused.json().error.code], [403, 'key_revoked']);
});
