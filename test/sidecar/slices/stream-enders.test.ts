/** Streams of each API, cut before any piece of content: what passed and its end are together a stream that the API could have written. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { DIALECTS } from '#sidecar/dialects/index';
import type { StreamItem } from '#sidecar/pipeline/attempts/lanes/lane';
import { generatedWith } from '#sidecar/pipeline/streams/generated-tokens';
import { sseFrames } from '#sidecar/stream/sse-frames';
import { writeSse } from '#sidecar/stream/write-sse';
import type { Wire } from '#sidecar/wires/wire';
import { CHAT_WIRES } from '#test/support/chat-wires';
import { decodeFramedStream, sseEventsOf } from '#test/support/decode-provider-stream';

const FIXTURES: readonly (readonly [wire: string, folder: string, names: readonly string[]])[] = [
  ['openai-chat', 'providers/openai', ['text', 'tool-call', 'parallel-tools', 'refusal']],
  ['anthropic-messages', 'providers/anthropic', ['text', 'tool-call', 'parallel-tools', 'reasoning', 'usage']],
  ['gemini-generate-content', 'providers/gemini', ['text', 'tool-call', 'parallel-tools', 'usage']],
  ['openai-responses', 'wires/openai-responses', ['text', 'tool-call', 'parallel-tools', 'refusal', 'length']],
];

/** As the pipeline reads them. */
function itemsOf(wire: Wire, bytes: Uint8Array): StreamItem[] {
  const reader = sseFrames();
  let state = wire.streamDecoder.start();
  return [...reader.push(bytes), ...reader.end()].map((frame) => {
    const events: StreamEvent[] = [];
    for (const event of frame.events) {
      const [next, decoded] = wire.streamDecoder.step(state, event);
      state = next;
      events.push(...decoded);
    }
    return { raw: frame.raw, events };
  });
}

interface Cut {
  readonly passed: readonly StreamItem[];
  readonly bytes: Buffer;
}

/** At each piece of content. */
function* cutsOf(items: readonly StreamItem[], dialectId: string): Iterable<Cut> {
  for (const [index, item] of items.entries()) {
    if (generatedWith(0, { ...item, events: item.events.filter(({ type }) => type !== 'usage') }) === 0) continue;
    const ender = DIALECTS.find(({ id }) => id === dialectId)?.streamEnder?.();
    assert.ok(ender !== undefined);
    const passed = items.slice(0, index);
    for (const each of passed) ender.passed(each);
    const end = Buffer.from(ender.end().map(writeSse).join(''));
    yield { passed, bytes: Buffer.concat([...passed.map(({ raw }) => raw), end]) };
  }
}

/** A call that had no arguments yet is told as one that has none; where an API has words for it, the end says who ended it. */
const isPiece = (event: StreamEvent): boolean =>
  event.type === 'tool-call-delta'
    ? event.arguments !== '{}'
    : !['response-start', 'usage', 'members', 'finish', 'response-end'].includes(event.type);

for (const [id, folder, names] of FIXTURES)
  for (const name of names)
    test(`a stream of ${id} (${name}) that is cut anywhere is whole with its end`, async () => {
      const wire = CHAT_WIRES.find((each) => each.id === id);
      assert.ok(wire !== undefined);
      const bytes = readFileSync(join('sidecar', folder, 'fixtures', `${name}.sse`));
      let cuts = 0;
      for (const cut of cutsOf(itemsOf(wire, bytes), id)) {
        cuts += 1;
        const decoded = await decodeFramedStream(wire, [cut.bytes]);
        assert.equal(decoded.find((event) => event.type === 'finish')?.reason, 'length', cut.bytes.toString());
        assert.equal(decoded.at(-1)?.type, 'response-end');
        const before = cut.passed.flatMap(({ events }) => events);
        assert.deepEqual(decoded.filter(isPiece), before.filter(isPiece));
        CHECKS[id]?.(sseEventsOf([cut.bytes]).map(({ data }) => (data === '[DONE]' ? {} : JSON.parse(data))));
      }
      assert.ok(cuts > 0);
    });

interface Told {
  readonly type?: string;
  readonly index?: number;
  readonly sequence_number?: number;
  readonly output_index?: number;
  readonly item?: object;
  readonly response?: { readonly status: string; readonly output: readonly object[] };
}

/** What a client that believes the API's own reference may expect of it. */
const CHECKS: Readonly<Record<string, (events: readonly Told[]) => void>> = {
  'anthropic-messages': (events) => {
    const open = new Set<number | undefined>();
    for (const { type, index } of events) {
      if (type === 'content_block_start') open.add(index);
      if (type === 'content_block_delta') assert.ok(open.has(index));
      if (type === 'content_block_stop') assert.ok(open.delete(index), 'a block ends once');
      if (type === 'message_delta') assert.equal(open.size, 0);
    }
    assert.equal(events.at(-1)?.type, 'message_stop');
  },
  'openai-responses': (events) => {
    assert.deepEqual(
      events.map(({ sequence_number: number }) => number),
      events.map((_, index) => index),
    );
    const done = events.filter(({ type }) => type === 'response.output_item.done');
    assert.equal(done.length, events.filter(({ type }) => type === 'response.output_item.added').length);
    const { response } = events.at(-1) ?? {};
    assert.equal(response?.status, 'incomplete');
    assert.deepEqual(
      response.output,
      done.map(({ item }) => item),
    );
  },
};
