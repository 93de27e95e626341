/**
 * What every provider's golden answers say (text, thoughts, calls with their ids and arguments, proofs, usage, why they ended) is still said
 * after any dialect wrote it and the wire of the same API read it again; with random answers beside the golden ones.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatResponse, FinishReason } from '#sidecar/canonical/chat-response';
import { foldEvents } from '#sidecar/canonical/fold-events';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import type { Part, ToolCallPart } from '#sidecar/canonical/part';
import type { Sealed } from '#sidecar/canonical/sealed';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { unfoldResponse } from '#sidecar/canonical/unfold-response';
import { NO_USAGE, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { anthropicMessages } from '#sidecar/dialects/anthropic-messages/dialect';
import type { Dialect } from '#sidecar/dialects/dialect';
import { geminiGenerateContent } from '#sidecar/dialects/gemini-generate-content/dialect';
import { openaiChat } from '#sidecar/dialects/openai-chat/dialect';
import { openaiResponses } from '#sidecar/dialects/openai-responses/dialect';
import { anthropic } from '#sidecar/providers/anthropic/adapter';
import { gemini } from '#sidecar/providers/gemini/adapter';
import { openaiCompatible } from '#sidecar/providers/openai-compatible/adapter';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import { asObjects } from '#sidecar/wires/read-field';
import type { Wire } from '#sidecar/wires/wire';
import { buildRequest } from '#test/support/build-request';
import { canonicalEventsOf } from '#test/support/decode-provider-stream';
import { encodeClientStream } from '#test/support/encode-client-stream';

const SEED = 20_261_121;
const CONTEXT = { request: buildRequest({ includeUsage: true }), nowSeconds: 1 };

interface Pair {
  readonly dialect: Dialect;
  readonly wire: Wire;
  /** The next turn of a client that sends back what it was answered. */
  readonly next: (answer: JsonObject) => JsonObject;
}

const first = (value: JsonValue | undefined): JsonObject => asObjects(value)[0] ?? {};

const PAIRS: readonly Pair[] = [
  {
    dialect: openaiChat as Dialect,
    wire: openaiCompatible({}).wires[0] as Wire,
    next: ({ choices }) => ({ messages: [first(choices).message ?? null] }),
  },
  {
    dialect: anthropicMessages as Dialect,
    wire: anthropic.wires[0] as Wire,
    next: ({ content }) => ({ max_tokens: 9, messages: [{ role: 'assistant', content }] }),
  },
  {
    dialect: openaiResponses as Dialect,
    wire: openaiResponsesWire({ name: 'it' }) as Wire,
    next: ({ output }) => ({ input: output }),
  },
  {
    dialect: geminiGenerateContent as Dialect,
    wire: gemini.wires[0] as Wire,
    next: ({ candidates }) => ({ contents: [first(candidates).content ?? null] }),
  },
];

/** What no dialect may lose. A refusal is text where an API has no other place for it. */
interface Said {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly (readonly [id: string, name: string, args: unknown])[];
  readonly usage: readonly [input: number, output: number] | undefined;
  readonly end: string;
}

/** Each API has words for these; of others it says what it can. */
const SHARED_ENDS: readonly FinishReason[] = ['stop', 'length', 'tool-calls'];

/** A call that was cut, or that a model wrote wrong, is no object in APIs that want one. */
function argumentsOf(text: string): unknown {
  try {
    const parsed = JSON.parse(text === '' ? '{}' : text);
    return typeof parsed === 'object' ? parsed : { arguments: text };
  } catch {
    return { arguments: text };
  }
}

const countsOf = (usage: Usage | undefined): Said['usage'] =>
  usage && [totalInputTokens(usage), totalOutputTokens(usage)];

