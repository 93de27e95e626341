import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomSplit, seededRandom, singleBytes } from '#test/support/byte-splits';
import { sseEventsOf } from '#test/support/decode-provider-stream';
import { SseDecoder, SseEventTooLarge } from './decode-sse.ts';
import type { SseEvent } from './sse-event.ts';
import { writeSse, writeSseComment } from './write-sse.ts';

const decode = (text: string): SseEvent[] => sseEventsOf([Buffer.from(text)]);
const data = (...values: string[]): SseEvent[] => values.map((value) => ({ event: '', data: value }));

test('SseDecoder reads fields as the specification says', () => {
  assert.deepEqual(decode('data: a\n\n'), data('a'));
  assert.deepEqual(decode('data:a\n\ndata:  b\n\n'), data('a', ' b'));
  assert.deepEqual(decode('data: a\ndata\ndata: c\n\n'), data('a\n\nc'));
  assert.deepEqual(decode('event: x\ndata: 1\n\ndata: 2\n\n'), [{ event: 'x', data: '1' }, ...data('2')]);
  assert.deepEqual(decode('event: x\n\n'), []);
  assert.deepEqual(decode(': c\nid: 1\0\nretry: 5\nunknown: y\nDATA: no\ndata: a\n\n'), data('a'));
  assert.deepEqual(decode('data: a:b: c\n\n'), data('a:b: c'));
  assert.deepEqual(decode('\n\n\n'), []);
});

test('SseDecoder takes LF, CRLF and CR alike, also mixed', () => {
  assert.deepEqual(decode('data: a\r\n\r\ndata: b\r\rdata: c\n\n'), data('a', 'b', 'c'));
  assert.deepEqual(decode('data: a\r\ndata: b\rdata: c\n\r\n'), data('a\nb\nc'));
});

test('SseDecoder drops one leading byte order mark and no other', () => {
  assert.deepEqual(decode('\ufeffdata: a\n\ndata: \ufeffb\n\n'), data('a', '\ufeffb'));
  assert.deepEqual(decode('\ufeff\ufeffdata: a\n\n'), []);
});

test('SseDecoder counts a final block without its blank line', () => {
  assert.deepEqual(decode('data: a\n'), data('a'));
  assert.deepEqual(decode('data: [DONE]'), data('[DONE]'));
  assert.deepEqual(decode('data: a\r'), data('a'));
});

test('SseDecoder replaces what is not UTF-8 the same in any split', () => {
  const bytes = Buffer.concat([
    Buffer.from('data: '),
    Buffer.from([0xf0, 0x9f, 0x0a, 0xc3, 0x28]),
    Buffer.from('\n\n'),
  ]);
  assert.deepEqual(sseEventsOf(singleBytes(bytes)), sseEventsOf([bytes]));
});

test('SseDecoder gives the same events for any split of any stream', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => `data: ${text}`),
    fc.constantFrom('', '', 'data', 'event: ping', ': comment', 'id: 7', 'data: {"a":"ü🐟"}', 'data: [DONE]'),
  );
  const ending = fc.constantFrom('\n', '\r\n', '\r');
  const stream = fc.array(fc.tuple(line, ending), { maxLength: 40 }).map((lines) => lines.flat().join(''));
  fc.assert(
    fc.property(stream, fc.integer(), (text, seed) => {
      const bytes = Buffer.from(text);
      const whole = sseEventsOf([bytes]);
      assert.deepEqual(sseEventsOf(singleBytes(bytes)), whole);
      const random = seededRandom(seed);
      for (let round = 0; round < 20; round += 1) assert.deepEqual(sseEventsOf(randomSplit(bytes, random)), whole);
    }),
    { seed: 4, numRuns: 500 },
  );
});

test('SseDecoder stops at an event over the limit, however it arrives, and keeps the events before it', () => {
  for (const big of [
    `data: ${'x'.repeat(100)}\n\n`,
    'data: xxxx\n'.repeat(20),
    `: ${'c'.repeat(100)}`,
    'ü'.repeat(40),
  ]) {
    const bytes = Buffer.from(`data: ok\n\n${big}\ndata: never\n\n`);
    for (const chunks of [[bytes], singleBytes(bytes)]) {
      const decoder = new SseDecoder(64);
      const events = [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()];
      assert.ok(decoder.failure instanceof SseEventTooLarge, big);
      assert.deepEqual(events, data('ok'), big);
    }
  }
});

test('writeSse() is read back as it was, whatever the data', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-z_]*$/), fc.string({ unit: 'grapheme' }))), (pairs) => {
      const events = pairs.map(([event, text]) => ({ event, data: `${text.replaceAll('\r', '')}.` }));
      const text = events.map((event) => writeSseComment('remora') + writeSse(event)).join('');
      assert.deepEqual(decode(text), events);
    }),
    { seed: 6, numRuns: 500 },
  );
});
