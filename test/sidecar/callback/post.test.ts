/** Results that are posted: signed, to the address that the route allows and nowhere else, until one attempt is taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import type { Policy } from '#contract/policy/policy';
import type { Timers } from '#sidecar/time/timers';
import { policyOf, type RunningSidecar } from '#test/sidecar/start-sidecar';
import {
  answerOf,
  idOf,
  isSigned,
  KEY_NAME,
  look,
  openStage,
  SIGNING_KEY,
  startReceiver,
  submit,
  type TestScope,
  until,
} from './stage.ts';

/** Waits are over at once; how long they were to be is kept. */
function impatient(): { readonly timers: Timers; readonly waitsMs: number[] } {
  const waitsMs: number[] = [];
  return {
    waitsMs,
    timers: {
      after(ms, task) {
        // Longer ones are those of retention and deadline.
        if (ms > 1_000_000) return () => {};
        waitsMs.push(ms);
        const timer = setImmediate(task);
        return () => clearImmediate(timer);
      },
      every: () => () => {},
    },
  };
}

async function openPosts(t: TestScope, more: Parameters<typeof openStage>[1] = {}) {
  const receiver = await startReceiver(t);
  const { callback, ...words } = more;
  const stage = await openStage(t, {
    ...words,
    callback: { allow: [`${receiver.url}/hooks`], signingKey: KEY_NAME, ...callback },
  });
  const policyWith = (allow: readonly string[]): Policy =>
    policyOf({
      providers: { p: { type: 'OpenAI', endpoint: stage.provider.url } },
      routes: [{ targets: [{ provider: 'p' }], callback: { allow: [...allow], signingKey: KEY_NAME } }],
    });
  return { ...stage, receiver, policyWith, address: `${receiver.url}/hooks/ai?tenant=7` };
}

const waitedMs = (waitsMs: readonly number[]): number => waitsMs.reduce((sum, ms) => sum + ms, 0);

const completed = async (sidecar: RunningSidecar, address: string): Promise<string> => {
  const id = idOf(await submit(sidecar, address, { headers: { authorization: 'Bearer not-to-be-passed-on' } }));
  await answerOf(sidecar, id);
  return id;
};

test('a result is posted once, signed so that independent code accepts it, and can be fetched as well', async (t) => {
  const { start, receiver, address, provider } = await openPosts(t);
  provider.respondWith({ text: 'Grüße.' });
  const sidecar = await start();
  const id = await completed(sidecar, address);
  await until(() => receiver.posts.length === 1, 'it is posted');
  const [post] = receiver.posts;
  assert.ok(post);
  assert.equal(post.path, '/hooks/ai?tenant=7');
  assert.ok(isSigned(post));
  const event = await new OpenAI({ apiKey: 'none' }).webhooks.unwrap(
    post.body,
    Object.fromEntries(Object.entries(post.headers).map(([name, value]) => [name, String(value)])),
    SIGNING_KEY,
  );
  assert.equal(post.headers['webhook-id'], id);
  assert.equal(post.headers.authorization, undefined);
  const answer = await look(sidecar, id);
  const { type, data } = JSON.parse(post.body);
  assert.equal(type, 'job.completed');
  assert.equal(Reflect.get(event, 'type'), type);
  assert.deepEqual([data.id, data.status], [id, 200]);
  assert.equal(data.headers['x-remora-target'], 'p/m');
  assert.deepEqual(data.body, JSON.parse(answer.body));
  assert.equal(receiver.posts.length, 1);
});

test('a job that failed is posted as failed, with its status', async (t) => {
  const { start, receiver, address, provider } = await openPosts(t);
  provider.respondWith({ fault: { kind: 'status', status: 400, message: 'no' } });
  const sidecar = await start();
  await completed(sidecar, address);
  await until(() => receiver.posts.length === 1, 'it is posted');
  const { type, data } = JSON.parse(receiver.posts[0]?.body ?? '');
  assert.deepEqual([type, data.status, data.body.error.code], ['job.failed', 400, 'upstream_rejected']);
});

test('what is no JSON is posted in Base64', async (t) => {
  const { start, receiver, address } = await openPosts(t);
  const sidecar = await start();
  const body = { model: 'chat', input: 'Say hello.', voice: 'alloy' };
  const id = idOf(await submit(sidecar, address, { path: '/v1/audio/speech', body }));
  await until(() => receiver.posts.length === 1, 'it is posted');
  const { data } = JSON.parse(receiver.posts[0]?.body ?? '');
  const fetched = await fetch(`${sidecar.url}/v1/remora/jobs/${id}`);
  assert.deepEqual(Buffer.from(data.body_base64, 'base64'), Buffer.from(await fetched.arrayBuffer()));
});

