import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleBytes } from '#test/support/byte-splits';
import { LONG_LINE, TORTURE } from '#test/support/torture-streams';
import { MAX_SSE_EVENT_BYTES } from './decode-sse.ts';
import { sseFrames } from './sse-frames.ts';

function read(chunks: Iterable<Uint8Array>) {
  const reader = sseFrames();
  const frames = [...chunks].flatMap((chunk) => [...reader.push(chunk)]);
  frames.push(...reader.end());
  return {
    events: frames.flatMap(({ events }) => events),
    raw: Buffer.concat(frames.map((frame) => frame.raw)),
    failure: reader.failure,
  };
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

for (const { name, bytes, events } of TORTURE)
  test(`a stream with ${name} is read, and its bytes stay as they came`, () => {
    const wanted = { events, raw: bytes, failure: undefined };
    assert.deepEqual(read([bytes]), wanted);
    assert.deepEqual(read(bytes.length > 100_000 ? chunksOf(bytes, 1_000) : singleBytes(bytes)), wanted);
  });

test('a line of 8 MiB that comes in chunks of a socket is read', () => {
  const { events, raw, failure } = read(chunksOf(LONG_LINE.bytes, 16_384));
  assert.deepEqual([failure, raw.equals(LONG_LINE.bytes), events.length], [undefined, true, LONG_LINE.events.length]);
  assert.ok(events.every(({ data }, index) => data === LONG_LINE.events[index]?.data));
});

test('an event over the limit, or a comment, fails the stream and is not kept; the events before it are given', () => {
  const block = Buffer.alloc(1024 * 1024, 'x');
  for (const start of ['data: ', ': ', '']) {
    const reader = sseFrames();
    const frames = [...reader.push(Buffer.from(`data: a\n\n${start}`))];
    let sent = 0;
    for (; reader.failure === undefined && sent < 64; sent += 1) frames.push(...reader.push(block));
    assert.match(reader.failure ?? '', /over 16777216 bytes/);
    assert.equal(sent, MAX_SSE_EVENT_BYTES / block.length + (start === '' ? 1 : 0));
    assert.deepEqual(
      frames.flatMap(({ events }) => events),
      [{ event: '', data: 'a' }],
    );
  }
});

test('what is no stream of events holds none', () => {
  for (const text of ['<!doctype html>\n<title>Just a moment…</title>\n\n', '{"error":{"message":"no"}}', ''])
    assert.deepEqual(read([Buffer.from(text)]).events, []);
});
