/** Moderations, images and rerank: the official client against a whole sidecar, and a provider that speaks the true wire format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import { formOf } from '#test/support/providers/openai-fake-operations';
import { MASK_EMAIL, startOperations } from './start-operations.ts';

test('moderations are routed by the default model of the API where the client names none', async (t) => {
  const { client, provider, running } = await startOperations(t);
  const answer = await client.moderations.create({ input: 'harmless' });
  assert.equal(answer.results[0]?.flagged, false);
  assert.equal(provider.requests[0]?.body?.model, 'real-model');
  assert.equal(running.records[0]?.operation, 'moderation');
});

test('images are metered by the tokens that the provider tells', async (t) => {
  const { client, running } = await startOperations(t);
  const answer = await client.images.generate({ model: 'logical', prompt: 'a cat' });
  assert.equal(answer.data?.[0]?.b64_json, Buffer.from('no picture').toString('base64'));
  assert.equal(running.records[0]?.usage.outputImageTokens, 272);
  assert.equal(running.records[0]?.operation, 'image_generation');
});

test('images that stream go through as the events that they are, and nothing is put between their bytes', async (t) => {
  const { client, running } = await startOperations(t);
  const stream = await client.images.generate({ model: 'logical', prompt: 'a cat', stream: true });
  const types: string[] = [];
  for await (const event of stream) types.push(event.type);
  assert.deepEqual(types, ['image_generation.partial_image', 'image_generation.completed']);
  assert.equal(running.records[0]?.stream, true);
  assert.deepEqual(running.gate.settled, [{ usage: undefined, billing: 'reported' }]);
});

test('edits of images travel as a form', async (t) => {
  const { client, provider } = await startOperations(t);
  const image = await toFile(Buffer.from([137, 80, 78, 71]), 'cat.png', { type: 'image/png' });
  const answer = await client.images.edit({ model: 'logical', image, prompt: 'with a hat' });
  assert.equal(answer.data?.length, 1);
  const [request] = provider.requests;
  assert.ok(request);
  assert.equal((await formOf(request)).get('model'), 'real-model');
});

test('rerank goes to a server that speaks it, metered by its tokens, and is refused by one that does not', async (t) => {
  const { provider, running } = await startOperations(t);
  const local = await startOperations(t, {
    providers: { p: { type: 'OpenAICompatible', endpoint: provider.url, credential: 'key' } },
  });
  const ask = async (url: string, path: string) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'logical', query: 'q', documents: ['a', { text: 'b ann@example.com' }], top_n: 2 }),
    });
    return {
      status: response.status,
      body: (await response.json()) as { results?: unknown[]; error?: { code: string } },
    };
  };
  for (const path of ['/v1/rerank', '/v2/rerank', '/rerank']) {
    const { status, body } = await ask(local.running.url, path);
    assert.deepEqual([status, body.results?.length], [200, 2]);
  }
  const guarded = await startOperations(t, {
    providers: { p: { type: 'OpenAICompatible', endpoint: provider.url, credential: 'key' } },
    guardrails: MASK_EMAIL,
  });
  await ask(guarded.running.url, '/v1/rerank');
  assert.deepEqual(provider.requests.at(-1)?.body?.documents, ['a', { text: 'b [EMAIL]' }]);
  assert.equal(provider.requests[0]?.path, '/v1/rerank');
  const [record] = local.running.records;
  assert.deepEqual([record?.operation, record?.usage.inputTokens === 0], ['rerank', false]);
  const refused = await ask(running.url, '/v1/rerank');
  assert.deepEqual([refused.status, refused.body.error?.code], [400, 'unsupported_operation']);
});
