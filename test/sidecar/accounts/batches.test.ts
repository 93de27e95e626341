/** Files and batches of OpenAI: the official client against a whole sidecar, and a provider that keeps what it is given as the public API does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError, NotFoundError, toFile } from 'openai';
import { rawAnswer } from '#test/sidecar/raw-http';
import { formOf } from '#test/support/providers/openai-fake-operations';
import { lineOf, startOne } from './start-accounts.ts';

const LINES = `${lineOf('one', 'real-model')}\n${lineOf('two', 'real-model')}\n`;

const jsonl = (text: string) => toFile(Buffer.from(text), 'calls.jsonl', { type: 'application/jsonl' });

test('the official client uploads a file, runs a batch of it and reads what came, with no word changed in its code', async (t) => {
  const { a, running, client } = await startOne(t);
  const file = await client.files.create({ file: await jsonl(LINES), purpose: 'batch' });
  assert.deepEqual([file.purpose, file.bytes], ['batch', LINES.length]);
  const [upload] = a.requests;
  assert.ok(upload);
  const form = await formOf(upload);
  assert.equal(await (form.get('file') as File).text(), LINES);
  const batch = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  });
  assert.equal(batch.status, 'validating');
  const ended = await client.batches.retrieve(batch.id);
  assert.equal(ended.status, 'completed');
  const output = await client.files.content(ended.output_file_id ?? '');
  assert.equal((await output.text()).trim().split('\n').length, 2);
  const cancelled = await client.batches.cancel(batch.id);
  assert.equal(cancelled.status, 'cancelling');
  assert.deepEqual(
    running.records.map(({ operation, dialect, status, answeredBy, lane }) => [
      operation,
      dialect,
      status,
      answeredBy,
      lane,
    ]),
    [
      ['file_upload', 'openai-files', 200, 'default/a', 'passthrough'],
      ['batch_creation', 'openai-batches', 200, 'default/a', 'passthrough'],
      ['batch', 'openai-batches', 200, 'default/a', 'passthrough'],
      ['kept_content', 'openai-files', 200, 'default/a', 'passthrough'],
      ['batch', 'openai-batches', 200, 'default/a', 'passthrough'],
    ],
  );
  assert.deepEqual(running.faults, []);
});

test('files are listed page by page, looked up and deleted; what is not there is the provider’s own 404', async (t) => {
  const { a, client } = await startOne(t);
  const made = await client.files.create({ file: await toFile(Buffer.from('a'), 'a.txt'), purpose: 'user_data' });
  const listed = await client.files.list({ purpose: 'user_data', limit: 7 });
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    [made.id],
  );
  assert.equal(a.requests.at(-1)?.path, '/v1/files?purpose=user_data&limit=7');
  assert.equal((await client.files.retrieve(made.id)).filename, 'a.txt');
  assert.equal((await client.files.delete(made.id)).deleted, true);
  await assert.rejects(
    client.files.retrieve(made.id),
    (thrown) => thrown instanceof NotFoundError && /No such File object/.test(thrown.message),
  );
  assert.equal((await client.batches.list()).data.length, 0);
  assert.deepEqual(
    a.requests.map(({ method, headers }) => [method, headers['content-type']?.split(';')[0], headers.authorization]),
    [
      ['POST', 'multipart/form-data', 'Bearer key-a'],
      ['GET', undefined, 'Bearer key-a'],
      ['GET', undefined, 'Bearer key-a'],
      ['DELETE', undefined, 'Bearer key-a'],
      ['GET', undefined, 'Bearer key-a'],
      ['GET', undefined, 'Bearer key-a'],
    ],
  );
});

test('the usage of a batch counts once it has ended, and once however often it is fetched', async (t) => {
  const { running, client } = await startOne(t);
  const file = await client.files.create({ file: await jsonl(LINES), purpose: 'batch' });
  const asked = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
  const { id } = await client.batches.create(asked);
  for (const _ of [1, 2, 3]) assert.equal((await client.batches.retrieve(id)).usage?.input_tokens, 20);
  assert.deepEqual(
    running.records.map(({ usage }) => [usage.inputTokens, usage.outputTokens]),
    [
      [0, 0],
      [0, 0],
      [20, 20],
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(running.gate.reserved.at(-1)?.target.price, null, 'the price of a batch is none of its tokens');
});

test('a call that could make something twice is made once, and a look is repeated', async (t) => {
  const { a, client } = await startOne(t, { routes: [{ targets: [{ provider: 'a', model: 'm', maxRetries: 2 }] }] });
  const down = { fault: { kind: 'status', status: 503 } } as const;
  a.respondOnce(down);
  await assert.rejects(client.files.create({ file: await jsonl(lineOf('one', 'm')), purpose: 'batch' }));
  assert.equal(a.requests.length, 1);
  a.respondOnce(down, down);
  await client.files.list();
  assert.equal(a.requests.length, 4);
});

test('no id leads to another path of the provider than that of a thing', async (t) => {
  const { a, running } = await startOne(t);
  for (const [path, status] of [
    ['/v1/files/%2E%2E', 400],
    ['/v1/files/%2E%2E/content', 400],
    ['/v1/files/..%2Fmodels', 400],
    ['/v1/files/a%5C..%5Cb', 400],
    ['/v1/files/a%3Fb', 400],
    ['/v1/files/a%23c', 400],
    ['/v1/files/a%252Fb', 400],
    ['/v1/files/a%0D%0Ab', 400],
    ['/v1/files/..;/content', 400],
    ['/v1/files/file-1.x~y_Z%C3%A4', 404],
  ] as const) {
    const { status: answered } = await rawAnswer(running.port, `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    assert.equal(answered, status, path);
  }
  assert.deepEqual(
    a.requests.map(({ path }) => path),
    ['/v1/files/file-1.x~y_Z%C3%A4'],
  );
});

test('a path that is served with other methods says with which', async (t) => {
  const { running } = await startOne(t);
  const response = await fetch(`${running.url}/v1/files/file-1`, { method: 'PUT', body: '{}' });
  assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, DELETE']);
});

test('an upload is bounded like any other body', async (t) => {
  const { a, client } = await startOne(t);
  const large = await toFile(Buffer.alloc(11 * 1024 * 1024), 'large.bin');
  await assert.rejects(
    client.files.create({ file: large, purpose: 'user_data' }),
    (thrown) => thrown instanceof APIError && thrown.status === 413,
  );
  assert.equal(a.requests.length, 0);
});
