/** Message batches and files of Anthropic: the official client against a whole sidecar, beside OpenAI's on the same paths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotFoundError, PermissionDeniedError } from '@anthropic-ai/sdk';
import { MASK_EMAIL } from '#test/sidecar/operations/start-operations';
import { startAnthropic } from './start-accounts.ts';

const callOf = (id: string, content: string, model = 'claude-sonnet-4-5') => ({
  custom_id: id,
  params: { model, max_tokens: 10, messages: [{ role: 'user' as const, content }] },
});

test('the official client runs a batch of messages and reads its results through the sidecar', async (t) => {
  const { a, running, client } = await startAnthropic(t);
  const made = await client.messages.batches.create({ requests: [callOf('one', 'Hello.'), callOf('two', 'Hello.')] });
  assert.equal(made.processing_status, 'in_progress');
  const batch = await client.messages.batches.retrieve(made.id);
  assert.equal(batch.results_url, `/v1/messages/batches/${made.id}/results`);
  const ids: string[] = [];
  for await (const result of await client.messages.batches.results(made.id)) ids.push(result.custom_id);
  assert.deepEqual(ids, ['one', 'two']);
  const [listed] = (await client.messages.batches.list()).data;
  assert.equal(listed?.results_url, batch.results_url);
  await client.messages.batches.cancel(made.id);
  assert.deepEqual(
    a.requests.map(({ method, path, headers }) => [method, path, headers['x-api-key']]),
    [
      ['POST', ''],
      ['GET', `/${made.id}`],
      ['GET', `/${made.id}`],
      ['GET', `/${made.id}/results`],
      ['GET', ''],
      ['POST', `/${made.id}/cancel`],
    ].map(([method, path]) => [method, `/v1/messages/batches${path}`, 'key-a']),
  );
  assert.deepEqual(new Set(running.records.map(({ outcome }) => outcome)), new Set(['ok']));
  assert.deepEqual(running.faults, []);
});

test('each call of a batch of messages asks for a model that a route has, and guardrails mask its text', async (t) => {
  const { a, client } = await startAnthropic(t, { guardrails: MASK_EMAIL });
  await assert.rejects(
    client.messages.batches.create({ requests: [callOf('one', 'Hello.'), callOf('two', 'Hello.', 'claude-opus-4')] }),
    (thrown) =>
      thrown instanceof PermissionDeniedError &&
      /Requests\[1\] asks for `claude-opus-4`, which no AIRoute/.test(thrown.message),
  );
  assert.equal(a.requests.length, 0);
  await client.messages.batches.create({ requests: [callOf('one', 'Write to ann@example.com.')] });
  assert.match(a.requests[0]?.rawBody ?? '', /Write to \[EMAIL\]\./);
});

test('what stands twice in a call goes to the provider once, as it was judged', async (t) => {
  const { a, running } = await startAnthropic(t);
  const response = await fetch(`${running.url}/v1/messages/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: '{"requests":[{"custom_id":"1","params":{"model":"claude-opus-4","model":"claude-sonnet-4-5"}}]}',
  });
  assert.equal(response.status, 200);
  assert.equal(a.requests[0]?.rawBody, '{"requests":[{"custom_id":"1","params":{"model":"claude-sonnet-4-5"}}]}');
});

test('files of both APIs have the same path, and each client reaches its own', async (t) => {
  const { a, openai, client, openaiClient } = await startAnthropic(t);
  const file = await client.beta.files.upload({ file: new File(['a'], 'a.txt') });
  assert.equal((await client.beta.files.retrieveMetadata(file.id)).filename, 'a.txt');
  assert.equal((await client.beta.files.list()).data.length, 1);
  await openaiClient.files.create({ file: new File(['b'], 'b.txt'), purpose: 'user_data' });
  assert.equal((await openaiClient.files.list()).data.length, 1);
  assert.equal(a.requests.length, 3);
  assert.equal(openai.requests.length, 2);
  await assert.rejects(client.beta.files.retrieveMetadata('file_none'), (thrown) => thrown instanceof NotFoundError);
});

test('a batch that is read in slices arrives with the query of its client, as a small one does', async (t) => {
  const { a, running } = await startAnthropic(t);
  for (const content of ['Hello.', 'Hello. '.repeat(200_000)]) {
    const response = await fetch(`${running.url}/v1/messages/batches?beta=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ requests: [callOf('one', content)] }),
    });
    assert.equal(response.status, 200, await response.text());
  }
  assert.deepEqual(
    a.requests.map(({ path }) => path),
    ['/v1/messages/batches?beta=true', '/v1/messages/batches?beta=true'],
  );
});
