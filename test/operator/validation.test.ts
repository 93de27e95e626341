/** What a user reads who writes a wrong object: from a real API server, which asks a real operator by the rules of the chart. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { API_GROUP_VERSION } from '#contract/names/api';
import { pathOf, remoraType, VALIDATING_WEBHOOK } from '#operator/kube/resource-type';
import { type ApiServer, messageOf } from '#test/support/api-server';
import { eventually } from './eventually.ts';
import { configurationFor } from './validating.ts';
import { World } from './world.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };

const RIGHT = { rules: [{ when: 'request.stream', targets: [{ model: 'mock/echo' }] }] };
const WRONG = { rules: [{ when: "request.stream &&\n  caller.tema == 'a'", targets: [{ model: 'mock/echo' }] }] };

async function stage(t: TestContext) {
  const world = await World.open(t);
  if (world === undefined) return undefined;
  const { server, namespace } = world;
  const name = `validation-${namespace}`;
  const collection = pathOf(remoraType('AIRoute'), { namespace });
  const object = (route: string, spec: object) => ({
    apiVersion: API_GROUP_VERSION,
    kind: 'AIRoute',
    metadata: { name: route },
    spec,
  });
  const create = (route: string, spec: object) =>
    server.request({ method: 'POST', path: collection, body: object(route, spec) });
  const merge = (path: string, body: object) => server.request({ method: 'PATCH', path, headers: MERGE, body });
  return {
    ...{ world, server, collection, create, merge, object },
    async startAsking() {
      const operator = await world.operator(undefined, { REMORA_WEBHOOK_CONFIGURATION: name });
      const path = pathOf(VALIDATING_WEBHOOK);
      const body = configurationFor(world, name, operator.ports.webhook);
      const created = await server.request({ method: 'POST', path, body });
      assert.equal(created.status, 201, messageOf(created));
      t.after(() => server.request({ method: 'DELETE', path: `${path}/${name}` }));
      await eventually(
        'the API server asks',
        async () => (await create('probe', WRONG).then(forget(server, collection))).status === 422,
      );
      return operator;
    },
  };
}

/** What passed while nobody was asked must not be there the next time. */
const forget =
  (server: ApiServer, collection: string) =>
  async <T>(answer: T): Promise<T> => {
    await server.request({ method: 'DELETE', path: `${collection}/probe` });
    return answer;
  };

test('a wrong expression is refused with field, line and column, and a right one is stored', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { create, startAsking, server, collection, object } = staged;
  await startAsking();
  const refused = await create('chat', WRONG);
  assert.equal(refused.status, 422);
  assert.match(
    messageOf(refused),
    /^admission webhook "validate\.remora\.dev" denied the request: remora: spec\.rules\[0\]\.when: line 2, column 3: caller has no "tema"; it has user, team/,
  );
  assert.equal((await create('chat', RIGHT)).status, 201);
  const path = `${collection}/chat?fieldManager=test&force=true`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const applied = await server.request({ method: 'PATCH', path, headers, body: object('chat', WRONG) });
  assert.equal(applied.status, 422, 'an edit by kubectl apply, too');
  const stored = (await server.request({ path: `${collection}/chat` })).body as { spec: { rules: { when: string }[] } };
  assert.equal(stored.spec.rules[0]?.when, 'request.stream');
});

test('an object that was wrong before has its status written, its labels edited, is mended, and leaves', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { create, merge, startAsking, server, collection } = staged;
  for (const name of ['mended', 'leaving']) assert.equal((await create(name, WRONG)).status, 201);
  await merge(`${collection}/leaving`, { metadata: { finalizers: ['example.com/wait'] } });
  await startAsking();
  const status = { observedGeneration: 7 };
  assert.equal((await merge(`${collection}/mended/status`, { status })).status, 200);
  assert.equal((await merge(`${collection}/mended`, { metadata: { labels: { a: 'b' } } })).status, 200);
  const stillWrong = { rules: [{ when: 'request', targets: [{ model: 'mock/echo' }] }] };
  assert.equal((await merge(`${collection}/mended`, { spec: stillWrong })).status, 422);
  assert.equal((await merge(`${collection}/mended`, { spec: RIGHT })).status, 200);
  assert.equal((await server.request({ method: 'DELETE', path: `${collection}/leaving` })).status, 200);
  assert.equal((await merge(`${collection}/leaving`, { metadata: { finalizers: null } })).status, 200);
  assert.equal((await server.request({ path: `${collection}/leaving` })).status, 404);
});

test('while no operator answers, a wrong object is stored and its condition says what is wrong', async (t) => {
  const staged = await stage(t);
  if (staged === undefined) return;
  const { create, startAsking, world } = staged;
  const operator = await startAsking();
  await operator.close();
  assert.equal((await create('chat', WRONG)).status, 201);
  await world.operator();
  const accepted = await world.condition('AIRoute', 'chat', 'Accepted', ({ status }) => status === 'False');
  assert.match(accepted.message, /line 2, column 3: caller has no "tema"/);
});