function saidInStream(events: readonly StreamEvent[]): Said {
  const of = (type: StreamEvent['type']) =>
    events
      .flatMap((event) => (event.type === type && 'text' in event && event.choice === 0 ? [event.text] : []))
      .join('');
  const calls = new Map<number, { id: string; name: string; args: string }>();
  let usage: Usage | undefined;
  let end = '';
  for (const event of events) {
    if (event.type === 'usage') usage = event.usage;
    if (!('choice' in event) || event.choice !== 0) continue;
    if (event.type === 'tool-call-start') calls.set(event.index, { id: event.id, name: event.name, args: '' });
    const call = event.type === 'tool-call-delta' ? calls.get(event.index) : undefined;
    if (call !== undefined && event.type === 'tool-call-delta') call.args += event.arguments;
    if (event.type === 'finish') end = SHARED_ENDS.includes(event.reason) ? event.reason : '';
  }
  const ordered = [...calls].sort(([a], [b]) => a - b).map(([, call]) => call);
  return {
    text: of('text-delta') + of('refusal-delta'),
    thoughts: of('reasoning-delta'),
    calls: ordered.map(({ id, name, args }) => [id, name, argumentsOf(args)]),
    usage: countsOf(usage),
    end,
  };
}

const textsOf = (parts: readonly Part[], type: Part['type']): string =>
  parts.flatMap((part) => (part.type === type && 'text' in part ? [part.text] : [])).join('');

function saidWhole({ choices, usage }: ChatResponse): Said {
  const [choice] = choices;
  const parts = choice?.parts ?? [];
  const calls = parts.filter((part): part is ToolCallPart => part.type === 'tool-call');
  const reason = choice?.finishReason ?? 'other';
  return {
    text: textsOf(parts, 'text') + textsOf(parts, 'refusal'),
    thoughts: textsOf(parts, 'reasoning'),
    calls: calls.map(({ id, name, arguments: args }) => [id, name, argumentsOf(args)]),
    usage: countsOf(usage),
    end: SHARED_ENDS.includes(reason) ? reason : '',
  };
}

/** What the client reads must hold what was said; an API may say more, such as zero for what was not counted. */
function assertKept(before: Said, after: Said, name: string): void {
  assert.equal(after.text, before.text, `${name}: text`);
  assert.equal(after.thoughts, before.thoughts, `${name}: thoughts`);
  assert.deepEqual(after.calls, before.calls, `${name}: calls`);
  if (before.usage !== undefined) assert.deepEqual(after.usage, before.usage, `${name}: usage`);
  if (before.end !== '') assert.equal(after.end, before.end, `${name}: end`);
}

const reread = ({ dialect, wire }: Pair, events: readonly StreamEvent[]): readonly StreamEvent[] =>
  canonicalEventsOf(wire, encodeClientStream(dialect.streamEncoder, events, CONTEXT));

const written = ({ dialect }: Pair, response: ChatResponse): JsonObject =>
  JSON.parse(JSON.stringify(dialect.encodeResponse(response, CONTEXT)));

const rewritten = (pair: Pair, response: ChatResponse): ChatResponse =>
  pair.wire.decodeResponse(written(pair, response));

const goldens = (ending: string): readonly (readonly [string, string])[] =>
  globSync(join(import.meta.dirname, `../../sidecar/providers/*/fixtures/*${ending}`))
    .sort()
    .map((path) => [path.split('/').slice(-3).join('/'), readFileSync(path, 'utf8')]);

