/** A route that says Continue lets another target go on with a stream that broke after content, where that can be done in full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { RemoraError } from '#sidecar/errors/remora-error';
import { buildGuardrail } from '#test/support/build-policy';
import { type FakeProvider, type FakeRequest, startFakeProvider } from '#test/support/providers/fake-provider';
import type { Script } from '#test/support/providers/script';
import { post, STREAMED_CHAT } from './raw-http.ts';
import { OpenGate, type PolicyWords, type StartOptions, startSidecar, until } from './start-sidecar.ts';

type TestScope = Parameters<typeof startSidecar>[0];

const CONTINUE = { onBreak: 'Continue' } as const;

interface StageOptions extends Omit<StartOptions, 'policy'> {
  readonly policy?: Partial<PolicyWords>;
  /** Of the providers. */
  readonly tags?: Readonly<Record<string, string[]>>;
}

/** Three providers: OpenAI, which cannot go on with a beginning, and Anthropic and vLLM, which can. The route tries them in the order stated. */
async function stage(
  t: TestScope,
  targets: readonly ('openai' | 'anthropic' | 'vllm')[] = ['openai', 'anthropic'],
  { policy, tags = {}, ...options }: StageOptions = {},
) {
  const openai = await startFakeProvider({ dialect: 'openai' });
  const anthropic = await startFakeProvider({ dialect: 'anthropic' });
  const vllm = await startFakeProvider({ dialect: 'openai' });
  for (const provider of [openai, anthropic, vllm]) t.after(() => provider.close());
  const running = await startSidecar(t, {
    ...options,
    policy: {
      providers: {
        openai: { type: 'OpenAI', endpoint: openai.url, tags: tags.openai ?? [] },
        anthropic: { type: 'Anthropic', endpoint: anthropic.url, tags: tags.anthropic ?? [] },
        vllm: { type: 'OpenAICompatible', preset: 'VLLM', endpoint: vllm.url, tags: tags.vllm ?? [] },
      },
      routes: [{ stream: CONTINUE, targets: targets.map((provider) => ({ provider, maxRetries: 0 })) }],
      ...policy,
    },
  });
  return { openai, anthropic, vllm, running };
}

const cut = (text: string, afterEvents: number, more: Script = {}): Script => ({
  ...more,
  text,
  fault: { kind: 'cut', afterEvents },
});

/** The text that a client of Chat Completions puts together. */
const textOf = (stream: string): string =>
  stream
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)).choices?.[0]?.delta?.content ?? '')
    .join('');

const lastMessage = ({ requests }: FakeProvider) => (requests.at(-1)?.body?.messages as object[] | undefined)?.at(-1);

