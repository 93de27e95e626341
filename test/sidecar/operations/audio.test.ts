/** Audio, which goes through unread, and forms, which carry it: the official client against a whole sidecar, and a provider that speaks the true wire format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError, toFile } from 'openai';
import { until } from '#test/sidecar/start-sidecar';
import { formOf, SPEECH } from '#test/support/providers/openai-fake-operations';
import { MASK_ANSWERS, MASK_EMAIL, startOperations } from './start-operations.ts';

test('speech is streamed through as it comes, each byte and the type untouched', async (t) => {
  const { client, provider, running } = await startOperations(t);
  let release: (() => void) | undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  provider.respondOnce({ hold: { afterEvents: 1, until } });
  const response = await client.audio.speech.create({ model: 'logical', voice: 'alloy', input: 'Say it.' });
  assert.equal(response.headers.get('content-type'), 'audio/mpeg');
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.deepEqual(Buffer.from(first?.value ?? []), SPEECH[0]);
  release?.();
  const rest: Uint8Array[] = [];
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) rest.push(next.value);
  assert.deepEqual(Buffer.concat(rest), Buffer.concat(SPEECH.slice(1)));
  assert.equal(running.records[0]?.outcome, 'ok');
  assert.deepEqual(running.gate.settled, [{ usage: undefined, billing: 'reported' }]);
});

test('speech that breaks is cut for the client too, with nothing put behind its bytes', async (t) => {
  const { client, provider, running } = await startOperations(t);
  provider.respondOnce({ fault: { kind: 'cut', afterEvents: 0 } });
  const response = await client.audio.speech.create({ model: 'logical', voice: 'alloy', input: 'Say it.' });
  await assert.rejects(response.arrayBuffer());
  await until(() => running.records.length === 1, 'the record is written');
  assert.equal(running.records[0]?.outcome, 'stream_broken');
});

test('speech is retried on the next target before its first byte, and a web page under 200 is no speech', async (t) => {
  const { client, provider, running } = await startOperations(t, {
    routes: [
      {
        models: ['logical'],
        targets: [
          { provider: 'p', model: 'a' },
          { provider: 'p', model: 'b' },
        ],
      },
    ],
  });
  provider.respondOnce({ fault: { kind: 'html' } });
  const response = await client.audio.speech.create({ model: 'logical', voice: 'alloy', input: 'Say it.' });
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.concat(SPEECH));
  assert.deepEqual(
    running.records[0]?.attempts.map(({ outcome }) => outcome),
    ['malformed', 'ok'],
  );
});

test('a transcription forwards the form byte for byte but for the model, and its answer in JSON or text', async (t) => {
  const { client, provider, running } = await startOperations(t);
  const audio = Buffer.from([0, 255, 13, 10, 45, 45, 13, 10, 128]);
  const asked = { model: 'logical', file: await toFile(audio, 'said.mp3', { type: 'audio/mpeg' }) };
  const answer = await client.audio.transcriptions.create({ ...asked, timestamp_granularities: ['word', 'segment'] });
  assert.equal(answer.text, 'What was said.');
  const [request] = provider.requests;
  assert.ok(request);
  const form = await formOf(request);
  assert.equal(form.get('model'), 'real-model');
  assert.deepEqual(form.getAll('timestamp_granularities[]'), ['word', 'segment']);
  const file = form.get('file');
  assert.ok(file instanceof File);
  assert.deepEqual([file.name, file.type], ['said.mp3', 'audio/mpeg']);
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), audio);
  assert.equal(running.records[0]?.usage.inputTokens, 14);
  const text = await client.audio.transcriptions.create({ ...asked, response_format: 'text' });
  assert.equal(text, 'What was said.\n');
  assert.equal(running.records[1]?.operation, 'transcription');
});

test('a prompt in a form is masked like any other text, and the file stays as it is', async (t) => {
  const { client, provider } = await startOperations(t, { guardrails: MASK_EMAIL });
  const audio = Buffer.from('ann@example.com is in this file');
  await client.audio.transcriptions.create({
    model: 'logical',
    file: await toFile(audio, 'said.mp3'),
    prompt: 'ann@example.com speaks',
  });
  const [request] = provider.requests;
  assert.ok(request);
  const form = await formOf(request);
  assert.equal(form.get('prompt'), '[EMAIL] speaks');
  assert.equal(form.get('model'), 'real-model');
  assert.equal(await (form.get('file') as File).text(), audio.toString());
});

test('what output guardrails cannot read is refused, unless the provider is exempt', async (t) => {
  const guardrails = MASK_ANSWERS?.map((guardrail) => ({ ...guardrail, unlessTags: ['trusted'] })) ?? [];
  const { client, provider, running } = await startOperations(t, { guardrails });
  const file = await toFile(Buffer.from('a'), 'a.mp3');
  await assert.rejects(
    client.audio.transcriptions.create({ model: 'logical', file }),
    (thrown) => thrown instanceof APIError && /cannot inspect/.test(thrown.message),
  );
  await client.embeddings.create({ model: 'logical', input: 'vectors are no text' });
  assert.equal(running.records[1]?.lane, 'passthrough');
  assert.equal(provider.requests.length, 1);
  const exempt = await startOperations(t, {
    guardrails,
    providers: { p: { type: 'OpenAI', endpoint: provider.url, credential: 'key', tags: ['trusted'] } },
  });
  assert.equal((await exempt.client.audio.transcriptions.create({ model: 'logical', file })).text, 'What was said.');
});

test('a form is refused that two readers could understand differently, and so is JSON in its place', async (t) => {
  const { running, provider } = await startOperations(t);
  const post = async (type: string, body: string) => {
    const response = await fetch(`${running.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    const { error } = (await response.json()) as { error: { remora: { code: string } } };
    return [response.status, error.remora.code];
  };
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const form = 'multipart/form-data; boundary=b';
  assert.deepEqual(await post('application/json', '{"model":"logical"}'), [415, 'unsupported_content_type']);
  assert.deepEqual(await post('multipart/form-data; x=1', `${field('model', 'logical')}--b--`), [
    400,
    'invalid_request',
  ]);
  assert.deepEqual(await post(form, `${field('model', 'a')}${field('model', 'b')}--b--`), [400, 'duplicate_key']);
  assert.deepEqual(await post(form, field('model', 'logical')), [400, 'invalid_request']);
  assert.deepEqual(await post(form, `${field('file', 'x')}--b--\r\n`), [400, 'invalid_request']);
  assert.equal(provider.requests.length, 0);
});
