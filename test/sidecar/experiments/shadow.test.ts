/** A shadow variant gets copies of requests, and nobody who waits for an answer notices anything of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { answerOf, idOf, openStage, submit } from '#test/sidecar/callback/stage';
import { CHAT, post, STREAMED_CHAT } from '#test/sidecar/raw-http';
import { OpenGate, startSidecar, until } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { type Stage, type StageWords, startExperiment, type TestContext } from './start-experiment.ts';

const startShadow = (t: TestContext, { variant, ...words }: StageWords = {}): Promise<Stage> =>
  startExperiment(t, { ...words, variant: { mode: 'Shadow', ...variant } });

const shadowsOf = ({ running }: Stage) => running.records.filter(({ shadow }) => shadow === true);
const copied = (stage: Stage, count = 1): Promise<void> =>
  until(() => shadowsOf(stage).length === count, 'the copy is over');

for (const [form, body] of [
  ['plain', CHAT],
  ['streamed', STREAMED_CHAT],
] as const)
  test(`a ${form} request is answered by the rule, and its copy is measured and delivered nowhere`, async (t) => {
    const stage = await startShadow(t);
    const answer = await post(stage.running.url, body);
    assert.equal(answer.headers.get('x-remora-target'), 'ordinary/m');
    assert.equal(answer.headers.get('x-remora-variant'), null);
    assert.ok(!answer.text.includes('anthropic'));
    await copied(stage);
    const [real, copy] = stage.running.records;
    assert.deepEqual([real?.variant, real?.shadow, real?.outcome], [undefined, undefined, 'ok']);
    assert.deepEqual([copy?.variant, copy?.shadow, copy?.outcome, copy?.status], ['trial', true, 'ok', 200]);
    assert.equal(copy?.requestId, real?.requestId);
    assert.equal(copy?.answeredBy, 'trial/m');
    assert.equal(copy?.costNanoUsd, 1_500n);
    assert.ok((copy?.usage.outputTokens ?? 0) > 0);
    assert.ok((copy?.attempts[0]?.timeToFirstChunkMs ?? 0) > 0);
    const asked = JSON.stringify(stage.trial.requests[0]?.body);
    assert.ok(asked.includes('Say hello.'));
  });

test('a shadow that fails or never answers neither fails nor delays the real answers', async (t) => {
  const stage = await startShadow(t);
  stage.trial.respondOnce({ fault: { kind: 'status', status: 401 } }, { fault: { kind: 'html' } });
  stage.trial.respondWith({ fault: { kind: 'hang' } });
  for (let count = 0; count < 3; count += 1) assert.equal((await post(stage.running.url, CHAT)).status, 200);
  await copied(stage, 2);
  const outcomes = shadowsOf(stage).map(({ outcome }) => outcome);
  assert.deepEqual(outcomes.sort(), ['bad_upstream_response', 'upstream_auth']);
  await stage.running.sidecar.close({ deadlineMs: 0 });
  assert.equal(shadowsOf(stage).at(-1)?.outcome, 'draining');
  assert.equal(stage.running.gate.reserved.length, stage.running.gate.settled.length);
  assert.deepEqual(stage.running.faults, []);
});

test('a copy that has no answer in its own time is ended', async (t) => {
  const stage = await startShadow(t, {
    options: { config: { shadows: { most: 1, requestBytes: 10_000, answerBytes: 10_000, deadlineMs: 50 } } },
  });
  stage.trial.respondWith({ fault: { kind: 'hang' } });
  await post(stage.running.url, CHAT);
  await copied(stage);
  assert.equal(shadowsOf(stage)[0]?.outcome, 'upstream_timeout');
});

test('what would be one copy too many is not sent, and is counted', async (t) => {
  const shadows = { most: 2, requestBytes: 10_000, answerBytes: 10_000, deadlineMs: 60_000 };
  const stage = await startShadow(t, { options: { config: { shadows } } });
  const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
  stage.trial.respondWith({ holdHead: go });
  for (let count = 0; count < 5; count += 1) assert.equal((await post(stage.running.url, CHAT)).status, 200);
  await copied(stage, 3);
  assert.deepEqual(new Set(shadowsOf(stage).map(({ outcome }) => outcome)), new Set(['overloaded']));
  goOn();
  await copied(stage, 5);
  await post(stage.running.url, CHAT);
  await copied(stage, 6);
  assert.equal(stage.trial.requests.length, 3);
});

test('requests that are too large together are not copied, and leave their room when they are over', async (t) => {
  const shadows = { most: 8, requestBytes: CHAT.length, answerBytes: 10_000, deadlineMs: 60_000 };
  const stage = await startShadow(t, { options: { config: { shadows } } });
  for (let count = 1; count <= 3; count += 1) {
    await post(stage.running.url, CHAT);
    await copied(stage, count);
  }
  await post(stage.running.url, STREAMED_CHAT);
  await copied(stage, 4);
  assert.deepEqual(
    shadowsOf(stage).map(({ outcome }) => outcome),
    ['ok', 'ok', 'ok', 'overloaded'],
  );
  assert.equal(stage.trial.requests.length, 3);
});

for (const [form, body] of [
  ['plain', CHAT],
  ['streamed', STREAMED_CHAT],
] as const)
  test(`a ${form} answer to a copy is read to its bound and no further`, async (t) => {
    const shadows = { most: 8, requestBytes: 10_000, answerBytes: 2_000, deadlineMs: 60_000 };
    const stage = await startShadow(t, { options: { config: { shadows } } });
    stage.trial.respondWith({ text: 'word '.repeat(5_000) });
    await post(stage.running.url, body);
    await copied(stage);
    assert.notEqual(shadowsOf(stage)[0]?.outcome, 'ok');
    assert.equal(stage.running.gate.settled.at(-1)?.billing, 'unknown');
  });

const GUARDRAIL = { policy: 'p/o', name: 'g', stage: 'Input', unlessTags: ['own'] } as const;
const BLOCK: PolicyGuardrail = { ...GUARDRAIL, unlessTags: ['own'], detect: [], patterns: ['hello'], action: 'Block' };

const FORBIDDEN: Readonly<Record<string, StageWords>> = {
  model_not_allowed: { policy: { modelRules: [{ policy: 'p/o', allow: [], deny: ['trial/*'] }] } },
  guardrail_blocked: { policy: { guardrails: [BLOCK] }, tags: ['own'] },
};

for (const [code, words] of Object.entries(FORBIDDEN))
  test(`a copy that ${code} holds for is not sent, and the client hears nothing of it`, async (t) => {
    const stage = await startShadow(t, words);
    assert.equal((await post(stage.running.url, CHAT)).status, 200);
    await copied(stage);
    assert.deepEqual([shadowsOf(stage)[0]?.outcome, stage.trial.requests.length], [code, 0]);
  });

test('a copy carries what the guardrails leave of the request', async (t) => {
  const stage = await startShadow(t, {
    policy: { guardrails: [{ ...BLOCK, detect: ['Email'], patterns: [], action: 'Mask' }] },
    tags: ['own'],
  });
  const body = { model: 'chat', messages: [{ role: 'user', content: 'I am ada@example.com' }] };
  await post(stage.running.url, JSON.stringify(body));
  await copied(stage);
  assert.equal(stage.trial.requests.length, 1);
  assert.ok(stage.ordinary.requests[0]?.rawBody.includes('ada@example.com'), 'exempt by its tag');
  assert.ok(!stage.trial.requests[0]?.rawBody.includes('ada@example.com'));
  assert.equal(shadowsOf(stage)[0]?.guardrailActions.length, 1);
});

test('a large request is copied whole', async (t) => {
  const stage = await startShadow(t);
  const content = 'word '.repeat(300_000);
  const answer = await post(
    stage.running.url,
    JSON.stringify({ model: 'chat', messages: [{ role: 'user', content }] }),
  );
  assert.equal(answer.status, 200);
  await copied(stage);
  assert.equal(shadowsOf(stage)[0]?.outcome, 'ok');
  assert.ok(stage.trial.requests[0]?.rawBody.includes(content));
});

test('a job may be drawn for a live variant, stays with its session, and is never copied', async (t) => {
  const { provider, start } = await openStage(t, {
    route: {
      variants: [
        { name: 'live', percent: 50, target: { provider: 'p', model: 'live' } },
        { name: 'dark', percent: 50, mode: 'Shadow', target: { provider: 'p', model: 'dark' } },
      ],
    },
  });
  const running = await start({ deps: { random: () => assert.fail('drawn at random') } });
  const drawn = new Map<string, string | null>();
  for (let count = 0; count < 12; count += 1) {
    const headers = { 'x-remora-session': `session-${count % 6}` };
    const { headers: told } = await answerOf(running, idOf(await submit(running, 'fetch', { headers })));
    const target = told.get('x-remora-target');
    assert.equal(drawn.get(headers['x-remora-session']) ?? target, target);
    drawn.set(headers['x-remora-session'], target);
  }
  assert.deepEqual(new Set(drawn.values()), new Set(['p/live', 'p/m']));
  // A request that is no job, behind which a copy that was under way would be seen.
  await post(running.url, CHAT, { 'x-remora-session': 'session-0' });
  await until(() => running.records.length >= 13, 'all is recorded');
  assert.ok(running.records.slice(0, 12).every(({ shadow }) => shadow === undefined));
  assert.ok(provider.requests.slice(0, 12).every(({ body }) => body?.model !== 'dark'));
});

test('a request without an answer is not copied', async (t) => {
  const stage = await startShadow(t);
  stage.ordinary.respondWith({ fault: { kind: 'status', status: 400 } });
  assert.equal((await post(stage.running.url, CHAT)).status, 400);
  assert.equal(stage.trial.requests.length, 0);
});

test('what a shadow finds out does not move the targets of those who wait', async (t) => {
  const stage = await startShadow(t, {
    policy: {
      routes: [
        {
          targets: [{ provider: 'ordinary' }],
          variants: [{ name: 'trial', percent: 100, mode: 'Shadow', target: { provider: 'trial' } }],
        },
        { models: ['direct'], targets: [{ provider: 'trial' }, { provider: 'ordinary' }] },
      ],
    },
  });
  stage.trial.respondOnce({ fault: { kind: 'status', status: 401 } });
  await post(stage.running.url, CHAT);
  await copied(stage);
  const answer = await post(stage.running.url, CHAT.replace('"chat"', '"direct"'));
  assert.equal(answer.headers.get('x-remora-target'), 'trial/m');
});

test('requests that would do something twice are not copied', async (t) => {
  const provider = await startFakeProvider({ dialect: 'openai-responses' });
  t.after(() => provider.close());
  const { url } = await startSidecar(t, {
    policy: {
      providers: { openai: { type: 'OpenAI', endpoint: provider.url } },
      routes: [
        {
          targets: [{ provider: 'openai' }],
          variants: [{ name: 'trial', percent: 100, mode: 'Shadow', target: { provider: 'openai', model: 'other' } }],
        },
      ],
    },
  });
  const ask = async (body: object): Promise<void> => {
    const response = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', input: 'Hi', ...body }),
    });
    assert.equal(response.status, 200, await response.text());
  };
  // The account of the variant would keep its answer, too; and the provider would search twice.
  await ask({});
  await ask({ store: false, tools: [{ type: 'web_search' }] });
  await ask({ store: false });
  await until(() => provider.requests.length === 4, 'the one that may be copied is');
  assert.deepEqual(
    provider.requests.map(({ body }) => body?.model),
    ['m', 'm', 'm', 'other'],
  );
});

test('a copy that waits for a budget does not hold up the end of the sidecar', async (t) => {
  const silence = Promise.withResolvers<never>();
  class SilentAuthority extends OpenGate {
    override reserve(attempt: Parameters<OpenGate['reserve']>[0]): ReturnType<OpenGate['reserve']> {
      return attempt.target.name.startsWith('trial/') ? silence.promise : super.reserve(attempt);
    }
  }
  const { running } = await startShadow(t, { options: { deps: { budgetGate: new SilentAuthority() } } });
  await post(running.url, CHAT);
  await running.sidecar.close({ deadlineMs: 0 });
  silence.reject(new Error('nobody answered'));
});
