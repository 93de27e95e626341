/** Conversations that go on by `previous_response_id` and by reference, with the official client, where the service behind keeps nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai';
import type { ResponseCreateParamsNonStreaming, ResponseInput } from 'openai/resources/responses/responses';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { MASK_ANSWERS, MASK_EMAIL } from '#test/sidecar/operations/start-operations';
import { ANTHROPIC, CALLS, startResponses, WEATHER } from '#test/sidecar/start-responses';
import { type PolicyWords, policyOf, startSidecar } from '#test/sidecar/start-sidecar';
import { startFakeProvider } from '#test/support/providers/fake-provider';

type Scope = Parameters<typeof startSidecar>[0];
type Words = Omit<ResponseCreateParamsNonStreaming, 'model' | 'stream'>;

const ask = (client: OpenAI, words: Words, streamed = false) =>
  streamed
    ? client.responses.stream({ model: 'chat', ...words }).finalResponse()
    : client.responses.create({ model: 'chat', ...words });

/** The client's type does not know it. */
const storeOf = (response: object): unknown => 'store' in response && response.store;

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'placeholder', maxRetries: 0 });

/** Anthropic behind the route, with whatever else the policy or the sidecar is told. */
async function startAnthropic(
  t: Scope,
  { config, ...words }: Partial<PolicyWords> & Pick<Parameters<typeof startSidecar>[1] & object, 'config'> = {},
) {
  const provider = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => provider.close());
  const policy: PolicyWords = {
    providers: { p: { type: 'Anthropic', endpoint: provider.url } },
    routes: [{ targets: [{ provider: 'p', model: 'claude-sonnet-4-5' }] }],
    ...words,
  };
  const start = () => startSidecar(t, { policy, ...(config && { config }) });
  const running = await start();
  return { provider, running, client: clientOf(running.url), start };
}

