import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Losses } from '#sidecar/wires/losses';
import { adapterSuite } from '#test/support/adapter-suite';
import { buildRequest } from '#test/support/build-request';
import { azureOpenai } from './adapter.ts';

const DEPLOYMENTS = [{ name: 'gpt-4o', deployment: 'prod-4o' }];
const azure = (apiVersion?: string) =>
  azureOpenai({
    azure: { deployments: DEPLOYMENTS, ...(apiVersion !== undefined && { apiVersion }) },
  });
const [undated] = azure().wires;

adapterSuite(azure(), { folder: join(import.meta.dirname, 'fixtures'), model: 'gpt-4o' });

test('without a version calls go to the door without versions, and the body names the deployment', () => {
  assert.equal(undated.path('gpt-4o', true), '/openai/v1/chat/completions');
  assert.equal(undated.encodeRequest(buildRequest(), 'gpt-4o', new Losses('Azure OpenAI', 'Refuse')).model, 'prod-4o');
  assert.equal(undated.passthroughEdits?.({}, { model: 'gpt-4o' }).model, 'prod-4o');
});

test('with a version the deployment stands in the path; a model that is not listed is its own deployment', () => {
  const [wire] = azure('2024-10-21').wires;
  assert.equal(wire.path('gpt-4o', false), '/openai/deployments/prod-4o/chat/completions?api-version=2024-10-21');
  assert.equal(wire.path('a b/c', false), '/openai/deployments/a%20b%2Fc/chat/completions?api-version=2024-10-21');
});

test('a version from before a word was known is asked in older words', () => {
  const request = buildRequest({
    stream: true,
    maxOutputTokens: 5,
    messages: [{ role: 'developer', parts: [{ type: 'text', text: 'Be brief.' }] }],
  });
  const encode = (apiVersion: string) => {
    const [wire] = azure(apiVersion).wires;
    return wire.encodeRequest(request, 'gpt-4o', new Losses(wire.name, 'Refuse'));
  };
  assert.deepEqual(encode('2024-02-01'), {
    model: 'prod-4o',
    messages: [{ role: 'system', content: 'Be brief.' }],
    max_tokens: 5,
    stream: true,
  });
  assert.deepEqual(encode('2025-04-01-preview'), {
    model: 'prod-4o',
    messages: [{ role: 'developer', content: 'Be brief.' }],
    max_completion_tokens: 5,
    stream: true,
    stream_options: { include_usage: true },
  });
  const [old] = azure('2024-02-01').wires;
  assert.deepEqual(old.passthroughEdits?.({ stream: true }, { model: 'm' }), { model: 'm' });
});

test('a key goes into a header of its own, an access token is a bearer, as the AIProvider states', () => {
  const call = { credential: 'c', url: '', body: new Uint8Array(), nowUnixMs: 0 };
  assert.deepEqual(azure().headers(call), { 'api-key': 'c' });
  const entra = azureOpenai({ auth: { azure: { workloadIdentity: {} } } });
  assert.deepEqual(entra.headers(call), { authorization: 'Bearer c' });
});

test('a prompt that the content filter refuses is no fault of the service', () => {
  const failure = undated.mapError(
    400,
    {},
    {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { jailbreak: { filtered: true } } },
      },
    },
  );
  assert.deepEqual([failure.class, failure.code, failure.param], ['content-filter', 'content_filter', 'prompt']);
  const throttled = undated.mapError(429, {}, { error: { code: '429', message: 'Please retry after 7 seconds.' } });
  assert.equal(throttled.class, 'rate-limited');
});

test('Responses go by the model of the body at both doors, and stand at the dated one since the version that has them', () => {
  const pathOf = (apiVersion?: string) =>
    azure(apiVersion)
      .wires.find(({ id }) => id === 'openai-responses')
      ?.path('gpt-4o', false);
  assert.equal(pathOf(), '/openai/v1/responses');
  assert.equal(pathOf('2025-03-01-preview'), '/openai/responses?api-version=2025-03-01-preview');
  assert.equal(pathOf('2024-10-21'), undefined);
});

test('streams of legacy completions ask for usage, so that a version which refuses that has none of them', () => {
  const has = (apiVersion: string) => azure(apiVersion).wires.some(({ operation }) => operation === 'text_completion');
  assert.deepEqual([has('2024-06-01'), has('2024-10-21')], [false, true]);
});
