import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#sidecar/canonical/json';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { NO_USAGE } from '#sidecar/canonical/usage';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { openai } from '#sidecar/providers/openai/adapter';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { writeSse } from '#sidecar/stream/write-sse';
import { buildRequest } from '#test/support/build-request';
import { canonicalEventsOf, decodeProviderStream } from '#test/support/decode-provider-stream';
import { encodeClientStream } from '#test/support/encode-client-stream';
import { assertGoldenText } from '#test/support/golden';
import { streamEncoder } from './encode-stream.ts';

const context: EncodeContext = {
  request: buildRequest({ includeUsage: true }),
  nowSeconds: 1,
  costUsd: () => '0.000125',
};

const encode = (events: readonly StreamEvent[], encodeContext: EncodeContext = context): SseEvent[] =>
  encodeClientStream(streamEncoder, events, encodeContext);

const fixtures = join(import.meta.dirname, 'fixtures');
/** The canonical events of every provider's fixtures are this encoder's cases. */
const CASES = globSync(join(import.meta.dirname, '../../providers/{anthropic,openai}/fixtures/*.events.json')).sort();

for (const path of CASES) {
  const provider = basename(join(path, '../..'));
  const name = `${provider}-${basename(path, '.events.json')}`;
  test(`streamEncoder writes ${name} as its golden file says`, () => {
    const events: StreamEvent[] = JSON.parse(readFileSync(path, 'utf8'));
    const written = encode(events);
    assertGoldenText(join(fixtures, `${name}.sse`), written.map(writeSse).join(''));
    const endsWell = events.at(-1)?.type === 'response-end';
    assert.equal(
      written.some((event) => event.data === '[DONE]'),
      endsWell,
    );
  });
}

test('streamEncoder says nothing before the first content, so that a retry is still possible', () => {
  const head: StreamEvent[] = [
    { type: 'response-start', id: 'a', model: 'm' },
    {
      type: 'usage',
      usage: { ...NO_USAGE, inputTokens: 1 },
    },
  ];
  assert.deepEqual(encode(head), []);
});

test('streamEncoder keeps usage and cost to itself when the client did not ask', () => {
  const events: StreamEvent[] = JSON.parse(
    readFileSync(CASES.find((path) => path.endsWith('text.events.json')) ?? '', 'utf8'),
  );
  const written = encode(events, { ...context, request: buildRequest() });
  assert.equal(
    written.some((event) => event.data.includes('usage')),
    false,
  );
  assert.equal(written.at(-1)?.data, '[DONE]');
});

test('streamEncoder writes no [DONE] after an error, even if the provider went on', () => {
  const written = encode([
    { type: 'text-delta', choice: 0, text: 'a' },
    { type: 'error', error: { class: 'server-error', message: 'y' } },
    { type: 'response-end' },
  ]);
  assert.equal(
    written.some((event) => event.data === '[DONE]'),
    false,
  );
});

/** What Chat Completions can say in full: without signatures, with ordinary finish reasons. */
const contentEvents = fc
  .array(
    fc.oneof(
      fc.record({
        type: fc.constant('text-delta'),
        choice: fc.nat(2),
        text: fc.string({ minLength: 1, unit: 'grapheme' }),
      }),
      fc.record({ type: fc.constant('reasoning-delta'), choice: fc.nat(2), text: fc.string({ minLength: 1 }) }),
      fc.record({ type: fc.constant('refusal-delta'), choice: fc.nat(2), text: fc.string({ minLength: 1 }) }),
      fc.record({ type: fc.constant('tool'), choice: fc.nat(2), text: fc.string({ minLength: 1 }) }),
    ),
  )
  .map(toStreamEvents);

/** Numbers the tool calls as the canonical model does and lets every second delta go to the first call, so that indexes interleave. */
function toStreamEvents(steps: readonly { type: string; choice: number; text: string }[]): StreamEvent[] {
  const calls = [0, 0, 0];
  return steps.flatMap(({ type, choice, text }): StreamEvent[] => {
    if (type !== 'tool') return [{ type, choice, text } as StreamEvent];
    const index = calls[choice] ?? 0;
    calls[choice] = index + 1;
    return [
      { type: 'tool-call-start', choice, index, id: `c${choice}-${index}`, name: 'f' },
      { type: 'tool-call-delta', choice, index: index >> 1, arguments: text },
    ];
  });
}

test('streamEncoder and the OpenAI decoder are inverse over any content, in any byte split', () => {
  fc.assert(
    fc.property(contentEvents, fc.integer({ min: 1, max: 97 }), (content, size) => {
      const events: StreamEvent[] = [
        ...(content.length > 0 ? [{ type: 'response-start', id: 'a', model: 'm', created: 5 } as const] : []),
        ...content,
        ...(content.length > 0
          ? [
              {
                type: 'finish',
                choice: content[0] && 'choice' in content[0] ? content[0].choice : 0,
                reason: 'stop',
                raw: 'stop',
              } as const,
            ]
          : []),
        { type: 'response-end' },
      ];
      const written = encode(events);
      assert.deepEqual(canonicalEventsOf(openai.wires[0], written), events);
      const bytes = Buffer.from(written.map(writeSse).join(''));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      assert.deepEqual(decodeProviderStream(openai.wires[0], chunks), events);
    }),
    { seed: 12, numRuns: 500 },
  );
});

test('every chunk of a stream carries the same id and the asked model where the provider names none', () => {
  const written = encode([
    { type: 'response-start', id: 'a', model: '' },
    { type: 'text-delta', choice: 0, text: 'x' },
    { type: 'finish', choice: 0, reason: 'stop' },
    { type: 'response-end' },
  ]);
  const chunks: JsonObject[] = written
    .filter((event) => event.data !== '[DONE]')
    .map((event) => JSON.parse(event.data));
  assert.deepEqual(
    new Set(chunks.map((chunk) => `${String(chunk.id)} ${String(chunk.model)} ${String(chunk.created)}`)),
    new Set(['a chat 1']),
  );
});
