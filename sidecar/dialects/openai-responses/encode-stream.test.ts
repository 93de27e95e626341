import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { Choice } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Part } from '#sidecar/canonical/part';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { writeSse } from '#sidecar/stream/write-sse';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import { canonicalEventsOf, decodeProviderStream } from '#test/support/decode-provider-stream';
import { encodeClientStream } from '#test/support/encode-client-stream';
import { assertGoldenText } from '#test/support/golden';
import { decodeRequest } from './decode-request.ts';
import { encodeItems } from './encode-items.ts';
import { streamEncoder } from './encode-stream.ts';

const wire = openaiResponsesWire({ name: 'OpenAI' });
const request = decodeRequest({
  model: 'chat',
  input: 'Hi',
  instructions: 'Be brief.',
  stream: true,
  metadata: { trace: 'a' },
  tools: [{ type: 'function', name: 'weather', parameters: null, strict: null }],
});
const context: EncodeContext = { request, nowSeconds: 1, costUsd: () => '0.000125' };

const encode = (events: readonly StreamEvent[], encodeContext: EncodeContext = context): SseEvent[] =>
  encodeClientStream(streamEncoder, events, encodeContext);

const parsed = (written: readonly SseEvent[]): ResponseStreamEvent[] => written.map(({ data }) => JSON.parse(data));

/** What the official client makes of the stream; it checks places and ids of every event. */
async function readByClient(written: readonly SseEvent[]): Promise<Response> {
  const client = new OpenAI({
    apiKey: 'placeholder',
    baseURL: 'http://gateway.invalid/v1',
    maxRetries: 0,
    fetch: async () =>
      new globalThis.Response(written.map(writeSse).join(''), { headers: { 'content-type': 'text/event-stream' } }),
  });
  return client.responses.stream({ model: 'chat', input: 'Hi' }).finalResponse();
}

const folder = join(import.meta.dirname, 'fixtures');
/** The canonical events of every provider's fixtures, and of this API's own, are this encoder's cases. */
const CASES = globSync([
  join(import.meta.dirname, '../../providers/{anthropic,openai,openai-compatible}/fixtures/*.events.json'),
  join(import.meta.dirname, '../../wires/openai-responses/fixtures/*.events.json'),
]).sort();
assert.ok(CASES.length > 40);

for (const path of CASES) {
  const name = `${basename(join(path, '../..'))}-${basename(path, '.events.json')}`;
  test(`streamEncoder writes ${name} as its golden file says, and the official client reads it`, async () => {
    const events: StreamEvent[] = JSON.parse(readFileSync(path, 'utf8'));
    const written = encode(events);
    assertGoldenText(join(folder, `${name}.sse`), written.map(writeSse).join(''));
    const read = parsed(written);
    assert.deepEqual(
      read.map((event) => event.type !== 'error' && event.sequence_number),
      read.map((_, index) => index),
    );
    assert.deepEqual(
      read.map(({ type }) => type),
      written.map(({ event }) => event),
    );
    const ending = read.at(-1);
    const isEnded = ending?.type === 'response.completed' || ending?.type === 'response.incomplete';
    assert.equal(isEnded, events.at(-1)?.type === 'response-end');
    assert.equal(
      written.some(({ data }) => data === '[DONE]'),
      false,
    );
    if (!isEnded) return;
    const { output_text, ...final } = await readByClient(written);
    const { output: streamed, ...told } = final;
    const { output, ...rest } = ending.response;
    assert.deepEqual(JSON.parse(JSON.stringify({ ...told, output_parsed: undefined })), rest);
    assert.deepEqual(
      streamed.map(({ type, id }) => [type, id]),
      output.map(({ type, id }) => [type, id]),
    );
    assert.equal(output_text, textOf(events));
  });
}

const textOf = (events: readonly StreamEvent[]): string =>
  events.map((event) => (event.type === 'text-delta' && event.choice === 0 ? event.text : '')).join('');

test('streamEncoder says nothing before the first content, so that a retry is still possible', () => {
  assert.deepEqual(encode([{ type: 'response-start', id: 'a', model: 'm' }]), []);
});

test('streamEncoder repeats the request, and tells usage and cost, in the last event', () => {
  const events: StreamEvent[] = JSON.parse(
    readFileSync(CASES.find((path) => path.endsWith('anthropic/fixtures/text.events.json')) ?? '', 'utf8'),
  );
  const last = parsed(encode(events)).at(-1);
  assert.ok(last?.type === 'response.completed');
  assert.equal(last.response.instructions, 'Be brief.');
  assert.deepEqual(last.response.metadata, { trace: 'a' });
  assert.equal(last.response.tools[0]?.type, 'function');
  assert.deepEqual((last.response.usage as unknown as JsonObject).cost, 0.000125);
});

test('streamEncoder ends nothing well after an error, even if the provider went on', () => {
  const written = encode([
    { type: 'text-delta', choice: 0, text: 'a' },
    { type: 'error', error: { class: 'server-error', message: 'y' } },
    { type: 'response-end' },
  ]);
  assert.equal(
    written.some(({ event }) => event === 'response.completed'),
    false,
  );
});

test('a call without arguments has an empty object for clients that parse it', () => {
  const written = parsed(
    encode([
      { type: 'tool-call-start', choice: 0, index: 0, id: 'c', name: 'now' },
      { type: 'finish', choice: 0, reason: 'tool-calls' },
      { type: 'response-end' },
    ]),
  );
  const done = written.find((event) => event.type === 'response.function_call_arguments.done');
  assert.equal(done?.type === 'response.function_call_arguments.done' && done.arguments, '{}');
});

