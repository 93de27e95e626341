/** What an AIPolicy requires of targets holds whatever else happens: no rule, fallback or fault leads around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT, post } from '#test/sidecar/raw-http';
import { chatBody, ORGANISATION, requires, startRules } from './start-rules.ts';

const MAIL = chatBody('Write to ada@example.org now');

test('only targets whose AIProvider carries all the tags are used, and the log says why', async (t) => {
  const running = await startRules(t, { requirements: requires({ tags: ['eu', 'azure'] }) });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'tagged/m');
  assert.equal(running.plain.requests.length, 0);
  assert.deepEqual(running.records[0]?.required, [{ policy: ORGANISATION, tags: ['eu', 'azure'] }]);
});

test('a requirement with an expression binds the requests of which it holds, and no others', async (t) => {
  const running = await startRules(t, { requirements: requires({ when: 'request.pii', tags: ['azure'] }) });
  assert.equal((await post(running.url, CHAT)).headers.get('x-remora-target'), 'plain/m');
  assert.equal((await post(running.url, MAIL)).headers.get('x-remora-target'), 'tagged/m');
  assert.deepEqual(
    running.records.map(({ required }) => required?.length ?? 0),
    [0, 1],
  );
});

test('a failed target that complies has no fallback that does not', async (t) => {
  const routes = [{ targets: [{ provider: 'tagged' }], fallbacks: [{ provider: 'plain' }] }];
  const running = await startRules(t, { routes, requirements: requires({ tags: ['azure'] }) });
  running.tagged.respondOnce({ fault: { kind: 'status', status: 503 } });
  assert.equal((await post(running.url, CHAT)).json().error.remora.code, 'upstream_overloaded');
  assert.equal(running.plain.requests.length, 0);
});

test('when none complies the request is refused with the AIPolicies and their tags, and nothing is sent', async (t) => {
  const running = await startRules(t, {
    requirements: [
      ...requires({ tags: ['azure'] }),
      { policy: 'support/own', require: [{ tags: ['hipaa'] }, { when: 'request.stream', tags: ['onshore'] }] },
    ],
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.status, 503);
  const { code, object } = answer.json().error.remora;
  assert.deepEqual([code, object], ['no_compliant_target', `AIPolicy ${ORGANISATION}`]);
  assert.match(
    answer.json().error.message,
    /AIPolicy remora-system\/organisation requires the tags azure; AIPolicy support\/own requires the tags hipaa, and no target/,
  );
  assert.equal(running.plain.requests.length + running.tagged.requests.length, 0);
});

test('what cannot be judged binds: a missing header opens nothing', async (t) => {
  const when = "request.headers['x-region'] == 'eu'";
  const running = await startRules(t, { requirements: requires({ when, tags: ['eu'] }) });
  const target = async (headers = {}) => (await post(running.url, CHAT, headers)).headers.get('x-remora-target');
  assert.equal(await target(), 'tagged/m');
  assert.equal(await target({ 'x-region': 'eu' }), 'tagged/m');
  assert.equal(await target({ 'x-region': 'us' }), 'plain/m');
  assert.equal(running.records[0]?.failedExpressions?.[0]?.expression, `AIPolicy ${ORGANISATION} spec.require[0].when`);
});

test('what an account keeps goes to one that complies, or nowhere', async (t) => {
  const requirements = requires({ tags: ['azure'] });
  const plain = await startRules(t, { routes: [{ targets: [{ provider: 'plain' }] }], requirements });
  const list = await fetch(`${plain.url}/v1/files`);
  assert.equal(list.status, 503);
  assert.equal(
    ((await list.json()) as { error: { remora: { code: string } } }).error.remora.code,
    'no_compliant_target',
  );
  assert.equal(plain.plain.requests.length, 0);
  const tagged = await startRules(t, { routes: [{ targets: [{ provider: 'tagged' }] }], requirements });
  assert.equal((await fetch(`${tagged.url}/v1/files`)).status, 200);
});

test('a batch, whose models are asked for later, is bound by a requirement on models', async (t) => {
  const requirements = requires({ when: "request.model == 'chat'", tags: ['azure'] });
  const running = await startRules(t, { routes: [{ targets: [{ provider: 'plain' }] }], requirements });
  const batch = JSON.stringify({ input_file_id: 'file-1', endpoint: '/v1/embeddings', completion_window: '24h' });
  assert.equal((await post(running.url, batch, {}, '/v1/batches')).status, 503);
  assert.equal(running.plain.requests.length, 0);
});

test('where only the targets of one model may answer, the refusal says so', async (t) => {
  const running = await startRules(t, {
    routes: [
      {
        targets: [
          { provider: 'plain', model: 'a' },
          { provider: 'tagged', model: 'b' },
        ],
      },
    ],
    requirements: requires({ tags: ['azure'] }),
  });
  const answer = await post(running.url, JSON.stringify({ model: 'chat', input: 'a fish' }), {}, '/v1/embeddings');
  assert.match(
    answer.json().error.message,
    /requires the tags azure, .*Targets of another model \(tagged\/b\) are never tried/,
  );
  assert.equal(running.plain.requests.length + running.tagged.requests.length, 0);
});

test('models that no request could use are not listed', async (t) => {
  const running = await startRules(t, {
    routes: [{ targets: [{ provider: 'plain' }] }, { models: ['eu'], targets: [{ provider: 'tagged' }] }],
    requirements: requires({ tags: ['azure'] }, { when: 'request.pii', tags: ['hipaa'] }),
  });
  const listed = (await (await fetch(`${running.url}/v1/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    ['eu'],
  );
});
