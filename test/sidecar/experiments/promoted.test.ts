/** What became of a variant, as the policy says it, in the pod: a promoted one gets all requests, one that was rolled back none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT, post } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { startExperiment } from './start-experiment.ts';

/** Whoever is drawn at all is drawn for none. */
const UNDRAWN = { deps: { random: () => 0.99 } };
const PROMOTED = { percent: 1, state: 'Promoted' } as const;

test('a promoted variant gets every request, whatever its share, and is measured as before', async (t) => {
  const { ordinary, trial, running } = await startExperiment(t, { variant: PROMOTED, options: UNDRAWN });
  const callers: Record<string, string>[] = [{}, { 'x-remora-session': 'one' }, { 'x-remora-user': 'ann' }];
  for (const headers of callers) {
    const answer = await post(running.url, CHAT, headers);
    assert.deepEqual(
      [answer.headers.get('x-remora-target'), answer.headers.get('x-remora-variant')],
      ['trial/m', 'trial'],
    );
  }
  assert.deepEqual([ordinary.requests.length, trial.requests.length], [0, 3]);
  const [measured] = running.sidecar.measured();
  assert.deepEqual(
    [...(measured?.counts ?? [])].map(([arm, { requests }]) => [arm, requests]),
    [
      ['', 0],
      ['trial', 3],
    ],
  );
});

test('where a promoted variant fails, the targets of the rule answer', async (t) => {
  const { trial, running } = await startExperiment(t, { variant: PROMOTED, options: UNDRAWN });
  trial.respondWith({ fault: { kind: 'status', status: 503 } });
  const answer = await post(running.url, CHAT);
  assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'ordinary/m']);
});

test('a variant that was rolled back anywhere gets none', async (t) => {
  const { trial, running } = await startExperiment(t, { variant: { percent: 100, state: 'RolledBack' } });
  const answer = await post(running.url, CHAT);
  assert.deepEqual(
    [answer.headers.get('x-remora-target'), answer.headers.get('x-remora-variant')],
    ['ordinary/m', null],
  );
  assert.equal(trial.requests.length, 0);
});

test('once one variant is promoted, nobody is drawn for another or copied to a shadow', async (t) => {
  const [ordinary, best, other] = [
    await startFakeProvider({ dialect: 'openai' }),
    await startFakeProvider({ dialect: 'openai' }),
    await startFakeProvider({ dialect: 'openai' }),
  ];
  for (const provider of [ordinary, best, other]) t.after(() => provider.close());
  const variants = [
    { name: 'dark', percent: 50, mode: 'Shadow' as const, target: { provider: 'other' } },
    { name: 'other', percent: 49, target: { provider: 'other' } },
    { name: 'best', percent: 1, state: 'Promoted' as const, target: { provider: 'best' } },
  ];
  const { url } = await startSidecar(t, {
    policy: {
      providers: {
        ordinary: { type: 'OpenAI', endpoint: ordinary.url },
        best: { type: 'OpenAI', endpoint: best.url },
        other: { type: 'OpenAI', endpoint: other.url },
      },
      routes: [{ targets: [{ provider: 'ordinary' }], variants }],
    },
  });
  for (let user = 0; user < 20; user += 1)
    assert.equal((await post(url, CHAT, { 'x-remora-user': `user ${user}` })).headers.get('x-remora-variant'), 'best');
  assert.deepEqual(
    [ordinary, best, other].map(({ requests }) => requests.length),
    [0, 20, 0],
  );
});

test('tags that are required, and models that are denied, stand above a promoted variant', async (t) => {
  const requirements = [{ policy: 'p/private', require: [{ tags: ['private'] }] }];
  const modelRules = [{ policy: 'p/organisation', allow: [], deny: ['trial/*'] }];
  for (const policy of [{ requirements }, { modelRules }]) {
    const { trial, running } = await startExperiment(t, {
      variant: PROMOTED,
      tags: ['private'],
      policy,
      options: UNDRAWN,
    });
    const answer = await post(running.url, CHAT);
    assert.deepEqual([answer.status, answer.headers.get('x-remora-target')], [200, 'ordinary/m'], answer.text);
    assert.equal(trial.requests.length, 0);
  }
});
