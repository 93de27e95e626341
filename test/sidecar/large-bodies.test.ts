/** Bodies that are read, inspected and written in slices arrive as small ones do. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { buildGuardrail } from '#test/support/build-policy';
import { startFakeProvider } from '#test/support/providers/fake-provider';
import { startSidecar, until } from './start-sidecar.ts';

const TURN = 'She asked: "Which fish? 🐟"\n\tWrite to ann@example.com, then to Jürgen. '.repeat(60);
const CONVERSATION = Array.from({ length: 601 }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: `${index}. ${TURN}`,
}));
/** About 3 MiB each. */
const BODIES = {
  'a long text': { messages: [{ role: 'user', content: TURN.repeat(601) }] },
  'a long conversation': { messages: CONVERSATION },
};
const MASK = buildGuardrail({ name: 'addresses', stage: 'Input', detect: ['Email'] });
const EDGE = { big: 12345678901234567890n, odd: '1.50e+3' };

/** Numbers that no parser keeps, so that a body which was written anew would be seen. */
const textOf = (body: object): string =>
  ` {"model" : "chat","seed":${EDGE.big},"temperature":${EDGE.odd}, ${JSON.stringify(body).slice(1)}\n`;

async function start(t: { after(release: () => Promise<void>): void }, guardrails: readonly PolicyGuardrail[] = []) {
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  t.after(() => openai.close());
  t.after(() => anthropic.close());
  const running = await startSidecar(t, {
    policy: {
      providers: {
        same: { type: 'OpenAICompatible', endpoint: openai.url },
        other: { type: 'Anthropic', endpoint: anthropic.url },
      },
      routes: [
        { models: ['chat'], targets: [{ provider: 'same' }] },
        { models: ['other'], targets: [{ provider: 'other' }], onUnsupported: 'Drop' },
      ],
      guardrails,
    },
  });
  const ask = (body: string | ReadableStream): Promise<Response> =>
    fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });
  return { openai, anthropic, running, ask };
}

for (const [name, body] of Object.entries(BODIES)) {
  test(`${name} passes through untouched but for the model`, async (t) => {
    const { openai, ask, running } = await start(t);
    const text = textOf(body);
    const answer = await ask(text);
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(openai.requests[0]?.rawBody === text.replace('"chat"', '"m"'), true, 'the bytes differ');
    assert.ok((running.gate.reserved[0]?.inputTokensAtMost ?? 0) >= text.length);
  });

  test(`${name} arrives whole at another API`, async (t) => {
    const { anthropic, ask } = await start(t);
    const answer = await ask(JSON.stringify({ ...body, model: 'other' }));
    assert.equal(answer.status, 200, await answer.text());
    const received = anthropic.requests[0]?.body?.messages as readonly { content: string | { text: string }[] }[];
    const texts = received.map(({ content }) => (typeof content === 'string' ? content : (content[0]?.text ?? '')));
    assert.equal(texts.join('') === body.messages.map(({ content }) => content).join(''), true, 'the texts differ');
  });

  test(`${name} is masked in every place`, async (t) => {
    const { openai, ask } = await start(t, [MASK]);
    const answer = await ask(JSON.stringify({ ...body, model: 'chat' }));
    assert.equal(answer.status, 200, await answer.text());
    const expected = JSON.stringify(body.messages).replaceAll('ann@example.com', '[EMAIL]');
    assert.equal(JSON.stringify(openai.requests[0]?.body?.messages) === expected, true, 'the messages differ');
  });
}

test('a long body whose length is not declared passes through untouched', async (t) => {
  const { openai, ask } = await start(t);
  const text = textOf(BODIES['a long text']);
  const answer = await ask(new Blob([text]).stream());
  assert.equal(answer.status, 200, await answer.text());
  assert.equal(openai.requests[0]?.rawBody === text.replace('"chat"', '"m"'), true, 'the bytes differ');
});

test('a long body is refused for what a short one is refused for', async (t) => {
  const { openai, ask } = await start(t);
  const text = textOf(BODIES['a long conversation']);
  for (const [damaged, code] of [
    [text.slice(0, -3), 'invalid_json'],
    [`${text}x`, 'invalid_json'],
    [text.replace('"model"', '"model":"a","model"'), 'duplicate_key'],
    [text.replace('"seed"', '"Model"'), 'duplicate_key'],
    [text.replace('"role":"assistant"', '"role":7'), 'invalid_request'],
  ] as const) {
    const answer = await ask(damaged);
    const { error } = (await answer.json()) as { error: { code: string; remora?: { code: string } } };
    assert.deepEqual([answer.status, error.remora?.code ?? error.code], [400, code]);
  }
  assert.equal(openai.requests.length, 0);
});

test('a body that holds more than its bytes promise is refused before it fills the memory', async (t) => {
  const { ask } = await start(t);
  const answer = await ask(`{"model":"chat","messages":[],"metadata":{"a":[${'[],'.repeat(500_000)}[]]}}`);
  const { error } = (await answer.json()) as { error: { message: string } };
  assert.equal(answer.status, 400);
  assert.match(error.message, /more values than a request can need/);
});

test('a client that leaves while its long body is worked on is done with', async (t) => {
  const { running } = await start(t, [MASK]);
  const text = textOf(BODIES['a long text']);
  const socket = connect(running.port, '127.0.0.1');
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`,
  );
  socket.write(text, () => socket.destroy());
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'client_closed');
  assert.deepEqual(running.faults, []);
});