test('the next target is given the text so far as its own beginning, and its answer follows what was delivered', async (t) => {
  const { openai, anthropic, running } = await stage(t);
  openai.respondWith(cut('one two three four', 4));
  anthropic.respondWith({ text: ' four five', usage: { inputTokens: 30, outputTokens: 2 } });
  const { status, text } = await post(running.url, STREAMED_CHAT);
  assert.equal(status, 200);
  assert.equal(textOf(text), 'one two three four five');
  assert.ok(text.endsWith('data: [DONE]\n\n'));
  assert.match(text, /\n\n: remora continued by anthropic\/m\n\n/);
  assert.equal(new Set(text.match(/"id":"[^"]+"/g)).size, 1, 'one answer has one id');
  assert.deepEqual(lastMessage(anthropic), { role: 'assistant', content: [{ type: 'text', text: 'one two three' }] });

  await until(() => running.records.length === 1, 'the request is recorded');
  const [record] = running.records;
  assert.equal(record?.outcome, 'ok');
  assert.deepEqual(record?.continuedBy, ['anthropic/m']);
  assert.equal(record?.answeredBy, 'openai/m');
  assert.deepEqual(
    record?.attempts.map(({ target, outcome }) => [target, outcome]),
    [
      ['openai/m', 'reset'],
      ['anthropic/m', 'ok'],
    ],
  );
  assert.equal(running.gate.reserved.length, 2);
  assert.deepEqual(
    running.gate.settled.map(({ billing }) => billing),
    ['unknown', 'reported'],
  );
  assert.deepEqual(running.faults, []);
});

test('white space at the seam is delivered once, and none is sent at the end of a beginning', async (t) => {
  const { openai, anthropic, running } = await stage(t);
  // The fake sends white space at the end of a text as a word of its own.
  openai.respondWith(cut('one two \n', 4));
  anthropic.respondWith({ text: ' three' });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.equal(textOf(text), 'one two \nthree');
  assert.deepEqual(lastMessage(anthropic), { role: 'assistant', content: [{ type: 'text', text: 'one two' }] });
});

test('a target whose API answers a beginning anew is left out, and one that can be told to go on is told', async (t) => {
  const { openai, anthropic, vllm, running } = await stage(t, ['anthropic', 'openai', 'vllm']);
  anthropic.respondWith(cut('one two three', 5));
  vllm.respondWith({ text: ' go on' });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.equal(textOf(text), 'one two go on');
  assert.equal(openai.requests.length, 0);
  const [asked] = vllm.requests;
  assert.equal(asked?.body?.continue_final_message, true);
  assert.equal(asked?.body?.add_generation_prompt, false);
});

test('a stream that breaks twice is continued twice, each time with all that was said', async (t) => {
  const { openai, anthropic, vllm, running } = await stage(t, ['openai', 'anthropic', 'vllm']);
  openai.respondWith(cut('one two', 3));
  anthropic.respondWith(cut(' three four', 5));
  vllm.respondWith({ text: ' five' });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.equal(textOf(text), 'one two three four five');
  assert.deepEqual(lastMessage(vllm), { role: 'assistant', content: 'one two three four' });
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.deepEqual(running.records[0]?.continuedBy, ['anthropic/m', 'vllm/m']);
});

test('a hedge that was too late to be heard goes on with the stream when that breaks', async (t) => {
  const { openai, anthropic, running } = await stage(t, [], {
    policy: {
      routes: [
        {
          stream: CONTINUE,
          targets: ['openai', 'anthropic'].map((provider) => ({ provider })),
          hedge: { afterMs: 1, maxPercent: 100 },
        },
      ],
    },
  });
  const { promise: bothAreAsked, resolve } = Promise.withResolvers<void>();
  openai.respondWith({ ...cut('one two three four', 4), holdHead: bothAreAsked });
  anthropic.respondOnce({ holdHead: new Promise<never>(() => {}) });
  anthropic.respondWith({ text: ' four five' });
  const asking = post(running.url, STREAMED_CHAT);
  await until(() => anthropic.requests.length === 1, 'the hedge is under way');
  resolve();
  const { text } = await asking;
  assert.equal(textOf(text), 'one two three four five');
  await until(() => running.records.length === 1, 'it is recorded');
  assert.deepEqual(
    running.records[0]?.attempts.map(({ target, outcome, hedge }) => [target, outcome, hedge]),
    [
      ['openai/m', 'reset', undefined],
      ['anthropic/m', 'superseded', true],
      ['anthropic/m', 'ok', undefined],
    ],
  );
  assert.deepEqual([running.gate.reserved.length, running.gate.settled.length], [3, 3]);
});

const TERMINATES: Readonly<Record<string, { script: Script; body?: object }>> = {
  'after a tool call began': {
    script: {
      text: 'one',
      toolCalls: [{ id: 'c', name: 'f', arguments: '{"a":1}' }],
      fault: { kind: 'cut', afterEvents: 3 },
    },
  },
  'where JSON was asked for': {
    script: cut('one two three', 3),
    body: { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } } },
  },
  'where several answers were asked for': { script: cut('one two three', 3), body: { n: 2 } },
};

for (const [when, { script, body }] of Object.entries(TERMINATES))
  test(`a stream that breaks ${when} ends in an error event`, async (t) => {
    const { openai, anthropic, running } = await stage(t);
    openai.respondWith(script);
    const { text } = await post(running.url, JSON.stringify({ ...JSON.parse(STREAMED_CHAT), ...body }));
    assert.match(text, /data: \{"error":.*"stream_broken".*\}\n\n$/);
    assert.equal(anthropic.requests.length, 0);
  });

test('a stream that breaks after signed reasoning ends in an error event', async (t) => {
  const { anthropic, vllm, running } = await stage(t, ['anthropic', 'vllm']);
  anthropic.respondWith({ text: 'one two three', reasoning: 'hm', fault: { kind: 'cut', afterEvents: 8 } });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.match(textOf(text), /^one/);
  assert.match(text, /"stream_broken"/);
  assert.equal(vllm.requests.length, 0);
});

