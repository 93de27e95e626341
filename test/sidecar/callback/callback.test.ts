/** Requests with a callback, as an app in the pod sees them: an id at once, then the answer that it would have got. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { createSidecarMetrics } from '#sidecar/telemetry/metrics';
import { REAL_TIMERS } from '#sidecar/time/timers';
import { eventually } from '#test/operator/eventually';
import { MASK_EMAIL } from '#test/sidecar/operations/start-operations';
import { type PolicyWords, policyOf } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { answerOf, CHAT, idOf, look, openStage, submit, until } from './stage.ts';

test('a request with a callback is answered 202 with an id at once, and its answer is the one of the plain request', async (t) => {
  const { provider, start } = await openStage(t);
  const sidecar = await start();
  const held = Promise.withResolvers<void>();
  provider.respondWith({ text: 'Hello there.', holdHead: held.promise });
  const accepted = await submit(sidecar, 'fetch', { headers: { 'x-remora-user': 'ada' } });
  const id = idOf(accepted);
  assert.match(id, /^job_openai-chat_[0-9a-f]{32}$/);
  assert.equal(accepted.headers.get('location'), `/v1/remora/jobs/${id}`);
  await until(() => provider.requests.length === 1, 'the provider is asked');
  const waiting = await look(sidecar, id);
  assert.deepEqual([waiting.status, JSON.parse(waiting.body).status], [202, 'running']);
  held.resolve();
  const answer = await answerOf(sidecar, id);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-remora-target'), 'p/m');
  assert.equal(answer.headers.get('x-request-id'), accepted.headers.get('x-request-id'));
  const plain = await fetch(`${sidecar.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT),
  });
  const { id: _, ...asked } = JSON.parse(answer.body);
  const { id: __, ...expected } = JSON.parse(await plain.text());
  assert.deepEqual(asked, expected);
  assert.deepEqual(provider.requests[0]?.body, provider.requests[1]?.body);
  assert.deepEqual([...answer.headers.keys()].sort(), [...plain.headers.keys()].sort());
  assert.deepEqual(sidecar.faults, []);
});

test('a job is one request in the records and in the budget, with the claims of whoever asked', async (t) => {
  const { start } = await openStage(t);
  const sidecar = await start();
  const accepted = await submit(sidecar, 'fetch', {
    headers: { 'x-remora-user': 'ada', 'x-remora-feature': 'search' },
  });
  await answerOf(sidecar, idOf(accepted));
  assert.deepEqual(
    sidecar.records.map(({ requestId, status, outcome, user, attribution }) => [
      requestId,
      status,
      outcome,
      user,
      attribution?.feature,
    ]),
    [[accepted.headers.get('x-request-id'), 200, 'ok', 'ada', 'search']],
  );
  assert.equal(sidecar.gate.reserved.length, 1);
  assert.deepEqual(
    sidecar.gate.settled.map(({ billing }) => billing),
    ['reported'],
  );
});

test('the deadline of the callback holds in place of the timeouts of route and target', async (t) => {
  const { provider, start } = await openStage(t, {
    route: { totalMs: 50, targets: [{ provider: 'p', timeouts: { firstTokenMs: 50, idleMs: 50 } }] },
  });
  const sidecar = await start();
  const held = Promise.withResolvers<void>();
  provider.respondWith({ holdHead: held.promise });
  const id = idOf(await submit(sidecar, 'fetch'));
  await until(() => provider.requests.length === 1, 'the job runs');
  const plain = await fetch(`${sidecar.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT),
  });
  assert.equal(plain.status, 504, 'a plain request that came later is late already');
  assert.equal((await look(sidecar, id)).status, 202);
  held.resolve();
  assert.equal((await answerOf(sidecar, id)).status, 200);
});

test('jobs wait for their place in a bounded route until their own deadline, by the class that was asked for', async (t) => {
  const perPod = { max: 1, queue: 0, deadlineMs: 1 };
  const { provider, start } = await openStage(t, { route: { concurrency: { perPod } } });
  const metrics = createSidecarMetrics(Date.now);
  const sidecar = await start({ deps: { metrics } });
  const first = Promise.withResolvers<void>();
  provider.respondOnce({ holdHead: first.promise });
  const ids = [idOf(await submit(sidecar, 'fetch'))];
  await until(() => provider.requests.length === 1, 'the first runs');
  const low = { headers: { 'x-remora-priority': 'low' }, body: { ...CHAT, user: 'low' } };
  const high = { headers: { 'x-remora-priority': 'high' }, body: { ...CHAT, user: 'high' } };
  for (const options of [low, high]) ids.push(idOf(await submit(sidecar, 'fetch', options)));
  await eventually('both wait', async () =>
    /requests_waiting\{.*"High".*\} 1\n.*\n.*requests_waiting\{.*"Low".*\} 1\n/.test(await metrics.text()),
  );
  const plain = await fetch(`${sidecar.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(CHAT),
  });
  assert.equal(plain.status, 503, 'the queue has no room for a plain request');
  first.resolve();
  for (const id of ids) assert.equal((await answerOf(sidecar, id)).status, 200);
  assert.deepEqual(
    provider.requests.map(({ body }) => body?.user),
    [undefined, 'high', 'low'],
  );
});

test('a job that has no answer by its deadline ends with 504, and the call to the provider with it', async (t) => {
  const { provider, start } = await openStage(t, { callback: { deadlineMs: 1_500 } });
  const sidecar = await start();
  provider.respondWith({ fault: { kind: 'hang' } });
  const answer = await answerOf(sidecar, idOf(await submit(sidecar, 'fetch')));
  assert.equal(answer.status, 504);
  const { error } = JSON.parse(answer.body);
  assert.equal(error.remora.code, 'upstream_timeout');
  assert.match(error.message, /raise its callback\.deadline/);
  await until(() => provider.requests[0]?.wasAborted === true, 'the call is ended');
});

test('errors of a job are told in the dialect of its client, and so is a job that nobody knows', async (t) => {
  const { provider, start } = await openStage(t, { dialect: 'anthropic' });
  const sidecar = await start();
  provider.respondWith({ fault: { kind: 'status', status: 400, message: 'too hot' } });
  const client = new Anthropic({
    apiKey: 'placeholder',
    baseURL: sidecar.url,
    maxRetries: 0,
    defaultHeaders: { 'x-remora-callback': 'fetch' },
  });
  const accepted = await client.messages.create({
    model: 'chat',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'hi' }],
  });
  const answer = await answerOf(sidecar, accepted.id);
  assert.equal(answer.status, 400);
  assert.equal(JSON.parse(answer.body).type, 'error');
  assert.equal((await look(sidecar, accepted.id, 'DELETE')).status, 200);
  const unknown = await look(sidecar, accepted.id);
  assert.equal(unknown.status, 404);
  assert.equal(JSON.parse(unknown.body).type, 'error');
  assert.equal(JSON.parse(unknown.body).error.type, 'not_found_error');
  const foreign = await look(sidecar, 'nonsense');
  assert.equal(foreign.status, 404);
  assert.equal(JSON.parse(foreign.body).error.remora.code, 'unknown_job');
});

test('the OpenAI client asks by defaultHeaders, and fetches the answer with a call of its own', async (t) => {
  const { start } = await openStage(t);
  const sidecar = await start();
  const client = new OpenAI({
    apiKey: 'placeholder',
    baseURL: `${sidecar.url}/v1`,
    defaultHeaders: { 'x-remora-callback': 'fetch' },
  });
  const { id } = await client.chat.completions.create({
    model: 'chat',
    messages: [{ role: 'user', content: 'Say hello.' }],
  });
  await answerOf(sidecar, id);
  const completion = await client.get<OpenAI.ChatCompletion>(`/remora/jobs/${id}`);
  assert.equal(completion.choices[0]?.message.content, 'Hello from openai.');
});

test('an answer that is not JSON is kept to the byte, with its type', async (t) => {
  const { start } = await openStage(t);
  const sidecar = await start();
  const body = { model: 'chat', input: 'Say hello.', voice: 'alloy' };
  const plain = await fetch(`${sidecar.url}/v1/audio/speech`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const id = idOf(await submit(sidecar, 'fetch', { path: '/v1/audio/speech', body }));
  const answer = await answerOf(sidecar, id);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), plain.headers.get('content-type'));
  const response = await fetch(`${sidecar.url}/v1/remora/jobs/${id}`);
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(await plain.arrayBuffer()));
});

test('a job that is deleted ends its call and is known no more', async (t) => {
  const { provider, start } = await openStage(t);
  const sidecar = await start();
  provider.respondWith({ fault: { kind: 'hang' } });
  const id = idOf(await submit(sidecar, 'fetch'));
  await until(() => provider.requests.length === 1, 'it runs');
  const deleted = await look(sidecar, id, 'DELETE');
  assert.deepEqual([deleted.status, JSON.parse(deleted.body)], [200, { id, object: 'remora.job', deleted: true }]);
  await until(() => provider.requests[0]?.wasAborted === true, 'the call is ended');
  assert.equal((await look(sidecar, id)).status, 404);
  await until(() => sidecar.records.length === 1, 'it is recorded');
  assert.equal(sidecar.records[0]?.outcome, 'client_closed');
});

test('no more jobs run together than may, the others wait in turn, and past the bound none is taken', async (t) => {
  const limits = { most: 3, running: 1, runningBytes: 1e6, requestBytes: 1e6, answerBytes: 1e6, storedBytes: 1e7 };
  const { provider, start } = await openStage(t, { config: { jobs: limits } });
  const sidecar = await start();
  const held = Promise.withResolvers<void>();
  provider.respondWith({ holdHead: held.promise });
  const ids = [];
  for (let count = 0; count < 3; count += 1) ids.push(idOf(await submit(sidecar, 'fetch')));
  const refused = await submit(sidecar, 'fetch');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.equal(JSON.parse(refused.body).error.remora.code, 'callback_unavailable');
  await until(() => provider.requests.length === 1, 'the first runs');
  const seen = await Promise.all(ids.map((id) => look(sidecar, id)));
  assert.deepEqual(
    seen.map(({ body }) => JSON.parse(body).status),
    ['running', 'queued', 'queued'],
  );
  assert.equal(provider.requests.length, 1);
  held.resolve();
  for (const id of ids) assert.equal((await answerOf(sidecar, id)).status, 200);
  assert.equal(provider.requests.length, 3);
});

test('an answer above the bound of one result is told as such, and what it cost is booked', async (t) => {
  const limits = { most: 9, running: 1, runningBytes: 1e6, requestBytes: 1e6, answerBytes: 2_000, storedBytes: 1e6 };
  const { provider, start } = await openStage(t, { config: { jobs: limits } });
  const sidecar = await start();
  provider.respondWith({ text: 'word '.repeat(1_000) });
  const answer = await answerOf(sidecar, idOf(await submit(sidecar, 'fetch')));
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body).error.remora.code, 'job_result_too_large');
  assert.deepEqual(
    sidecar.gate.settled.map(({ billing }) => billing),
    ['reported'],
  );
});

test('a result can be fetched as long as the route says, and no longer', async (t) => {
  const { start } = await openStage(t, { callback: { retentionMs: 1_500 } });
  const sidecar = await start();
  const id = idOf(await submit(sidecar, 'fetch'));
  assert.equal((await answerOf(sidecar, id)).status, 200);
  const guard = Date.now() + 20_000;
  while ((await look(sidecar, id)).status === 200) assert.ok(Date.now() < guard, 'the result is still there');
  assert.equal((await look(sidecar, id)).status, 404);
});

const REFUSED = [
  [
    'a route without callback',
    { route: { callback: undefined } },
    'fetch',
    {},
    'callback_not_allowed',
    /takes no callbacks/,
  ],
  [
    'an address where nothing is posted',
    {},
    'https://hooks.example.com/',
    {},
    'callback_not_allowed',
    /does not allow/,
  ],
  ['a word that is no address', {}, 'later', {}, 'invalid_request', /must be "fetch" or one absolute http\(s\) URL/],
  ['an address with a user', {}, 'https://a:b@hooks.example.com/', {}, 'invalid_request', /without user/],
  ['a stream', {}, 'fetch', { body: { ...CHAT, stream: true } }, 'invalid_request', /cannot be streamed/],
  ['a model that nobody serves', {}, 'fetch', { body: { ...CHAT, model: 'x' } }, 'unknown_model', /No AIRoute/],
] as const;

for (const [what, words, callback, options, code, message] of REFUSED)
  test(`${what} is refused before a job begins`, async (t) => {
    const { provider, start } = await openStage(t, words);
    const sidecar = await start();
    const refused = await submit(sidecar, callback, options);
    const { error } = JSON.parse(refused.body);
    assert.equal(error.remora.code, code);
    assert.match(error.message, message);
    assert.equal(refused.status, code === 'unknown_model' ? 404 : 400);
    assert.deepEqual(
      sidecar.records.map(({ outcome }) => outcome),
      [code],
    );
    assert.equal(provider.requests.length, 0);
  });

test('a job goes to the account that its client stated, as the plain request does', async (t) => {
  const { policy, start } = await openStage(t, { dialect: 'openai-responses' });
  const second = await startFakeProvider({ dialect: 'openai-responses' });
  t.after(() => second.close());
  const providers = { ...policy.providers, q: { type: 'OpenAI' as const, endpoint: second.url } };
  const routes = policy.routes.map((route) => ({ ...route, fallbacks: [{ provider: 'q' }] }));
  const sidecar = await start({ policy: { ...policy, providers, routes } });
  const body = { model: 'chat', input: 'Go on.', previous_response_id: 'resp_1' };
  const headers = { 'x-remora-provider': 'q' };
  await answerOf(sidecar, idOf(await submit(sidecar, 'fetch', { path: '/v1/responses', body, headers })));
  assert.deepEqual(
    second.requests.map(({ path }) => path),
    ['/v1/responses'],
  );
});

test('a job that waited is judged by the policy in force when it starts: its models, its guardrails, its routes', async (t) => {
  const limits = { most: 9, running: 1, runningBytes: 1e6, requestBytes: 1e6, answerBytes: 1e6, storedBytes: 1e8 };
  const cases: readonly (readonly [Partial<PolicyWords>, string])[] = [
    [{ modelRules: [{ policy: 'sys/org', allow: ['elsewhere/*'], deny: [] }] }, 'model_not_allowed'],
    [{ guardrails: MASK_EMAIL?.map((one) => ({ ...one, action: 'Block' as const })) ?? [] }, 'guardrail_blocked'],
    [{ routes: [{ models: ['other'], targets: [{ provider: 'p' }] }] }, 'unknown_model'],
  ];
  for (const [changes, code] of cases) {
    const { policy, provider, start } = await openStage(t, { config: { jobs: limits } });
    const sidecar = await start();
    const held = Promise.withResolvers<void>();
    provider.respondWith({ holdHead: held.promise });
    const first = idOf(await submit(sidecar, 'fetch'));
    const body = { ...CHAT, messages: [{ role: 'user', content: 'Ask ann@example.com.' }] };
    const waiting = idOf(await submit(sidecar, 'fetch', { body }));
    await until(() => provider.requests.length === 1, 'the first runs');
    assert.deepEqual(sidecar.sidecar.sink.applyPolicy(policyOf({ ...policy, ...changes }), 'hash-2'), {
      applied: true,
    });
    held.resolve();
    assert.equal((await answerOf(sidecar, first)).status, 200);
    const refused = await answerOf(sidecar, waiting);
    assert.equal(JSON.parse(refused.body).error.remora.code, code);
    assert.equal(provider.requests.length, 1);
    assert.equal(sidecar.gate.reserved.length, 1, 'nothing was reserved for what was refused');
    assert.equal(sidecar.gate.settled.length, 1);
  }
});

test('a clock that jumps far back makes nobody look at the jobs all the time', async (t) => {
  let jumpMs = 0;
  const waits: number[] = [];
  const after = (ms: number, task: () => void) => {
    waits.push(ms);
    return REAL_TIMERS.after(Math.min(ms, 10_000), task);
  };
  const { start } = await openStage(t);
  const sidecar = await start({ deps: { now: () => Date.now() + jumpMs, timers: { ...REAL_TIMERS, after } } });
  const id = idOf(await submit(sidecar, 'fetch'));
  assert.equal((await answerOf(sidecar, id)).status, 200);
  jumpMs = -90 * 24 * 3_600_000;
  await answerOf(sidecar, idOf(await submit(sidecar, 'fetch')));
  assert.ok(waits.length > 0 && waits.every((ms) => ms < 2 ** 31), waits.join(' '));
});

test('results that nobody reads are held up to a bound, past which the next one has to wait', async (t) => {
  const { provider, start } = await openStage(t);
  provider.respondWith({ text: 'x'.repeat(6 * 1024 * 1024) });
  const sidecar = await start({
    config: { limits: { ...DEFAULT_SIDECAR_CONFIG.limits, retainedBytes: 16 * 1024 * 1024 } },
  });
  const id = idOf(await submit(sidecar, 'fetch'));
  assert.equal((await answerOf(sidecar, id)).status, 200);
  const idle = Array.from({ length: 6 }, () => lookWithoutReading(sidecar.port, `/v1/remora/jobs/${id}`));
  const heads = await Promise.all(idle.map(({ status }) => status));
  assert.deepEqual(heads.toSorted(), [200, 200, 503, 503, 503, 503]);
  for (const { close } of idle) close();
  const guard = Date.now() + 20_000;
  while ((await look(sidecar, id)).status !== 200) assert.ok(Date.now() < guard, 'what was held is not free again');
});

/** Takes the head of an answer, and nothing behind it. */
function lookWithoutReading(port: number, path: string) {
  const socket = connect({ port, host: '127.0.0.1' });
  const status = new Promise<number>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (head: Buffer) => {
      socket.pause();
      resolve(Number(head.toString('latin1', 9, 12)));
    });
  });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return { status, close: () => socket.destroy() };
}
