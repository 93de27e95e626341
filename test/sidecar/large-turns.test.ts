/**
 * However a large body is made, others get their turns of the event loop while it is worked on. The whole pipeline runs here without a socket, so
 * that every turn of the loop that passes meanwhile is one that the work itself gave: nothing is timed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyGuardrail } from '#contract/policy/policy';
import { assemblePipeline } from '#sidecar/assemble-pipeline';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { DEFAULT_SIDECAR_CONFIG } from '#sidecar/config/sidecar-config';
import { type Endpoint, endpointAt } from '#sidecar/dialects/index';
import { RemoraError } from '#sidecar/errors/remora-error';
import { compileGuardrails } from '#sidecar/guardrails/compile';
import { CollectedReply } from '#sidecar/jobs/collected-reply';
import { handle } from '#sidecar/pipeline/handle';
import { ClientGone, RequestScope } from '#sidecar/pipeline/scope/request-scope';
import type { RequestRecord } from '#sidecar/telemetry/request-record';
import type { UpstreamRequest } from '#sidecar/upstream/upstream';
import { buildGuardrail } from '#test/support/build-policy';
import { OpenGate, policyOf } from './start-sidecar.ts';

const POLICY = {
  providers: {
    openai: { type: 'OpenAICompatible', endpoint: 'http://openai.test/v1' },
    anthropic: { type: 'Anthropic', endpoint: 'http://anthropic.test/v1' },
    gemini: { type: 'Gemini', endpoint: 'http://gemini.test/v1beta' },
    // Of batches.
    account: { type: 'OpenAI', endpoint: 'http://account.test/v1' },
  },
  routes: ['openai', 'anthropic', 'gemini', 'account'].map((provider) => ({
    models: [provider],
    targets: [{ provider, model: 'm' }],
    onUnsupported: 'Drop' as const,
  })),
} as const;

const MASK = buildGuardrail({ name: 'addresses', stage: 'Input', detect: ['Email'] });

interface Asked {
  readonly path: string;
  readonly body: Uint8Array;
  readonly type?: string;
  readonly answer: JsonObject;
  readonly guardrails?: readonly PolicyGuardrail[];
  /** Called in every turn of the loop while the request is worked on. */
  readonly onTurn?: (turns: number, scope: RequestScope) => void;
}

interface Went {
  /** Of the event loop, while the request was worked on. */
  readonly turns: number;
  readonly record: RequestRecord | undefined;
  readonly sent: readonly UpstreamRequest[];
  readonly status: number | undefined;
  readonly answer: JsonObject;
}

/** One request from its bytes to its answer's bytes. The provider is asked and answers within the same turn. */
async function pass(asked: Asked): Promise<Went> {
  const records: RequestRecord[] = [];
  const sent: UpstreamRequest[] = [];
  const faults: unknown[] = [];
  const raw = Buffer.from(JSON.stringify(asked.answer));
  const parts = assemblePipeline(DEFAULT_SIDECAR_CONFIG, {
    budgetGate: new OpenGate(),
    compileGuardrails,
    upstream: {
      send: async (request) => {
        sent.push(request);
        const body = { takeArrived: () => [raw], [Symbol.asyncIterator]: () => raw.values() as never };
        return { status: 200, headers: { 'content-type': 'application/json' }, body };
      },
      close: async () => {},
    },
    telemetry: { record: (record) => void records.push(record) },
    now: () => 1_790_000_000_000,
    random: () => 0,
    onFault: (fault) => void faults.push(fault),
  });
  const { deadlines, policies } = parts;
  policies.applyPolicy(policyOf({ ...POLICY, guardrails: asked.guardrails ?? [] }), 'hash');
  const scope = new RequestScope(deadlines);
  const reply = new CollectedReply(64 * 1024 * 1024);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    if (isOver) return;
    turns += 1;
    asked.onTurn?.(turns, scope);
    setImmediate(turn);
  };
  setImmediate(turn);
  await handle(
    {
      requestId: 'request-1',
      endpoint: endpointAt(asked.path, { method: 'POST', headers: {} }) as Endpoint,
      headers: { 'content-type': asked.type ?? 'application/json' },
      body: { read: async () => asked.body, retain: () => {}, weigh: () => {}, release: () => {} },
      reply,
      scope,
    },
    parts,
  );
  isOver = true;
  deadlines.close();
  assert.deepEqual(faults, []);
  const { collected } = reply;
  const answer = collected === undefined ? {} : JSON.parse(Buffer.from(collected.body).toString());
  return { turns, record: records[0], sent, status: collected?.status, answer };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