test('when nobody can go on the client is told what it would be told without', async (t) => {
  const { openai, anthropic, running } = await stage(t);
  openai.respondWith(cut('one two three', 3));
  anthropic.respondWith({ fault: { kind: 'status', status: 500 } });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.match(text, /data: \{"error":.*AIProvider default\/openai ended the stream early.*"stream_broken".*\}\n\n$/);
  assert.ok(!text.includes('continued by'));
  await until(() => running.records.length === 1, 'the request is recorded');
  assert.equal(running.records[0]?.outcome, 'stream_broken');
  assert.equal(running.records[0]?.continuedBy, undefined);
});

test('without Continue nobody is asked to go on', async (t) => {
  const { openai, anthropic, running } = await stage(t, [], {
    policy: { routes: [{ targets: [{ provider: 'openai' }, { provider: 'anthropic' }] }] },
  });
  openai.respondWith(cut('one two three', 3));
  assert.match((await post(running.url, STREAMED_CHAT)).text, /"stream_broken"/);
  assert.equal(anthropic.requests.length, 0);
});

/** Has money for one attempt. */
class SmallGate extends OpenGate {
  override async reserve(...attempt: Parameters<OpenGate['reserve']>) {
    if (this.reserved.length === 1)
      throw new RemoraError({ code: 'budget_exceeded', message: 'Budget exceeded.', object: 'AIBudget default/b' });
    return super.reserve(...attempt);
  }
}

test('what goes on is paid like any attempt: a budget that has no more for it ends the stream', async (t) => {
  const budgetGate = new SmallGate();
  const { openai, anthropic, running } = await stage(t, ['openai', 'anthropic'], { deps: { budgetGate } });
  openai.respondWith(cut('one two three', 3));
  assert.match((await post(running.url, STREAMED_CHAT)).text, /"stream_broken"/);
  assert.equal(anthropic.requests.length, 0);
  assert.equal(budgetGate.settled.length, 1, 'what broke off is booked');
});

test('what an output guardrail looks for is found across the seam', async (t) => {
  const { openai, anthropic, running } = await stage(t, ['openai', 'anthropic'], {
    policy: { guardrails: [buildGuardrail({ patterns: ['three four'] })] },
  });
  openai.respondWith(cut('one two three', 4));
  anthropic.respondWith({ text: ' four five' });
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.doesNotMatch(textOf(text), /three|four/);
  assert.match(textOf(text), /^one two .* five$/);
});

test('a target whose answers more guardrails inspect does not go on with what they did not see', async (t) => {
  const { openai, anthropic, vllm, running } = await stage(t, ['openai', 'anthropic', 'vllm'], {
    policy: { guardrails: [buildGuardrail({ detect: ['Email'], unlessTags: ['eu'] })] },
    tags: { openai: ['eu'], vllm: ['eu'] },
  });
  openai.respondWith(cut('one two three', 4));
  vllm.respondWith({ text: ' four' });
  assert.equal(textOf((await post(running.url, STREAMED_CHAT)).text), 'one two three four');
  assert.equal(anthropic.requests.length, 0);
});

test('the text so far passes the input guardrails of whoever goes on', async (t) => {
  const { openai, anthropic, running } = await stage(t, ['openai', 'anthropic'], {
    policy: { guardrails: [buildGuardrail({ stage: 'Input', detect: ['Email'] })] },
  });
  openai.respondWith(cut('Ask ada@example.org now please', 4));
  anthropic.respondWith({ text: ' thanks' });
  await post(running.url, STREAMED_CHAT);
  assert.equal(anthropic.requests.length, 1);
  assert.ok(!anthropic.requests[0]?.rawBody.includes('ada@example.org'));
  assert.match(anthropic.requests[0]?.rawBody ?? '', /Ask .* now/);
});

test('Anthropic’s client reads one message, and its own beginning stays the first part of what is sent on', async (t) => {
  const { anthropic, vllm, running } = await stage(t, ['anthropic', 'vllm']);
  anthropic.respondWith(cut('two three', 5));
  vllm.respondWith({ text: ' four' });
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  const message = await client.messages
    .stream({
      model: 'chat',
      max_tokens: 100,
      messages: [
        { role: 'user', content: 'Count.' },
        { role: 'assistant', content: 'one ' },
      ],
    })
    .finalMessage();
  assert.deepEqual(
    message.content.map((part) => part.type === 'text' && part.text),
    ['two three four'],
  );
  assert.equal(message.stop_reason, 'end_turn');
  assert.deepEqual(lastMessage(vllm), { role: 'assistant', content: 'one two three' });
});