test('a post that is not taken is made again under the same id, later each time, until one is', async (t) => {
  const { timers, waitsMs } = impatient();
  const failures: [string, boolean][] = [];
  const { start, receiver, address } = await openPosts(t, {
    callback: { deadlineMs: 36_000_000, retentionMs: 36_000_000 },
  });
  receiver.answerWith({ status: 503 }, { status: 404 }, { status: 302, location: `${receiver.url}/elsewhere` });
  const sidecar = await start({
    deps: {
      timers,
      random: () => 0,
      now: () => Date.now() + waitedMs(waitsMs),
      onPostFailed: (_job, reason, isLast) => void failures.push([reason, isLast]),
    },
  });
  const id = await completed(sidecar, address);
  await until(() => receiver.posts.length === 4, 'the fourth attempt');
  assert.deepEqual(new Set(receiver.posts.map(({ headers }) => headers['webhook-id'])), new Set([id]));
  assert.deepEqual(
    new Set(receiver.posts.map(({ path }) => path)),
    new Set(['/hooks/ai?tenant=7']),
    'none is redirected',
  );
  assert.equal(new Set(receiver.posts.map(({ body }) => body)).size, 1, 'each says the same');
  assert.ok(receiver.posts.every((post) => isSigned(post)));
  assert.deepEqual(failures, [
    ['the receiver answered 503', false],
    ['the receiver answered 404', false],
    ['the receiver answered 302', false],
  ]);
  assert.ok(
    waitsMs.some((ms) => ms > 900 && ms <= 1_000) && waitsMs.some((ms) => ms > 3_000 && ms <= 4_000),
    String(waitsMs),
  );
});

test('a receiver that says 410 is left alone', async (t) => {
  const failures: [string, boolean][] = [];
  const { start, receiver, address } = await openPosts(t);
  receiver.answerWith({ status: 410 });
  const sidecar = await start({
    deps: { onPostFailed: (_job, reason, isLast) => void failures.push([reason, isLast]) },
  });
  const id = await completed(sidecar, address);
  await until(() => failures.length === 1, 'it is given up');
  assert.deepEqual(failures, [['the receiver answered 410', true]]);
  assert.equal((await look(sidecar, id)).status, 200);
});

test('an address that the route does not allow any more gets nothing, though the job was taken for it', async (t) => {
  const failures: [string, boolean][] = [];
  const held = Promise.withResolvers<void>();
  const { start, receiver, address, provider, policyWith } = await openPosts(t);
  provider.respondWith({ holdHead: held.promise });
  const sidecar = await start({
    deps: { onPostFailed: (_job, reason, isLast) => void failures.push([reason, isLast]) },
  });
  const id = idOf(await submit(sidecar, address));
  await until(() => provider.requests.length === 1, 'it runs');
  const result = sidecar.sidecar.sink.applyPolicy(policyWith([`${receiver.url}/other`]), 'hash-2');
  assert.deepEqual(result, { applied: true });
  held.resolve();
  await until(() => failures.length === 1, 'it is given up');
  assert.deepEqual(failures, [['its AIRoute does not allow the address any more', true]]);
  assert.equal(receiver.posts.length, 0);
  assert.equal((await answerOf(sidecar, id)).status, 200);
});

const NOT_ALLOWED = ['/hooksmith', '/', '/hooks/../admin', '/hooks/%2e%2e/admin', '/hooks%2fx'];

for (const path of NOT_ALLOWED)
  test(`an address below another path (${path}) is refused`, async (t) => {
    const { start, receiver } = await openPosts(t);
    const refused = await submit(await start(), receiver.url + path);
    assert.equal(refused.status, 400);
    assert.match(JSON.parse(refused.body).error.remora.code, /^(callback_not_allowed|invalid_request)$/);
  });

test('without a key to sign with, an address is refused before any work is done, and fetching goes on', async (t) => {
  const { start, address, provider } = await openPosts(t);
  for (const key of ['short', 'whsec_c2hvcnQ=']) {
    const sidecar = await start({ credentials: { [KEY_NAME]: key }, config: {} });
    const refused = await submit(sidecar, address);
    assert.equal(refused.status, 503);
    assert.equal(JSON.parse(refused.body).error.remora.code, 'callback_unavailable');
    assert.equal(provider.requests.length, 0);
    await sidecar.sidecar.close({ deadlineMs: 0 });
  }
  const sidecar = await start({ credentials: { [KEY_NAME]: 'short' } });
  assert.equal((await answerOf(sidecar, idOf(await submit(sidecar, 'fetch')))).status, 200);
});
