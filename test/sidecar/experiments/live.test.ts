/** A live variant gets its share of the requests, and what goes wrong there is never the client's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import type { Fault } from '#test/support/providers/script';
import { startExperiment, type TestContext } from './start-experiment.ts';

test('a request that is drawn for a variant is answered by it, and header and record say so', async (t) => {
  const { ordinary, trial, running } = await startExperiment(t);
  for (const body of [CHAT, STREAMED_CHAT]) {
    const answer = await post(running.url, body);
    assert.equal(answer.headers.get('x-remora-variant'), 'trial');
    assert.equal(answer.headers.get('x-remora-target'), 'trial/m');
  }
  assert.deepEqual([ordinary.requests.length, trial.requests.length], [0, 2]);
  assert.deepEqual(
    running.records.map(({ variant }) => variant),
    ['trial', 'trial'],
  );
});

test('requests that are drawn for none are answered as ever, without a word of variants', async (t) => {
  const { trial, running } = await startExperiment(t, {
    variant: { percent: 20 },
    options: { deps: { random: () => 0.2 } },
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.headers.get('x-remora-variant'), null);
  assert.equal(answer.headers.get('x-remora-target'), 'ordinary/m');
  assert.equal(trial.requests.length, 0);
  assert.deepEqual(
    running.records.map(({ variant }) => variant),
    [undefined],
  );
});

test('a session stays with its variant, in whichever pod, and so does a user where no session is named', async (t) => {
  const words = { variant: { percent: 50 }, options: { deps: { random: () => assert.fail('drawn at random') } } };
  const pods = [await startExperiment(t, words), await startExperiment(t, words)];
  const drawn = async (headers: Record<string, string>): Promise<string> => {
    const told = new Set<string | null>();
    for (const { running } of [...pods, ...pods])
      told.add((await post(running.url, CHAT, headers)).headers.get('x-remora-variant'));
    assert.equal(told.size, 1, `${JSON.stringify(headers)} was drawn for ${[...told].join()}`);
    return String([...told][0]);
  };
  const sessions = await Promise.all(
    Array.from({ length: 12 }, (_, index) => drawn({ 'x-remora-session': `session-${index}`, 'x-remora-user': 'ann' })),
  );
  assert.deepEqual(new Set(sessions), new Set(['trial', 'null']));
  const users = await Promise.all(
    Array.from({ length: 12 }, (_, index) => drawn({ 'x-remora-user': `user-${index}` })),
  );
  assert.deepEqual(new Set(users), new Set(['trial', 'null']));
});

const FAULTS: Readonly<Record<string, Fault>> = {
  'answers 503': { kind: 'status', status: 503 },
  'limits the rate': { kind: 'status', status: 429 },
  'refuses the credential': { kind: 'status', status: 401 },
  'refuses the request as invalid': { kind: 'status', status: 400, message: 'I do not like it' },
  'resets the connection': { kind: 'reset-before-head' },
  'answers a web page': { kind: 'html' },
};

for (const [name, fault] of Object.entries(FAULTS))
  test(`a variant that ${name} costs the client nothing: the targets of the rule answer`, async (t) => {
    const { trial, running } = await startExperiment(t);
    trial.respondWith({ fault });
    for (const body of [CHAT, STREAMED_CHAT]) {
      const answer = await post(running.url, body);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get('x-remora-target'), 'ordinary/m');
      assert.equal(answer.headers.get('x-remora-variant'), 'trial');
    }
    assert.deepEqual(
      running.records.map(({ outcome, variant }) => [outcome, variant]),
      [
        ['ok', 'trial'],
        ['ok', 'trial'],
      ],
    );
  });

test('a variant that says nothing is given up in its own time', async (t) => {
  const { trial, running } = await startExperiment(t, {
    variant: { target: { provider: 'trial', timeouts: { firstTokenMs: 100 } } },
  });
  trial.respondWith({ fault: { kind: 'hang' } });
  assert.equal((await post(running.url, STREAMED_CHAT)).headers.get('x-remora-target'), 'ordinary/m');
});

test('when nobody can answer, the client hears of the targets of the rule and not of the variant', async (t) => {
  const { ordinary, trial, running } = await startExperiment(t);
  trial.respondWith({ fault: { kind: 'status', status: 400, message: 'I do not like it' } });
  // Of several failures a refused credential is told last: here it is the only one of the rule.
  for (const [status, code] of [
    [529, 'upstream_overloaded'],
    [401, 'upstream_auth'],
  ] as const) {
    ordinary.respondWith({ fault: { kind: 'status', status } });
    const answer = await post(running.url, CHAT);
    assert.equal(answer.json().error.remora.code, code);
    assert.equal(answer.headers.get('x-remora-variant'), 'trial');
  }
});

test('a variant that cannot express the request is passed over', async (t) => {
  const { running } = await startExperiment(t);
  const answer = await post(running.url, JSON.stringify({ ...JSON.parse(CHAT), n: 2 }));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('x-remora-target'), 'ordinary/m');
});

test('a variant that a policy denies, or that has no credential, is as if it were not there', async (t) => {
  const { trial, running } = await startExperiment(t, {
    policy: { modelRules: [{ policy: 'p/organisation', allow: [], deny: ['trial/*'] }] },
  });
  const answer = await post(running.url, CHAT);
  assert.equal(answer.headers.get('x-remora-variant'), null);
  assert.equal(answer.headers.get('x-remora-target'), 'ordinary/m');
  assert.equal(trial.requests.length, 0);
});

test('embeddings are never drawn for a variant of another model', async (t) => {
  const { running, ordinary } = await startExperiment(t, {
    variant: { target: { provider: 'trial', model: 'other' } },
  });
  await fetch(`${running.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', input: 'text' }),
  });
  assert.equal(ordinary.requests.length, 1);
  assert.equal(running.records[0]?.variant, undefined);
});

/** Two accounts of OpenAI, one behind the rule and one behind its variant, and pods before them. `draw`: what a pod draws next. */
async function startAccounts(t: TestContext) {
  const [ordinary, trial] = await Promise.all(
    ['ordinary', 'trial'].map((account) => startFakeProvider({ dialect: 'openai-responses', account })),
  );
  assert.ok(ordinary && trial);
  t.after(() => ordinary.close());
  t.after(() => trial.close());
  const startPod = async () => {
    let draw = 0;
    const { url } = await startSidecar(t, {
      policy: {
        providers: {
          ordinary: { type: 'OpenAI', endpoint: ordinary.url },
          trial: { type: 'OpenAI', endpoint: trial.url },
        },
        routes: [
          {
            targets: [{ provider: 'ordinary' }],
            variants: [{ name: 'trial', percent: 50, target: { provider: 'trial' } }],
          },
        ],
      },
      deps: { random: () => draw },
    });
    const turn = async (drawn: 'trial' | 'none', previous?: string) => {
      draw = drawn === 'trial' ? 0 : 0.99;
      const response = await fetch(`${url}/v1/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'chat', input: 'Hi', ...(previous && { previous_response_id: previous }) }),
      });
      const { id } = (await response.json()) as { id: string };
      return { id, status: response.status, target: response.headers.get('x-remora-target') };
    };
    return { turn, status: async (path: string) => (await fetch(url + path)).status };
  };
  return { startPod };
}

test('a conversation that the account of a variant keeps goes on there, and one of the rule is never drawn away', async (t) => {
  const pod = await (await startAccounts(t)).startPod();
  for (const [first, second, target] of [
    ['trial', 'none', 'trial/m'],
    ['none', 'trial', 'ordinary/m'],
  ] as const) {
    const { id, ...begun } = await pod.turn(first);
    assert.deepEqual(begun, { status: 200, target });
    assert.deepEqual({ ...(await pod.turn(second, id)), id }, { id, status: 200, target });
    assert.equal(await pod.status(`/v1/responses/${id}`), 200, 'what it keeps can be fetched');
  }
});

test('the account of a variant leaves no doubt about whose account is meant', async (t) => {
  const { startPod } = await startAccounts(t);
  const [one, other] = [await startPod(), await startPod()];
  const { id } = await one.turn('none');
  assert.equal((await other.turn('trial', id)).target, 'ordinary/m', 'which this pod has not seen');
  assert.equal(await other.status(`/v1/responses/${id}`), 200);
  assert.equal(await other.status('/v1/files'), 200);
});

test('a variant that fails too often gets no more requests from this pod, and that is told', async (t) => {
  const told: unknown[] = [];
  const { trial, running } = await startExperiment(t, {
    variant: { rollback: { errorPercent: 50, minRequests: 4 } },
    options: { deps: { onRolledBack: (rolledBack) => void told.push(rolledBack) } },
  });
  trial.respondWith({ fault: { kind: 'status', status: 400 } });
  for (let count = 0; count < 8; count += 1) assert.equal((await post(running.url, CHAT)).status, 200);
  assert.equal(trial.requests.length, 4);
  assert.deepEqual(told, [{ route: 'default/route-0', variant: 'trial', errors: 4, of: 4 }]);
  const { variants } = (await (await fetch(`${running.healthUrl}/variants`)).json()) as {
    variants: { variant: string | null; requests: number; errors: number; rolledBack: boolean }[];
  };
  assert.deepEqual(
    variants.map(({ variant, requests, errors, rolledBack }) => [variant, requests, errors, rolledBack]),
    [
      [null, 4, 0, false],
      ['trial', 4, 4, true],
    ],
  );
});