for (const streamed of [false, true]) {
  const how = streamed ? 'streamed' : 'plain';

  test(`a turn goes on from the response before it, as often as one likes (${how})`, async (t) => {
    const { provider, client } = await startResponses(t, ANTHROPIC);
    provider.respondOnce({ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' });
    const first = await ask(client, { input: 'First?', instructions: 'Be brief.' }, streamed);
    const second = await ask(
      client,
      { input: [{ role: 'user', content: 'Second?' }], previous_response_id: first.id },
      streamed,
    );
    const third = await ask(client, { input: 'Third?', previous_response_id: second.id }, streamed);
    assert.deepEqual([storeOf(first), second.previous_response_id, third.output_text], [true, first.id, 'Three.']);
    // OpenAI does not carry instructions over either.
    assert.deepEqual(
      [provider.requests[0]?.body?.system !== undefined, provider.requests[2]?.body?.system],
      [true, undefined],
    );
    assert.deepEqual(messagesOf(provider.requests[2]?.body), [
      'user: First?',
      'assistant: One.',
      'user: Second?',
      'assistant: Two.',
      'user: Third?',
    ]);
    // An earlier turn can be gone on from anew.
    await ask(client, { input: 'Other?', previous_response_id: first.id }, streamed);
    assert.deepEqual(messagesOf(provider.requests[3]?.body), ['user: First?', 'assistant: One.', 'user: Other?']);
  });

  test(`reasoning and calls come back to the service that made them (${how})`, async (t) => {
    const { provider, client } = await startResponses(t, ANTHROPIC);
    provider.respondOnce({ reasoning: 'Two cities.', text: 'Looking.', toolCalls: CALLS });
    const words = { tools: [WEATHER], max_output_tokens: 4_000 };
    const { id, output } = await ask(client, { ...words, input: 'Weather?' }, streamed);
    const results: ResponseInput = CALLS.map((call) => ({
      type: 'function_call_output',
      call_id: call.id,
      output: '20 °C',
    }));
    await ask(client, { ...words, input: results, previous_response_id: id }, streamed);
    const byReference = output.map((item) => ({ type: 'item_reference' as const, id: item.id ?? '' }));
    await ask(
      client,
      { ...words, input: [{ role: 'user', content: 'Weather?' }, ...byReference, ...results] },
      streamed,
    );
    const [, previous, referenced] = provider.requests.map(({ body }) => body?.messages);
    assert.match(JSON.stringify(previous), /"thinking":"Two cities\.","signature":"ZmFrZS1zaWduYXR1cmU="/);
    assert.match(JSON.stringify(previous), /"tool_use","id":"call_2".*"tool_use_id":"call_2"/);
    assert.deepEqual(referenced, previous);
  });
}

function messagesOf(body: { readonly [key: string]: unknown } | undefined): string[] {
  const messages = body?.messages as { role: string; content: string | { text?: string }[] }[];
  return messages.map(({ role, content }) => {
    const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
    return `${role}: ${text}`;
  });
}

test('a response can be looked up and deleted, and is gone then with its items', async (t) => {
  const { client, running } = await startResponses(t, ANTHROPIC);
  const { id, output } = await ask(client, { input: 'Hi', instructions: 'Be brief.', tools: [WEATHER] });
  const found = await client.responses.retrieve(id);
  assert.deepEqual([found.id, found.output_text, found.tools], [id, 'Hello from anthropic.', []]);
  for (const refused of [() => client.responses.cancel(id), () => client.responses.inputItems.list(id)])
    await assert.rejects(refused(), (thrown) => thrown instanceof NotFoundError && thrown.code === 'unknown_answer');
  await client.responses.delete(id);
  await assert.rejects(client.responses.retrieve(id), NotFoundError);
  await isForgotten(ask(client, { input: 'Go on.', previous_response_id: id }), 'previous_response_id');
  const reference = { type: 'item_reference' as const, id: output[0]?.id ?? '' };
  await isForgotten(ask(client, { input: [{ role: 'user', content: 'Hi' }, reference] }), 'input[1]');
  assert.deepEqual(running.faults, []);
});

async function isForgotten(asked: Promise<unknown>, param: string): Promise<void> {
  await assert.rejects(asked, (thrown) => {
    assert.ok(thrown instanceof BadRequestError, String(thrown));
    assert.deepEqual([thrown.code, thrown.param], ['previous_response_not_found', param]);
    assert.match(thrown.message, /does not remember.*store: false/);
    return true;
  });
}

test('what another sidecar remembers, or the client did not want stored, is refused and never asked of the service', async (t) => {
  const { client, provider, start } = await startAnthropic(t);
  const first = await ask(client, { input: 'Hi' });
  const unstored = await ask(client, { input: 'Hi', store: false });
  assert.equal(storeOf(unstored), false);
  const other = clientOf((await start()).url);
  const reference = (id = '') => [{ type: 'item_reference' as const, id }];
  await isForgotten(ask(other, { input: 'Go on.', previous_response_id: first.id }), 'previous_response_id');
  await isForgotten(ask(other, { input: reference(first.output[0]?.id) }), 'input[0]');
  await isForgotten(ask(client, { input: 'Go on.', previous_response_id: unstored.id }), 'previous_response_id');
  await isForgotten(ask(client, { input: reference(unstored.output[0]?.id) }), 'input[0]');
  await assert.rejects(other.responses.retrieve(first.id), NotFoundError);
  assert.equal(provider.requests.length, 2);
});

test('guardrails read what is recalled as they read any input, and what they masked of an answer stays masked', async (t) => {
  const guardrails = [...(MASK_EMAIL ?? []), ...(MASK_ANSWERS ?? []).map((each) => ({ ...each, name: 'out' }))];
  const { client, provider } = await startAnthropic(t, { guardrails });
  provider.respondOnce({ text: 'Ask bob@example.com, Ann.' });
  const first = await ask(client, { input: 'I am ann@example.com.' });
  await ask(client, { input: 'Go on.', previous_response_id: first.id });
  const sent = messagesOf(provider.requests[1]?.body);
  assert.deepEqual(sent, ['user: I am [EMAIL].', 'assistant: Ask [EMAIL], Ann.', 'user: Go on.']);
});

test('a guardrail that came into force since then blocks what is recalled', async (t) => {
  const { client, provider, running } = await startAnthropic(t);
  const first = await ask(client, { input: 'I am ann@example.com.' });
  const policy = {
    providers: { p: { type: 'Anthropic' as const, endpoint: provider.url } },
    routes: [{ targets: [{ provider: 'p', model: 'claude-sonnet-4-5' }] }],
    guardrails: (MASK_EMAIL ?? []).map((each) => ({ ...each, action: 'Block' as const })),
  };
  assert.ok(running.sidecar.sink.applyPolicy(policyOf(policy), 'hash-2').applied);
  await assert.rejects(
    ask(client, { input: 'Go on.', previous_response_id: first.id }),
    (thrown) => thrown instanceof APIError && thrown.code === 'content_filter',
  );
});

test('a budget reserves for all that is recalled', async (t) => {
  const { client, running, provider } = await startAnthropic(t);
  const first = await ask(client, { input: 'word '.repeat(2_000) });
  await ask(client, { input: 'Go on.', previous_response_id: first.id });
  const [, reserved] = running.gate.reserved;
  assert.ok(
    (reserved?.inputTokensAtMost ?? 0) >= (provider.requests[1]?.bytes.length ?? 1),
    'the bytes that were sent',
  );
  assert.ok((reserved?.inputTokensAtMost ?? 0) > 10_000);
});

test('losses are told where the client said what is lost', async (t) => {
  const { client } = await startAnthropic(t);
  const first = await ask(client, { input: 'Hi' });
  const input: ResponseInput = [
    { type: 'item_reference', id: first.output[0]?.id ?? '' },
    { role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] },
  ];
  for (const previous_response_id of [undefined, first.id])
    await assert.rejects(
      ask(client, { input, ...(previous_response_id && { previous_response_id }) }),
      (thrown) => thrown instanceof BadRequestError && thrown.param === 'input[1].content[0]',
    );
});

test('what is over the bounds is forgotten, the oldest first, and one request may not call back more than its share', async (t) => {
  const remembered = { most: 100, itemBytes: 100_000, turnBytes: 10_000, recalledBytes: 3_000 };
  const { client, running } = await startAnthropic(t, { config: { remembered } });
  const first = await ask(client, { input: 'a'.repeat(2_000) });
  const reference = { type: 'item_reference' as const, id: first.output[0]?.id ?? '' };
  await assert.rejects(
    ask(client, { input: [{ role: 'user', content: 'Hi' }, ...Array(40).fill(reference)] }),
    (thrown) => thrown instanceof APIError && thrown.status === 413,
  );
  for (const _ of [1, 2, 3]) await ask(client, { input: 'b'.repeat(2_000) });
  await isForgotten(ask(client, { input: 'Go on.', previous_response_id: first.id }), 'previous_response_id');
  // Items have a bound of their own.
  assert.equal(
    (await ask(client, { input: [{ role: 'user', content: 'Hi' }, reference, { role: 'user', content: 'And?' }] }))
      .status,
    'completed',
  );
  assert.deepEqual(running.faults, []);
});

test('what is recalled counts as a part of the body', async (t) => {
  const limits = { ...DEFAULT_SIDECAR_CONFIG.limits, bodyBytes: 3_000 };
  const { client, provider } = await startAnthropic(t, { config: { limits } });
  const first = await ask(client, { input: 'a'.repeat(2_000) });
  await assert.rejects(
    ask(client, { input: 'Go on.', previous_response_id: first.id }),
    (thrown) => thrown instanceof APIError && thrown.status === 413 && /and the conversation/.test(thrown.message),
  );
  assert.equal(provider.requests.length, 1);
});

test('what the client says of storing is no loss', async (t) => {
  const { client } = await startAnthropic(t);
  for (const store of [true, false]) {
    const { response } = await client.responses.create({ model: 'chat', input: 'Hi', store }).withResponse();
    assert.equal(response.headers.get('x-remora-dropped'), null);
  }
});

test('a large conversation is recalled as a large request is read', async (t) => {
  const { client, provider, running } = await startAnthropic(t);
  const first = await ask(client, { input: 'é'.repeat(700_000) });
  const second = await ask(client, { input: 'And?', previous_response_id: first.id });
  assert.equal(second.previous_response_id, first.id);
  assert.deepEqual(
    messagesOf(provider.requests[1]?.body).map((text) => text.length),
    [700_006, 32, 10],
  );
  assert.deepEqual(running.faults, []);
});
