/** Jobs over the end of a container: what waited runs, what was under way is not done twice, what was finished stays, and nothing is readable on the disk. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertPrivate, filesIn } from '#test/secrets/folder';
import { policyOf } from '#test/sidecar/start-sidecar';
import { answerOf, idOf, isSigned, KEY_NAME, look, openStage, startReceiver, submit, until } from './stage.ts';

const ONE_AT_A_TIME = { most: 9, running: 1, runningBytes: 1e6, requestBytes: 1e6, answerBytes: 1e6, storedBytes: 1e7 };

const codeOf = ({ body }: { readonly body: string }): string => JSON.parse(body).error.remora.code;

test('a finished result survives, to the byte and with its headers, and expires as before', async (t) => {
  const { start } = await openStage(t);
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  const before = await answerOf(first, id);
  await first.sidecar.close({ deadlineMs: 0 });
  const second = await start();
  const after = await look(second, id);
  assert.deepEqual([after.status, after.body], [before.status, before.body]);
  const plain = ({ headers }: typeof before) => Object.fromEntries([...headers].filter(([name]) => name !== 'date'));
  assert.deepEqual(plain(after), plain(before));
});

test('of two jobs the one under way ends as interrupted and is not sent again, and the one that waited runs after the start', async (t) => {
  const { start, provider } = await openStage(t, { config: { jobs: ONE_AT_A_TIME } });
  const first = await start();
  provider.respondOnce({ fault: { kind: 'hang' } });
  const running = idOf(await submit(first, 'fetch', { headers: { 'x-remora-user': 'ada' } }));
  const waiting = idOf(await submit(first, 'fetch', { headers: { 'x-remora-user': 'bob' } }));
  await until(() => provider.requests.length === 1, 'the first runs');
  await first.sidecar.close({ deadlineMs: 0 });
  const second = await start();
  const interrupted = await look(second, running);
  assert.deepEqual([interrupted.status, codeOf(interrupted)], [500, 'job_interrupted']);
  assert.equal(interrupted.headers.get('x-should-retry'), 'false');
  assert.match(JSON.parse(interrupted.body).error.message, /may have done and billed the work/);
  assert.equal((await answerOf(second, waiting)).status, 200);
  assert.equal(provider.requests.length, 2);
  assert.deepEqual(
    second.records.map(({ user, outcome }) => [user, outcome]),
    [['bob', 'ok']],
  );
});

test('a job that waited runs only when there is a policy again', async (t) => {
  const { start, provider, policy } = await openStage(t, { config: { jobs: { ...ONE_AT_A_TIME, running: 0 } } });
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  await first.sidecar.close({ deadlineMs: 0 });
  const second = await start({ config: { jobs: ONE_AT_A_TIME }, policy: undefined });
  assert.equal(JSON.parse((await look(second, id)).body).status, 'queued');
  second.sidecar.sink.applyPolicy(policyOf(policy), 'hash');
  assert.equal((await answerOf(second, id)).status, 200);
  assert.equal(provider.requests.length, 1);
});

test('a job whose deadline passed while nobody ran it ends as late and is never sent', async (t) => {
  const { start, provider } = await openStage(t, {
    callback: { deadlineMs: 100 },
    config: { jobs: { ...ONE_AT_A_TIME, running: 0 } },
  });
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  await first.sidecar.close({ deadlineMs: 0 });
  const late = await answerOf(await start(), id);
  assert.deepEqual([late.status, codeOf(late)], [504, 'upstream_timeout']);
  assert.equal(provider.requests.length, 0);
});

test('a drain waits for a running job within its time, and keeps the answer', async (t) => {
  const { start, provider } = await openStage(t);
  const first = await start();
  const held = Promise.withResolvers<void>();
  provider.respondOnce({ holdHead: held.promise });
  const id = idOf(await submit(first, 'fetch'));
  await until(() => provider.requests.length === 1, 'it runs');
  const closed = first.sidecar.close({ deadlineMs: 20_000 });
  held.resolve();
  await closed;
  assert.equal((await look(await start(), id)).status, 200);
});

test('what could not be posted before the end is posted after the start, under the same id', async (t) => {
  const receiver = await startReceiver(t);
  const { start } = await openStage(t, { callback: { allow: [receiver.url], signingKey: KEY_NAME } });
  receiver.answerWith({ status: 503 });
  const first = await start();
  const id = idOf(await submit(first, `${receiver.url}/done`));
  await until(() => receiver.posts.length === 1, 'the first attempt');
  await first.sidecar.close({ deadlineMs: 0 });
  const second = await start();
  await until(() => receiver.posts.length === 2, 'the second attempt');
  assert.deepEqual(
    receiver.posts.map((post) => [post.headers['webhook-id'], isSigned(post)]),
    [
      [id, true],
      [id, true],
    ],
  );
  assert.equal((await look(second, id)).status, 200);
});

test('a torn last line of the journal costs nothing that a client was told of', async (t) => {
  const { start, place } = await openStage(t);
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  await answerOf(first, id);
  await first.sidecar.close({ deadlineMs: 0 });
  appendFileSync(join(place.dir, 'journal'), '0badc0de {"type":"remo');
  assert.equal((await look(await start(), id)).status, 200);
});

test('a damaged journal makes no job run that may have been sent', async (t) => {
  const { start, place, provider } = await openStage(t, { config: { jobs: { ...ONE_AT_A_TIME, running: 0 } } });
  const first = await start();
  const id = idOf(await submit(first, 'fetch'));
  await first.sidecar.close({ deadlineMs: 0 });
  appendFileSync(join(place.dir, 'journal'), `deadbeef {"type":"started","id":"${id}"}\n`);
  const second = await start({ config: { jobs: ONE_AT_A_TIME } });
  const answer = await look(second, id);
  assert.deepEqual([answer.status, codeOf(answer)], [500, 'job_interrupted']);
  assert.equal(provider.requests.length, 0);
});

test('an answer that was flipped on the disk is not believed', async (t) => {
  const { start, place } = await openStage(t);
  const sidecar = await start();
  const id = idOf(await submit(sidecar, 'fetch'));
  await answerOf(sidecar, id);
  const path = join(place.dir, `${id}.answer`);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const answer = await look(sidecar, id);
  assert.deepEqual([answer.status, codeOf(answer)], [500, 'job_interrupted']);
});

test('the disk tells neither prompt nor answer nor caller nor address, and is private', async (t) => {
  const receiver = await startReceiver(t);
  receiver.answerWith({ status: 503 });
  const { start, place, provider } = await openStage(t, {
    callback: { allow: [receiver.url], signingKey: KEY_NAME },
    config: { jobs: ONE_AT_A_TIME },
  });
  provider.respondOnce({ text: 'a-secret-answer' }, { fault: { kind: 'hang' } });
  const sidecar = await start();
  const words = ['a-secret-prompt', 'a-secret-answer', 'a-secret-user', 'a-secret-path', 'a-secret-key'];
  const ask = () =>
    submit(sidecar, `${receiver.url}/a-secret-path`, {
      body: { model: 'chat', messages: [{ role: 'user', content: 'a-secret-prompt' }] },
      headers: { 'x-remora-user': 'a-secret-user', authorization: 'Bearer a-secret-key' },
    });
  await answerOf(sidecar, idOf(await ask()));
  idOf(await ask());
  const files = filesIn(place.dir);
  assert.equal(Object.keys(files).filter((path) => /\.(request|answer)$/.test(path)).length, 2, 'one of each is there');
  for (const [path, content] of Object.entries(files))
    for (const word of words) assert.ok(!content.includes(word), `${path} holds ${word}`);
  assertPrivate(place.dir);
  assertPrivate(place.keyDir);
});

test('nothing is left on the disk of a job that was deleted, nor of one that expired', async (t) => {
  const { start, place } = await openStage(t, { callback: { retentionMs: 200 } });
  const sidecar = await start();
  const [deleted, expiring] = [idOf(await submit(sidecar, 'fetch')), idOf(await submit(sidecar, 'fetch'))];
  await answerOf(sidecar, deleted);
  await look(sidecar, deleted, 'DELETE');
  await answerOf(sidecar, expiring);
  await until(() => readdirSync(place.dir).length === 1, 'only the journal is left');
});

test('a disk that refuses makes callbacks unavailable and nothing else', async (t) => {
  const { start, place } = await openStage(t);
  writeFileSync(join(place.dir, '..', '..', 'journal'), 'a file where the folder should be');
  const sidecar = await start();
  const refused = await submit(sidecar, 'fetch');
  assert.deepEqual([refused.status, codeOf(refused)], [503, 'callback_unavailable']);
  const plain = await fetch(`${sidecar.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', messages: [{ role: 'user', content: 'hi' }] }),
  });
  assert.equal(plain.status, 200);
  await plain.text();
});
