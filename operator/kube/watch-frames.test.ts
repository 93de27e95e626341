import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WatchFrameParser } from './watch-frames.ts';

const frames = [
  { type: 'ADDED', object: { metadata: { name: 'grün 🐟' } } },
  { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
  { type: 'ERROR', object: { code: 410 } },
];
const bytes = Buffer.from(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(''));

test('WatchFrameParser gives the same frames however the bytes are split', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const parser = new WatchFrameParser();
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const seen = edges.slice(1).flatMap((end, index) => parser.push(bytes.subarray(edges[index], end)));
      assert.deepEqual(seen, frames);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('WatchFrameParser holds an unfinished line back', () => {
  const parser = new WatchFrameParser();
  assert.deepEqual(parser.push(bytes.subarray(0, 10)), []);
});

test('WatchFrameParser refuses lines that are no watch event', () => {
  assert.throws(() => new WatchFrameParser().push(Buffer.from('{"kind":"PodList"}\n')), /no watch event/);
  assert.throws(() => new WatchFrameParser().push(Buffer.from('<html>\n')), SyntaxError);
});
