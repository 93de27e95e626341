/** Rules that ask what a request is: by its words, by its headers, and not at all where none asks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from '#contract/policy/policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { CHAT, chatBytes, post, rawAnswer, STREAMED_CHAT } from './raw-http.ts';
import { type RouteWords, startSidecar, until } from './start-sidecar.ts';

type TestContext = Parameters<typeof startSidecar>[0];

async function start(t: TestContext, route: Partial<RouteWords>) {
  const provider = await startFakeProvider({ dialect: 'openai' });
  t.after(() => provider.close());
  const providers = { openai: { type: 'OpenAI' as const, endpoint: provider.url } };
  return startSidecar(t, { policy: { providers, routes: [{ targets: [{ provider: 'openai' }], ...route }] } });
}

const asking = (content: string): string => JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }] });
const CODE = asking('Write a Python function that reverses a list, and unit tests for it.');

const HARD = asking('Prove that the equilibrium is unique, and analyse which of the assumptions it depends on.');

/** The status by request: 200 where the one rule of the route matches, 404 where it does not. */
const statuses = async (t: TestContext, match: Partial<PolicyRule['match']>, bodies: readonly string[]) => {
  const { url } = await start(t, { match });
  return Promise.all(bodies.map(async (body) => (await post(url, body)).status));
};

test('a rule takes only requests of its task, of its complexity, and of all that it states together', async (t) => {
  assert.deepEqual(await statuses(t, { task: 'Code' }, [CODE, asking('Good morning!')]), [200, 404]);
  assert.deepEqual(await statuses(t, { complexity: 'Simple' }, [asking('Good morning!'), HARD]), [200, 404]);
  assert.deepEqual(await statuses(t, { task: 'Code', latency: 'Realtime' }, [CODE]), [404]);
});

test('whether somebody waits is what the header says, else what the route says, else whether the request is streamed', async (t) => {
  const realtime = { match: { latency: 'Realtime' } } as const;
  const plain = await start(t, realtime);
  assert.equal((await post(plain.url, CHAT)).status, 404);
  assert.equal((await post(plain.url, STREAMED_CHAT)).status, 200);
  assert.equal((await post(plain.url, CHAT, { 'x-remora-latency': 'realtime' })).status, 200);
  const stated = await start(t, { ...realtime, latency: 'Realtime' });
  assert.equal((await post(stated.url, CHAT)).status, 200);
  assert.equal((await post(stated.url, CHAT, { 'x-remora-latency': 'batch' })).status, 404);
});

test('the cost class of a request is its tier, as the header says it and not otherwise', async (t) => {
  const { url, records } = await start(t, { match: { costClass: 'paid' } });
  assert.equal((await post(url, CHAT, { 'x-remora-tier': 'paid' })).status, 200);
  assert.equal((await post(url, CHAT, { 'x-remora-tier': 'Paid' })).status, 404);
  assert.equal((await post(url, CHAT)).status, 404);
  assert.equal((await post(url, CHAT, { 'x-remora-tier': 'x'.repeat(2_000) })).status, 404);
  await until(() => records.length === 4, 'all are recorded');
  assert.equal(records[3]?.requestClass?.costClass?.length, 256);
});

test('a latency that is neither is refused before anything is asked, and so is one that is said twice', async (t) => {
  const { url, port } = await start(t, {});
  for (const latency of ['fast', 'Realtime', '']) {
    const answer = await post(url, CHAT, { 'x-remora-latency': latency });
    assert.equal(answer.status, 400);
    const { error } = answer.json();
    assert.match(
      error.message,
      /^The header x-remora-latency must be realtime or batch\. Correct it, or leave it out\./,
    );
    assert.equal(error.param, 'x-remora-latency');
  }
  const twice = ['host: remora', 'x-remora-latency: batch', 'x-remora-latency: batch'];
  assert.equal((await rawAnswer(port, chatBytes(CHAT, twice))).status, 400);
});

test('what a request is is recorded where a rule asks, and not worked out where none does', async (t) => {
  const asked = await start(t, { match: { task: 'Code' } });
  await post(asked.url, CODE);
  await until(() => asked.records.length === 1, 'it is recorded');
  const known = asked.records[0]?.requestClass;
  assert.equal(known?.task, 'Code');
  assert.equal(known?.latency, 'Batch');
  assert.ok(known && known.because.length > 0 && known.because.length <= 3);

  const unasked = await start(t, { match: { headers: [{ name: 'x-a', value: 'b' }] }, latency: 'Batch' });
  await post(unasked.url, CODE, { 'x-a': 'b', 'x-remora-tier': 'paid', 'x-remora-latency': 'realtime' });
  await until(() => unasked.records.length === 1, 'it is recorded');
  assert.equal(unasked.records[0]?.status, 200);
  assert.equal(unasked.records[0]?.requestClass, undefined);
});

test('an earlier condition that does not hold spares the work', async (t) => {
  const { url, records } = await start(t, { match: { models: ['other'], task: 'Code' } });
  assert.equal((await post(url, CODE)).status, 404);
  await until(() => records.length === 1, 'it is recorded');
  assert.deepEqual(
    records.map(({ requestClass }) => requestClass),
    [undefined],
  );
});