/** Of about a hundred bytes each: a little more than a MiB. */
const COUNT = 12_000;
const NOTE = 'and then some more, as it was said. '.repeat(2);
/** Of a walk over all of them, at least. */
const RESTS = Math.floor(COUNT / 1024);

const said = (content: JsonValue): JsonObject => ({ role: 'user', content });
const called = (index: number): JsonObject => ({
  id: `call_${index}`,
  type: 'function',
  function: { name: 'f', arguments: `{"place":${index},"note":"of ann@example.com ${NOTE}"}` },
});

/** Of Chat Completions: many small things of each kind. */
const REQUESTS: Readonly<Record<string, JsonObject>> = {
  'tiny turns': {
    messages: times(COUNT, (index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: `Say ${index}, ${NOTE}`,
    })),
  },
  'tiny parts': { messages: [said(times(COUNT, (index) => ({ type: 'text', text: `Say ${index}, ${NOTE}` })))] },
  'calls and their results': {
    messages: [
      said('Go.'),
      { role: 'assistant', content: null, tool_calls: times(COUNT / 2, called) },
      ...times(COUNT / 2, (index) => ({ role: 'tool', tool_call_id: `call_${index}`, content: NOTE })),
    ],
  },
  tools: {
    messages: [said('Go.')],
    tools: times(COUNT, (index) => ({
      type: 'function',
      function: { name: `f${index}`, description: `${index} ${NOTE}` },
    })),
  },
};

const chatAnswer = (message: JsonObject): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const claudeAnswer = (content: JsonObject[]): JsonObject => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content,
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 2 },
});
function textAnswer(model: string, text: string): JsonObject {
  if (model === 'openai') return chatAnswer({ content: text });
  if (model === 'anthropic') return claudeAnswer([{ type: 'text', text }]);
  return { candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }] };
}
const ANSWERS = Object.fromEntries(
  ['openai', 'anthropic', 'gemini'].map((model) => [model, textAnswer(model, 'Yes.')]),
);

const jsonOf = (body: JsonObject, model: string): Buffer => Buffer.from(JSON.stringify({ model, ...body }));

for (const [shape, body] of Object.entries(REQUESTS)) {
  for (const [model, answer] of Object.entries(ANSWERS)) {
    for (const guardrails of [[], [MASK]]) {
      test(`${shape} ${guardrails.length > 0 ? 'that are looked at ' : ''}on their way to ${model} leave others their turns`, async () => {
        const path = '/v1/chat/completions';
        const bytes = jsonOf(body, model);
        const oneText = jsonOf({ messages: [said('x'.repeat(bytes.length))] }, model);
        const bare = await pass({ path, body: oneText, answer, guardrails });
        const went = await pass({ path, body: bytes, answer, guardrails });
        assert.equal(went.status, 200, JSON.stringify(went.answer).slice(0, 500));
        // Read by the dialect, and where it goes to another API looked through for what that lacks and written by its wire.
        const passes = model === 'openai' ? 1 + guardrails.length : 3;
        assert.ok(went.turns - bare.turns >= passes * RESTS - 4, `${went.turns} turns, ${bare.turns} of the bytes`);
      });
    }
  }
}

test('a small request takes no turn of the loop, whatever is done with it', async () => {
  for (const [model, answer] of Object.entries(ANSWERS)) {
    for (const guardrails of [[], [MASK], [{ ...MASK, stage: 'Output' as const }]]) {
      const body = jsonOf({ messages: [said('Write to ann@example.com.')] }, model);
      const went = await pass({ path: '/v1/chat/completions', body, answer, guardrails });
      assert.deepEqual([went.status, went.turns], [200, 0]);
    }
  }
});

