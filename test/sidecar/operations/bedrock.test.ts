/** Embeddings through Bedrock's InvokeModel: signed over the final bytes, and one vector per call where the model makes one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIError } from 'openai';
import { startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { verifySigV4 } from '#test/support/providers/verify-sigv4';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const TITAN = 'amazon.titan-embed-text-v2:0';
const COHERE = 'us.cohere.embed-v4:0';

async function start(t: Parameters<typeof startSidecar>[0]) {
  const provider = await startFakeProvider({ dialect: 'bedrock' });
  t.after(() => provider.close());
  const words = {
    type: 'Bedrock',
    endpoint: provider.url,
    credential: 'key',
    aws: { region: 'eu-central-1' },
  } as const;
  const running = await startSidecar(t, {
    policy: {
      providers: { p: words },
      routes: [
        { models: ['titan'], targets: [{ provider: 'p', model: TITAN }] },
        { models: ['cohere'], targets: [{ provider: 'p', model: COHERE }] },
        { models: ['claude'], targets: [{ provider: 'p', model: 'anthropic.claude-sonnet-4-6' }] },
      ],
    },
    credentials: { key: JSON.stringify(KEYS) },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  return { provider, running, client };
}

test('a call for vectors is signed over its final bytes, with the region of the AIProvider', async (t) => {
  const { client, provider } = await start(t);
  await client.embeddings.create({ model: 'titan', input: 'über', dimensions: 256 });
  await client.embeddings.create({ model: 'cohere', input: ['one', 'two'] });
  assert.deepEqual(
    provider.requests.map(({ path }) => path),
    [TITAN, COHERE].map((model) => `/model/${encodeURIComponent(model)}/invoke`),
  );
  for (const request of provider.requests) {
    const scope = verifySigV4(request, KEYS.secretAccessKey);
    assert.deepEqual([scope?.region, scope?.service], ['eu-central-1', 'bedrock']);
  }
  assert.deepEqual(provider.requests[0]?.body, { inputText: 'über', dimensions: 256 });
});

test("the tokens of Cohere's models are metered from the header in which Bedrock tells them", async (t) => {
  const { client, running } = await start(t);
  const { usage } = await client.embeddings.create({ model: 'cohere', input: ['one', 'two'] });
  assert.ok(usage.prompt_tokens > 0);
  assert.equal(running.records[0]?.usage.inputTokens, usage.prompt_tokens);
  assert.equal(running.gate.settled[0]?.billing, 'reported');
});

test('several texts for a model that makes one vector per call are refused with words that help, and a model of chat makes none', async (t) => {
  const { client, provider } = await start(t);
  await assert.rejects(
    client.embeddings.create({ model: 'titan', input: ['one', 'two'] }),
    (thrown) =>
      thrown instanceof APIError &&
      thrown.param === 'input[1]' &&
      /Titan on AWS Bedrock\. The model makes one vector per call: send one text in each request\./.test(
        thrown.message,
      ),
  );
  await assert.rejects(
    client.embeddings.create({ model: 'claude', input: 'one' }),
    (thrown) => thrown instanceof APIError && thrown.code === 'unsupported_operation',
  );
  assert.equal(provider.requests.length, 0);
});
