/**
 * What a stream means depends on its bytes alone: a million random cuts of all golden, tortured and recorded streams, and no difference to
 * the stream in one piece.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import type { StreamEvent } from '#sidecar/canonical/stream-event';
import { awsEventStream } from '#sidecar/stream/aws-event-stream';
import type { Frame, FrameReader, Framing } from '#sidecar/stream/framing';
import type { SseEvent } from '#sidecar/stream/sse-event';
import { sseFrames } from '#sidecar/stream/sse-frames';
import type { StreamReading } from '#sidecar/wires/wire';
import { awsFramesOf } from '#test/support/aws-frames';
import { randomSplit, seededRandom, singleBytes } from '#test/support/byte-splits';
import { CHAT_WIRES } from '#test/support/chat-wires';
import { countOf } from '#test/support/counts';
import { canonicalEventsOf } from '#test/support/decode-provider-stream';
import { recordedStreams } from '#test/support/recorded-streams';
import { RECORDINGS } from '#test/support/recordings';
import { TORTURE } from '#test/support/torture-streams';

const SPLITS = countOf('splits');
const SEED = 20_261_121;
/** One split of so many goes through the decoders as well, which see nothing but the events. */
const DECODED_EVERY = 200;
/** A short stream costs as much as if it had so many bytes; long ones are cut less often, so that each stream costs the same. */
const LEAST_BYTES = 1_000;
const ROOT = join(import.meta.dirname, '../..');

interface Stream {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly framing: Framing;
}

const goldenPaths = (pattern: string): string[] => globSync(join(ROOT, 'sidecar/**/fixtures/**', pattern)).sort();
const nameOf = (path: string): string => relative(ROOT, path);
const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8').trim().replaceAll('"exception:', '"').split('\n');

const GOLDEN: readonly Stream[] = [
  ...goldenPaths('*.sse').map((path) => ({
    name: nameOf(path),
    bytes: new Uint8Array(readFileSync(path)),
    framing: sseFrames,
  })),
  ...goldenPaths('*.frames.jsonl').map((path) => ({
    name: nameOf(path),
    bytes: new Uint8Array(Buffer.concat(awsFramesOf(linesOf(path)))),
    framing: awsEventStream,
  })),
];
const RECORDED: readonly Stream[] = existsSync(RECORDINGS)
  ? recordedStreams().map(({ name, bytes, wire }) => ({
      name,
      bytes: new Uint8Array(bytes),
      framing: wire?.framing ?? sseFrames,
    }))
  : [];
const TORTURED: readonly Stream[] = TORTURE.map(({ name, bytes }) => ({
  name,
  bytes: new Uint8Array(bytes),
  framing: sseFrames,
}));

interface Reading {
  readonly events: readonly SseEvent[];
  /** Where in the stream each frame ends. */
  readonly ends: readonly number[];
}

const CR = 0x0d;
const LF = 0x0a;

function read(reader: FrameReader, bytes: Uint8Array, chunks: Iterable<Uint8Array>): Reading {
  const events: SseEvent[] = [];
  const ends: number[] = [];
  let at = 0;
  const take = (frames: Iterable<Frame>): void => {
    for (const frame of frames) {
      at += frame.raw.length;
      // Cut between the two, the LF of a CR LF comes with the next frame, or as one of its own.
      const end = bytes[at] === LF && bytes[at - 1] === CR ? at + 1 : at;
      if (end !== ends.at(-1)) ends.push(end);
      for (const event of frame.events) events.push(event);
    }
  };
  for (const chunk of chunks) take(reader.push(chunk));
  take(reader.end());
  assert.equal(reader.failure, undefined);
  return { events, ends };
}

const isSame = (one: Reading, other: Reading): boolean =>
  one.ends.length === other.ends.length &&
  one.events.length === other.events.length &&
  one.ends.every((end, index) => end === other.ends[index]) &&
  one.events.every(({ event, data }, index) => {
    const twin = other.events[index];
    return twin?.event === event && twin.data === data;
  });

const decoded = (wire: StreamReading, events: readonly SseEvent[]): readonly StreamEvent[] =>
  canonicalEventsOf(wire, events);

/** What every API that is framed like this makes of it: a stream of another API is as good a test. */
const decodedByAll = (framing: Framing, events: readonly SseEvent[]): readonly (readonly StreamEvent[])[] =>
  CHAT_WIRES.filter((wire) => wire.framing === framing).map((wire) => decoded(wire, events));

/** How often each stream is cut, `SPLITS` in all or a few more. */
function countsOf(streams: readonly Stream[]): number[] {
  const weights = streams.map(({ bytes }) => 1 / Math.max(LEAST_BYTES, bytes.length));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => Math.ceil((SPLITS * weight) / sum));
}

/** A matter of a minute, and of several where the processor is shared. */
const LONG = { timeout: Math.max(900_000, SPLITS) };

test(
  `${SPLITS} random byte splits of the golden, tortured and recorded streams make no difference (seed ${SEED})`,
  LONG,
  async (context) => {
    const streams = [...GOLDEN, ...TORTURED, ...RECORDED];
    const counts = countsOf(streams);
    const random = seededRandom(SEED);
    const differences: string[] = [];
    let splits = 0;
    for (const [index, { name, bytes, framing }] of streams.entries()) {
      const whole = read(await framing(), bytes, [bytes]);
      assert.equal(whole.ends.at(-1) ?? 0, bytes.length, name);
      const meaning = decodedByAll(framing, whole.events);
      for (let round = 0; round < (counts[index] ?? 0); round += 1) {
        const made = framing();
        // A million promises would cost more than the readers do.
        const reading = read('push' in made ? made : await made, bytes, randomSplit(bytes, random));
        if (!isSame(reading, whole)) differences.push(`${name}, round ${round}`);
        else if (round % DECODED_EVERY === 0) assert.deepEqual(decodedByAll(framing, reading.events), meaning, name);
        splits += 1;
      }
    }
    const kinds = `${GOLDEN.length} golden, ${TORTURED.length} tortured, ${RECORDED.length} recorded`;
    context.diagnostic(
      `${splits} random byte splits over ${streams.length} streams (${kinds}; seed ${SEED}): ${differences.length} differences`,
    );
    assert.deepEqual(differences.slice(0, 10), []);
    assert.ok(splits >= SPLITS);
  },
);

test('a stream that comes byte by byte makes no difference', LONG, async () => {
  for (const { name, bytes, framing } of [...GOLDEN, ...TORTURED, ...RECORDED])
    assert.ok(isSame(read(await framing(), bytes, singleBytes(bytes)), read(await framing(), bytes, [bytes])), name);
});
