import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentCounts } from './recent-counts.ts';

const SPAN = { bucketMs: 100, buckets: 5 };

test('RecentCounts counts just what a list of all that ever happened would, however time passes', () => {
  const steps = fc.array(fc.record({ passMs: fc.nat({ max: 700 }), kind: fc.nat({ max: 2 }) }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.nat({ max: 10_000 }), steps, (startMs, taken) => {
      let nowMs = startMs;
      const recent = new RecentCounts(3, SPAN, () => nowMs);
      const all: { bucket: number; kind: number }[] = [];
      const bucketOfNow = () => Math.floor(nowMs / SPAN.bucketMs);
      for (const { passMs, kind } of taken) {
        nowMs += passMs;
        recent.add(kind);
        all.push({ bucket: bucketOfNow(), kind });
        for (const each of [0, 1, 2]) {
          const ofKind = all.filter((one) => one.kind === each);
          const kept = ofKind.filter(({ bucket }) => bucket > bucketOfNow() - SPAN.buckets);
          assert.equal(recent.sum(each), kept.length);
          assert.equal(recent.latest(each), kept.filter(({ bucket }) => bucket === bucketOfNow()).length);
        }
      }
      nowMs += SPAN.bucketMs * SPAN.buckets;
      assert.ok(recent.isEmpty);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});