const line = (index: number): string =>
  JSON.stringify({
    custom_id: `${index}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm', messages: [said('Hi')] },
  });
const upload = (file: string, purpose = 'batch'): Buffer =>
  Buffer.from(
    `--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n${purpose}\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n${file}\r\n--b--\r\n`,
  );

for (const [shape, file] of Object.entries({
  'many lines': times(COUNT, line).join('\n'),
  'one long line': JSON.stringify({
    body: { model: 'm', messages: times(4 * COUNT, (index) => said(`Say ${index}, ${NOTE}`)) },
  }),
  'a long gap': `${line(0)}${'\n'.repeat(16 * 1024 * 1024)}${line(1)}`,
})) {
  for (const guardrails of [[], [MASK]]) {
    test(`a batch file of ${shape} ${guardrails.length > 0 ? 'that is looked at ' : ''}leaves others their turns`, async () => {
      const sending = {
        path: '/v1/files',
        type: 'multipart/form-data; boundary=b',
        answer: { id: 'file-1', object: 'file' },
        guardrails,
      };
      // A file that nobody reads: its boundaries are searched.
      const bare = await pass({ ...sending, body: upload(file, 'evals'), guardrails: [] });
      const went = await pass({ ...sending, body: upload(file) });
      assert.deepEqual([went.sent.length, went.status], [1, 200], JSON.stringify(went.answer));
      const own = went.turns - bare.turns;
      assert.ok(own >= Math.floor(file.length / (256 * 1024)), `${own} turns`);
      if (shape === 'many lines') assert.ok(own >= RESTS, `${own} turns`);
    });
  }
}

/** By the model that is asked, which is the API that answers. */
const LARGE_ANSWERS: Readonly<Record<string, readonly [model: string, answer: JsonObject]>> = {
  'of calls from openai': ['openai', chatAnswer({ tool_calls: times(COUNT, called) })],
  'of calls from anthropic': [
    'anthropic',
    claudeAnswer(
      times(COUNT, (index) => ({ type: 'tool_use', id: `t${index}`, name: 'f', input: { place: index, note: NOTE } })),
    ),
  ],
  'of texts from anthropic': [
    'anthropic',
    claudeAnswer(times(COUNT, (index) => ({ type: 'text', text: `Said ${index}, ${NOTE}` }))),
  ],
  'of calls from gemini': [
    'gemini',
    {
      candidates: [
        {
          content: {
            role: 'model',
            parts: times(COUNT, (index) => ({ functionCall: { name: 'f', args: { place: index, note: NOTE } } })),
          },
          finishReason: 'STOP',
        },
      ],
    },
  ],
};
/** One request of each API. */
const CLIENTS: Readonly<Record<string, JsonObject>> = {
  '/v1/chat/completions': { messages: [said('Go.')] },
  '/v1/messages': { max_tokens: 9, messages: [said('Go.')] },
  '/v1/responses': { input: 'Go.' },
};

for (const [shape, [model, answer]] of Object.entries(LARGE_ANSWERS)) {
  for (const [path, asked] of Object.entries(CLIENTS)) {
    for (const guardrails of path === '/v1/responses' ? [[]] : [[], [{ ...MASK, stage: 'Output' as const }]]) {
      test(`an answer ${shape} to ${path}${guardrails.length > 0 ? ' that is looked at' : ''} leaves others their turns`, async () => {
        const bytes = JSON.stringify(answer).length;
        const bare = await pass({ path, body: jsonOf(asked, model), answer: textAnswer(model, 'x'.repeat(bytes)) });
        const went = await pass({ path, body: jsonOf(asked, model), answer, guardrails });
        assert.equal(went.status, 200);
        // Read by the wire, and where it is written anew looked through for what is lost of it and written by the dialect.
        const passes = went.record?.lane === 'passthrough' ? 1 : 3;
        assert.ok(went.turns - bare.turns >= passes * RESTS - 4, `${went.turns} turns, ${bare.turns} of the bytes`);
        assert.equal(went.record?.usage?.outputTokens ?? 0, model === 'gemini' ? 0 : 2);
        if (path === '/v1/chat/completions' && guardrails.length > 0)
          assert.equal(JSON.stringify(went.answer).includes('ann@example.com'), false);
      });
    }
  }
}

for (const [cause, outcome] of [
  [new ClientGone(), 'client_closed'],
  [new RemoraError({ code: 'upstream_timeout', message: 'Too late.' }), 'upstream_timeout'],
] as const) {
  for (const [where, asked] of Object.entries({
    'a large request': { body: jsonOf(REQUESTS['tiny turns'] ?? {}, 'anthropic'), answer: ANSWERS.anthropic ?? {} },
    'a large answer': {
      body: jsonOf({ messages: [said('Go.')] }, 'anthropic'),
      answer: LARGE_ANSWERS['of calls from anthropic']?.[1] ?? {},
    },
  })) {
    test(`${cause.name} in the midst of ${where} ends the work at once, wherever it is`, async () => {
      const path = '/v1/chat/completions';
      const { turns } = await pass({ path, ...asked });
      for (const at of [0, 0.4, 0.9].map((share) => 1 + Math.floor(share * turns))) {
        let last = 0;
        const went = await pass({
          path,
          ...asked,
          onTurn: (turn, scope) => {
            last = turn;
            if (turn === at) scope.cancel(cause);
          },
        });
        assert.equal(went.record?.outcome, outcome);
        assert.ok(last <= at + 2, `cancelled in turn ${at} of ${turns}, over in ${last}`);
      }
    });
  }
}
