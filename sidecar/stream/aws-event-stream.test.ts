import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awsEvent, awsException, awsFrame } from '#test/support/aws-frames';
import { singleBytes } from '#test/support/byte-splits';
import { awsEventStream } from './aws-event-stream.ts';
import type { SseEvent } from './sse-event.ts';

interface Read {
  readonly events: readonly SseEvent[];
  readonly raw: Buffer;
  readonly failure: string | undefined;
}

async function read(chunks: Iterable<Uint8Array>): Promise<Read> {
  const reader = await awsEventStream();
  const frames = [...chunks].flatMap((chunk) => [...reader.push(chunk)]);
  frames.push(...reader.end());
  return {
    events: frames.flatMap(({ events }) => events),
    raw: Buffer.concat(frames.map((frame) => frame.raw)),
    failure: reader.failure,
  };
}

/** The vectors that AWS publishes for its codecs. */
const GOOD: Readonly<Record<string, readonly [hex: string, payload: string]>> = {
  'all headers': [
    '000000cc000000af0fae64ca0a6576656e742d74797065040000a00c0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0a626f6f6c2066616c73650109626f6f6c207472756500046279746502cf08627974652062756606001449276d2061206c6974746c6520746561706f74210974696d657374616d7008000000000084' +
      '5fed05696e74313603002a05696e74363405000000000287' +
      '57b2047575696409' +
      '0102030405060708090a0b0c0d0e0f10' +
      '7b27666f6f273a27626172277d' +
      'aba5f10c',
    "{'foo':'bar'}",
  ],
  'an empty message': ['000000100000000005c248eb7d98c8ff', ''],
  'an integer header': [
    '0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0',
    "{'foo':'bar'}",
  ],
  'a payload without headers': ['0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936', "{'foo':'bar'}"],
  'a string header': [
    '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
    "{'foo':'bar'}",
  ],
};

const BAD: Readonly<Record<string, string>> = {
  'damaged headers':
    '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b61666f6f273a27626172277d8d9c08b1',
  'a damaged length of headers':
    '0000003d0000002107fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
  'a damaged length':
    '0000003e0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
  'a damaged payload': '0000001d00000000fd528c5a5b27666f6f273a27626172277dc3653936',
};

for (const [name, [hex, payload]] of Object.entries(GOOD))
  test(`AWS's own vector of ${name} is read`, async () => {
    const bytes = Buffer.from(hex, 'hex');
    for (const chunks of [[bytes], singleBytes(bytes)])
      assert.deepEqual(await read(chunks), { events: [{ event: '', data: payload }], raw: bytes, failure: undefined });
  });

for (const [name, hex] of Object.entries(BAD))
  test(`AWS's own vector of ${name} is rejected`, async () => {
    const { events, failure } = await read([Buffer.from(hex, 'hex')]);
    assert.deepEqual(events, []);
    assert.ok(failure);
  });

const FRAMES = [
  awsEvent('messageStart', { role: 'assistant' }),
  awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Grüße 🦈' } }),
  awsException('throttlingException', { message: 'Slow down.' }),
  awsFrame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'Oops.' }, ''),
];
const EVENTS: readonly SseEvent[] = [
  { event: 'messageStart', data: '{"role":"assistant"}' },
  { event: 'contentBlockDelta', data: '{"contentBlockIndex":0,"delta":{"text":"Grüße 🦈"}}' },
  { event: 'exception:throttlingException', data: '{"message":"Slow down."}' },
  { event: 'error:InternalFailure', data: '{"message":"Oops."}' },
];
const STREAM = Buffer.concat(FRAMES);

test('a frame split at any byte is the same event, and its bytes stay as they came', async () => {
  const whole = { events: EVENTS, raw: STREAM, failure: undefined };
  assert.deepEqual(await read([STREAM]), whole);
  assert.deepEqual(await read(singleBytes(STREAM)), whole);
  for (let at = 1; at < STREAM.length; at += 1)
    assert.deepEqual(await read([STREAM.subarray(0, at), STREAM.subarray(at)]), whole, `split at ${at}`);
});

test('every single flipped bit of a prelude, a header, a payload or a checksum is rejected, and no event comes of it', async () => {
  const [first = STREAM] = FRAMES;
  const good = [...FRAMES, ...Object.values(GOOD).map(([hex]) => Buffer.from(hex, 'hex'))];
  for (const [number, frame] of good.entries())
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const damaged = Buffer.from(frame);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // Others follow, so that a length that grew is filled.
      const { events, failure } = await read([first, damaged, ...FRAMES]);
      const where = `frame ${number}, byte ${bit >> 3}, bit ${bit & 7}`;
      assert.deepEqual(events, EVENTS.slice(0, 1), where);
      assert.ok(failure, where);
    }
});

test('a stream that ends within a frame has failed, wherever it ends', async () => {
  const [first = STREAM] = FRAMES;
  for (let length = 1; length < first.length; length += 1)
    assert.match((await read([first.subarray(0, length)])).failure ?? '', /ended within a frame/);
});

test('a frame over the limit is refused by its stated length, before its bytes are kept', async () => {
  const reader = await awsEventStream();
  const prelude = Buffer.alloc(4);
  prelude.writeUInt32BE(16 * 1024 * 1024 + 1);
  assert.deepEqual(reader.push(prelude), []);
  assert.match(reader.failure ?? '', /over 16777216 bytes/);
  assert.deepEqual(reader.push(STREAM), []);
});

test('a frame of 1 MiB that comes in small chunks is read whole', async () => {
  const frame = awsEvent('contentBlockDelta', { delta: { text: 'x'.repeat(1024 * 1024) } });
  const chunks = Array.from({ length: Math.ceil(frame.length / 1000) }, (_, index) =>
    frame.subarray(index * 1000, (index + 1) * 1000),
  );
  const { events, raw } = await read([...chunks, ...FRAMES]);
  assert.equal(events.length, 1 + EVENTS.length);
  assert.equal(raw.length, frame.length + STREAM.length);
});