for (const pair of PAIRS) {
  const { id } = pair.dialect;

  test(`${id} keeps what the golden streams of all providers say`, (t) => {
    let ran = 0;
    for (const [name, text] of goldens('.events.json')) {
      const events: StreamEvent[] = JSON.parse(text);
      if (events.at(-1)?.type !== 'response-end' || !events.some(({ type }) => type === 'finish')) continue;
      assertKept(saidInStream(events), saidInStream(reread(pair, events)), name);
      ran += 1;
    }
    assert.ok(ran > 30, String(ran));
    t.diagnostic(`${ran} streams`);
  });

  test(`${id} keeps what the golden answers of all providers say`, (t) => {
    let ran = 0;
    for (const [name, text] of goldens('.response.json')) {
      const response: ChatResponse = JSON.parse(text);
      if (response.choices === undefined) continue;
      assertKept(saidWhole(response), saidWhole(rewritten(pair, response)), name);
      ran += 1;
    }
    assert.ok(ran > 15, String(ran));
    t.diagnostic(`${ran} answers`);
  });

  test(`${id} keeps what a golden stream says where it is told whole, and a golden answer where it is streamed`, (t) => {
    let [folded, unfolded] = [0, 0];
    for (const [name, text] of goldens('.events.json')) {
      const events: StreamEvent[] = JSON.parse(text);
      const whole = foldEvents(events);
      if (whole === undefined) continue;
      assertKept(saidInStream(events), saidWhole(rewritten(pair, whole)), name);
      // And back again, as it is told to a third client.
      assertKept(saidInStream(events), saidInStream(reread(pair, unfoldResponse(whole) ?? [])), name);
      folded += 1;
    }
    for (const [name, text] of goldens('.response.json')) {
      const response: ChatResponse = JSON.parse(text);
      const events = response.choices && unfoldResponse(response);
      if (events === undefined) continue;
      assertKept(saidWhole(response), saidInStream(reread(pair, events)), name);
      assert.deepEqual(saidWhole(foldEvents(events) ?? response), saidWhole(response), name);
      unfolded += 1;
    }
    assert.ok(folded > 30 && unfolded > 12, `${folded} and ${unfolded}`);
    t.diagnostic(`${folded} streams and ${unfolded} answers`);
  });

  test(`${id} keeps any answer, and gives back what was proven of it, and by whom, in the next turn`, () => {
    fc.assert(
      fc.property(answer(), (response) => {
        assertKept(saidWhole(response), saidWhole(rewritten(pair, response)), id);
        if (response.choices[0]?.parts.length === 0) return;
        const body = { model: 'm', ...pair.next(written(pair, response)) };
        const { messages } = pair.dialect.decodeRequest(body, { model: 'm', action: 'generateContent' });
        assert.deepEqual(proofsOf(messages.flatMap(({ parts }) => parts)), proofsOf(response.choices[0]?.parts ?? []));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
}

const proofsOf = (parts: readonly Part[]) =>
  parts.flatMap((part) => {
    if (part.type === 'tool-call') return [[part.id, part.signature]];
    return part.type === 'reasoning' ? [[part.text, part.signature]] : [];
  });

const words = () => fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

const sealed = (): fc.Arbitrary<Sealed> =>
  fc.record(
    {
      by: fc.constantFrom('anthropic-messages', 'bedrock-converse', 'cohere-chat'),
      data: fc.base64String({ minLength: 4, maxLength: 24 }),
    },
    { noNullPrototype: true },
  );

function answer(): fc.Arbitrary<ChatResponse> {
  const thought = fc.record({ type: fc.constant('reasoning' as const), text: words(), signature: sealed() });
  const text = fc.record({ type: fc.constant('text' as const), text: words() });
  const call = fc.record({
    type: fc.constant('tool-call' as const),
    name: fc.stringMatching(/^[a-z_]{1,12}$/),
    signature: fc.option(sealed(), { nil: undefined }),
    arguments: fc
      .dictionary(fc.stringMatching(/^[a-z]{1,6}$/), words(), { maxKeys: 3 })
      .map((args) => JSON.stringify(args)),
  });
  const count = fc.nat(1_000);
  return fc
    .record({
      thoughts: fc.array(thought, { maxLength: 1 }),
      texts: fc.array(text, { maxLength: 1 }),
      calls: fc.array(call, { maxLength: 3 }),
      usage: fc.record({ inputTokens: count, cacheReadTokens: count, outputTokens: count, reasoningTokens: count }),
      cut: fc.boolean(),
    })
    .map(({ thoughts, texts, calls, usage, cut }) => ({
      id: 'answer-1',
      model: 'm',
      created: 1,
      choices: [
        {
          index: 0,
          parts: [...thoughts, ...texts, ...calls.map((call, index) => callOf(call, index))],
          finishReason: endOf(calls.length > 0, cut),
        },
      ],
      usage: { ...NO_USAGE, ...usage },
      extensions: {},
    }));
}

const callOf = (
  { signature, ...call }: Omit<ToolCallPart, 'id' | 'signature'> & { signature: Sealed | undefined },
  index: number,
): ToolCallPart => ({
  ...call,
  id: `call_${index}`,
  ...(signature !== undefined && { signature }),
});

function endOf(hasCalls: boolean, cut: boolean): FinishReason {
  if (cut) return 'length';
  return hasCalls ? 'tool-calls' : 'stop';
}