test('clients of Responses read one answer', async (t) => {
  const { anthropic, vllm, running } = await stage(t, ['anthropic', 'vllm']);
  anthropic.respondWith(cut('one two', 5));
  vllm.respondWith({ text: ' three' });
  const client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'placeholder', maxRetries: 0 });
  const stream = client.responses.stream({ model: 'chat', input: 'Count.' });
  const response = await stream.finalResponse();
  assert.equal(response.output_text, 'one two three');
  assert.equal(response.status, 'completed');
});

test('an answer that a guardrail has ended is not gone on with', async (t) => {
  const { openai, anthropic, running } = await stage(t, ['openai', 'anthropic'], {
    policy: { guardrails: [buildGuardrail({ patterns: ['two'], action: 'Block' })] },
  });
  openai.respondWith(cut('one two three four five', 6));
  const { text } = await post(running.url, STREAMED_CHAT);
  assert.match(text, /content_filter/);
  assert.equal(anthropic.requests.length, 0);
});

const WHOLE = 'one  two\nthree four five';

/** What a model that reads the beginning of its answer would say: the rest of it. */
function restOf({ body }: FakeRequest): Script {
  const messages = (body?.messages ?? []) as { role: string; content: string | { text: string }[] }[];
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return { text: WHOLE };
  const beginning = typeof last.content === 'string' ? last.content : last.content.map(({ text }) => text).join('');
  assert.ok(WHOLE.startsWith(beginning) && beginning === beginning.trimEnd(), JSON.stringify(beginning));
  return { text: WHOLE.slice(beginning.length) };
}

for (const first of ['openai', 'anthropic', 'vllm'] as const)
  for (const kind of ['cut', 'error-in-stream'] as const)
    test(`wherever a stream of ${first} ends by ${kind}, the client reads each word once, or is told that it is broken`, async (t) => {
      const { running, ...providers } = await stage(t, [first, first === 'anthropic' ? 'vllm' : 'anthropic']);
      for (const provider of Object.values(providers)) provider.respondWith(restOf);
      let continued = 0;
      for (let afterEvents = 0; afterEvents < 12; afterEvents += 1) {
        providers[first].respondOnce({ text: WHOLE, fault: { kind, afterEvents } });
        const { text } = await post(running.url, STREAMED_CHAT);
        if (text.includes('continued by')) continued += 1;
        assert.equal(textOf(text), WHOLE, `after ${afterEvents} events`);
        assert.ok(text.endsWith('data: [DONE]\n\n') !== text.includes('"stream_broken"'));
      }
      assert.ok(continued >= 4, `only ${continued} were continued`);
      assert.deepEqual(running.faults, []);
    });

test('clients of Gemini read one answer', async (t) => {
  const { anthropic, vllm, running } = await stage(t, ['anthropic', 'vllm']);
  anthropic.respondWith(cut('one two', 5));
  vllm.respondWith({ text: ' three' });
  const client = new GoogleGenAI({ apiKey: 'placeholder', httpOptions: { baseUrl: running.url } });
  let text = '';
  for await (const chunk of await client.models.generateContentStream({ model: 'chat', contents: 'Count.' }))
    text += chunk.text ?? '';
  assert.equal(text, 'one two three');
});

test('what a model said binds the next target as what a client says: required tags are judged anew', async (t) => {
  const requirements = [{ policy: 'sys/pii', require: [{ when: 'request.pii', tags: ['azure'] }] }];
  const said = 'Write to ada@example.org now, or call.';
  const open = await stage(t, ['openai', 'anthropic'], { policy: { requirements } });
  open.openai.respondWith(cut(said, 6));
  const { text } = await post(open.running.url, STREAMED_CHAT);
  assert.match(text, /"stream_broken"/);
  assert.equal(open.anthropic.requests.length, 0);

  const tagged = await stage(t, ['openai', 'anthropic'], { policy: { requirements }, tags: { anthropic: ['azure'] } });
  tagged.openai.respondWith(cut(said, 6));
  assert.ok((await post(tagged.running.url, STREAMED_CHAT)).text.endsWith('data: [DONE]\n\n'));
  assert.equal(tagged.anthropic.requests.length, 1);
});
