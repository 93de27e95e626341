/** Conversations whose turns different services answer: what OpenAI keeps is asked of OpenAI, what was made here is never named to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, type ModelMessage, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';
import { MASK_ANSWERS } from '#test/sidecar/operations/start-operations';
import { CALLS, startResponses, TARGETS } from '#test/sidecar/start-responses';
import { type PolicyWords, startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';

type Scope = Parameters<typeof startSidecar>[0];

const DOWN = { fault: { kind: 'status', status: 503, message: 'Down.' } } as const;
/** Any id that was made here. */
const MADE_HERE = /remora_/;

for (const target of TARGETS)
  for (const streamed of [false, true])
    test(`the AI SDK with its defaults goes on with ${target.name}, ${streamed ? 'streamed' : 'plain'}`, async (t) => {
      const { provider, running } = await startResponses(t, target);
      const model = createOpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder' })('chat');
      const weather = tool({
        inputSchema: z.object({ city: z.string() }),
        execute: async ({ city }) => `rain in ${city}`,
      });
      const ask = async (messages: ModelMessage[]) => {
        const words = { model, messages, tools: { weather }, stopWhen: stepCountIs(2), maxRetries: 0 };
        const answer = streamed ? streamText(words) : await generateText(words);
        return { text: await answer.text, messages: await answer.responseMessages };
      };
      provider.respondOnce(
        { reasoning: 'Hm.', toolCalls: CALLS },
        { reasoning: 'Aha.', text: 'Rain.' },
        { text: 'Yes.' },
      );
      const messages: ModelMessage[] = [{ role: 'user', content: 'Weather?' }];
      const first = await ask(messages);
      assert.equal(first.text, 'Rain.');
      const second = await ask([...messages, ...first.messages, { role: 'user', content: 'Sure?' }]);
      assert.equal(second.text, 'Yes.');
      const sent = provider.requests[2]?.rawBody ?? '';
      if (target.fake === 'openai-responses') assert.match(sent, /"type":"item_reference"/);
      else assert.match(sent, /Weather\?.*call_1.*rain in Köln.*Rain\..*Sure\?/s);
      assert.doesNotMatch(sent, MADE_HERE);
      if (target.fake === 'anthropic')
        assert.match(sent, /"thinking":"Hm\.","signature".*"thinking":"Aha\.","signature"/s);
      assert.deepEqual(running.faults, []);
    });

/** OpenAI, and Anthropic where it fails. */
async function startTwo(t: Scope, guardrails: PolicyWords['guardrails'] = []) {
  const openai = await startFakeProvider({ dialect: 'openai-responses', account: 'a' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => openai.close());
  t.after(() => anthropic.close());
  const running = await startSidecar(t, {
    policy: {
      providers: { o: { type: 'OpenAI', endpoint: openai.url }, c: { type: 'Anthropic', endpoint: anthropic.url } },
      routes: [{ targets: [{ provider: 'o' }], fallbacks: [{ provider: 'c', model: 'claude-sonnet-4-5' }] }],
      guardrails,
    },
  });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  return { openai, anthropic, running, client };
}

test('a conversation that Anthropic began goes on at OpenAI, and from there by what OpenAI keeps', async (t) => {
  const { openai, client, running } = await startTwo(t);
  openai.respondOnce(DOWN);
  const first = await client.responses.create({ model: 'chat', input: 'Hi' });
  assert.equal(first.output_text, 'Hello from anthropic.');
  const second = await client.responses.create({ model: 'chat', input: 'Go on.', previous_response_id: first.id });
  assert.equal(second.output_text, 'Hello from openai-responses.');
  assert.deepEqual(openai.requests[1]?.body, {
    model: 'm',
    input: [
      { type: 'message', role: 'user', content: 'Hi' },
      {
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello from anthropic.', annotations: [], logprobs: [] }],
      },
      { type: 'message', role: 'user', content: 'Go on.' },
    ],
  });
  assert.equal(running.records[1]?.lane, 'passthrough');
  await client.responses.create({ model: 'chat', input: 'And?', previous_response_id: second.id });
  assert.deepEqual(openai.requests[2]?.body, { model: 'm', input: 'And?', previous_response_id: second.id });
});

test('items of both services are named in one request: ours are repeated, and OpenAI looks its own up', async (t) => {
  const { openai, anthropic, client } = await startTwo(t);
  openai.respondOnce(DOWN);
  const ours = await client.responses.create({ model: 'chat', input: 'Hi' });
  const theirs = await client.responses.create({ model: 'chat', input: 'Hi' });
  const references = [ours, theirs].map(({ output }) => ({ type: 'item_reference' as const, id: output[0]?.id ?? '' }));
  const input = [...references, { role: 'user' as const, content: 'Go on.' }];
  assert.equal((await client.responses.create({ model: 'chat', input })).output_text, 'Hello from openai-responses.');
  const sent = openai.requests[2]?.rawBody ?? '';
  assert.doesNotMatch(sent, MADE_HERE);
  assert.match(sent, /Hello from anthropic\./);
  assert.ok(sent.includes(JSON.stringify(references[1])));
  assert.equal(anthropic.requests.length, 1);
});

for (const streamed of [false, true])
  test(`what guardrails had rewritten of OpenAI's answer can be named, ${streamed ? 'streamed' : 'plain'}`, async (t) => {
    const { openai, client } = await startTwo(t, MASK_ANSWERS);
    openai.respondOnce({ reasoning: 'Hm.', text: 'Ask bob@example.com, Ann.' });
    const words = { model: 'chat', input: 'Whom?' };
    const { id, output } = streamed
      ? await client.responses.stream(words).finalResponse()
      : await client.responses.create(words);
    const references = output.map((item) => ({ type: 'item_reference' as const, id: item.id ?? '' }));
    await client.responses.create({ model: 'chat', input: [...references, { role: 'user', content: 'Sure?' }] });
    const sent = openai.requests[1]?.rawBody ?? '';
    assert.match(sent, /Ask \[EMAIL\], Ann\./);
    assert.doesNotMatch(sent, MADE_HERE);
    // The response itself is in the account.
    await client.responses.create({ model: 'chat', input: 'Sure?', previous_response_id: id });
    assert.equal(openai.requests[2]?.body?.previous_response_id, id);
  });