test('an answer that was cut by its maximum says so, and which item is incomplete', () => {
  const last = parsed(
    encode([
      { type: 'text-delta', choice: 0, text: 'Half of' },
      { type: 'finish', choice: 0, reason: 'length' },
      { type: 'response-end' },
    ]),
  ).at(-1);
  assert.ok(last?.type === 'response.incomplete');
  assert.deepEqual(last.response.incomplete_details, { reason: 'max_output_tokens' });
  assert.equal(last.response.output[0]?.type === 'message' && last.response.output[0].status, 'incomplete');
});

/** Blocks as a provider may write them in any order, calls with their arguments in pieces that interleave. */
const blocks = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('text' as const), text: fc.string({ minLength: 1, unit: 'grapheme' }) }),
    fc.record({ kind: fc.constant('refusal' as const), text: fc.string({ minLength: 1 }) }),
    fc.record({
      kind: fc.constant('reasoning' as const),
      text: fc.string(),
      by: fc.constantFrom('anthropic-messages', 'google-gemini', 'openai-responses'),
    }),
    fc.record({ kind: fc.constant('call' as const), text: fc.string({ minLength: 1 }) }),
  ),
  { maxLength: 8 },
);

type Block = typeof blocks extends fc.Arbitrary<(infer B)[]> ? B : never;

const sealOf = (by: string) => ({ by, data: by === 'openai-responses' ? 'rs_9|gAAAA' : 'c2VhbA==' });

function eventsOf(said: readonly Block[]): StreamEvent[] {
  let calls = 0;
  const late: StreamEvent[] = [];
  const events = said.flatMap((block): StreamEvent[] => {
    if (block.kind === 'text' || block.kind === 'refusal')
      return [{ type: `${block.kind}-delta`, choice: 0, text: block.text }];
    if (block.kind === 'reasoning' && block.text === '')
      return [{ type: 'reasoning-redacted', choice: 0, redacted: sealOf(block.by) }];
    if (block.kind === 'reasoning')
      return [
        { type: 'reasoning-delta', choice: 0, text: block.text },
        { type: 'reasoning-signature', choice: 0, signature: sealOf(block.by) },
      ];
    const index = calls;
    calls += 1;
    const half = block.text.length >> 1;
    late.push({ type: 'tool-call-delta', choice: 0, index, arguments: block.text.slice(half) });
    const first = block.text.slice(0, half);
    return [
      { type: 'tool-call-start', choice: 0, index, id: `c${index}`, name: 'f' },
      ...(first === '' ? [] : [{ type: 'tool-call-delta', choice: 0, index, arguments: first } as const]),
    ];
  });
  return [
    { type: 'response-start', id: 'resp_a', model: 'm', created: 5 },
    ...events,
    ...late,
    { type: 'finish', choice: 0, reason: 'stop', raw: 'completed' },
    { type: 'response-end' },
  ];
}

function partsOf(said: readonly Block[]): Part[] {
  let calls = 0;
  const parts: Part[] = [];
  for (const block of said) {
    const last = parts.at(-1);
    if (block.kind === 'call') {
      parts.push({ type: 'tool-call', id: `c${calls}`, name: 'f', arguments: block.text });
      calls += 1;
    } else if (block.kind === 'reasoning') {
      const sealed = sealOf(block.by);
      parts.push({
        type: 'reasoning',
        text: block.text,
        ...(block.text ? { signature: sealed } : { redacted: sealed }),
      });
    } else if (last?.type === block.kind) parts[parts.length - 1] = { ...last, text: last.text + block.text } as Part;
    else parts.push({ type: block.kind, text: block.text });
  }
  return parts;
}

test('a stream and the whole answer have the same output, whatever was said in whatever order', () => {
  fc.assert(
    fc.property(blocks, (said) => {
      const last = parsed(encode(eventsOf(said))).at(-1);
      const choice: Choice = { index: 0, parts: partsOf(said), finishReason: 'stop' };
      const whole = encodeItems(choice, { stem: 'a', status: 'completed' });
      assert.ok(last?.type === 'response.completed');
      const told = last.response.output.map((item) => (item.type === 'reasoning' ? { ...item, id: '' } : item));
      // Reasoning had to be named before its own id was known.
      assert.deepEqual(
        told,
        whole.map((item) => (item.type === 'reasoning' ? { ...item, id: '' } : item)),
      );
    }),
    { seed: 51, numRuns: 500 },
  );
});

test('streamEncoder and the Responses decoder are inverse over any content, in any byte split', () => {
  fc.assert(
    fc.property(blocks, fc.integer({ min: 1, max: 97 }), (said, size) => {
      const written = encode(eventsOf(said.filter((block) => block.kind !== 'reasoning')));
      const expected = eventsOf(said.filter((block) => block.kind !== 'reasoning')).map((event) =>
        event.type === 'finish' && said.some((block) => block.kind === 'call')
          ? { ...event, reason: 'tool-calls' as const }
          : event,
      );
      assert.deepEqual(canonicalEventsOf(wire, written), expected);
      const bytes = Buffer.from(written.map(writeSse).join(''));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      assert.deepEqual(decodeProviderStream(wire, chunks), expected);
    }),
    { seed: 52, numRuns: 500 },
  );
});
