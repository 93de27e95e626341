import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ArmCounts, NO_COUNTS } from '#contract/policy/variant-counts';
import { decodeCountsReport, encodeCountsReport } from '#contract/wire/counts-report';
import type { SourceCounts } from '#contract/wire/variant-codec';
import { NewestCounts } from './newest-counts.ts';
import { VariantBoard } from './variant-board.ts';

const EXPERIMENT = 'e';

interface Step {
  readonly pod: number;
  readonly arm: string;
  readonly isError: boolean;
  readonly bucket: number;
}

const steps = fc.array(
  fc.record({
    pod: fc.integer({ min: 0, max: 3 }),
    arm: fc.constantFrom('', 'trial'),
    isError: fc.boolean(),
    bucket: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 30 },
);

/** The words of all sidecars while they count `done`, one after each step, and what is true at the end. */
function wordsOf(done: readonly Step[]) {
  const counted = new Map<string, Map<string, ArmCounts>>();
  const total = new Map<string, ArmCounts>();
  const words = done.map(({ pod, arm, isError, bucket }): SourceCounts => {
    const source = `pod-${pod}.1`;
    const own = new Map(counted.get(source));
    const count = (before = NO_COUNTS): ArmCounts => ({
      ...before,
      requests: before.requests + 1,
      errors: before.errors + (isError ? 1 : 0),
      priced: before.priced + 1,
      costNanoUsd: before.costNanoUsd + 10n,
      firstToken: isError
        ? before.firstToken
        : new Map(before.firstToken).set(bucket, (before.firstToken.get(bucket) ?? 0) + 1),
    });
    own.set(arm, count(own.get(arm)));
    total.set(arm, count(total.get(arm)));
    counted.set(source, own);
    return { experiment: EXPERIMENT, source, counts: own };
  });
  const last = [...counted].map(([source, counts]): SourceCounts => ({ experiment: EXPERIMENT, source, counts }));
  return { words, last, total };
}

const sorted = (sum: ReadonlyMap<string, ArmCounts>) =>
  [...sum]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([arm, own]) => [arm, { ...own, firstToken: [...own.firstToken].sort(([a], [b]) => a - b) }]);

test('the sum is what was counted, in whatever order words come, how often, and which of the earlier ones are lost', () => {
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat()), (done, random) => {
      const { words, last, total } = wordsOf(done);
      const heard = words.filter(() => (random.next().value ?? 0) % 3 > 0).flatMap((word) => [word, word]);
      const order = [...heard, ...last].map((word) => ({ word, at: random.next().value ?? 0 }));
      const board = new VariantBoard();
      for (const { word } of order.sort((a, b) => a.at - b.at)) board.hear(word);
      assert.deepEqual(sorted(board.sum(EXPERIMENT)), sorted(total));
      for (const word of words) assert.equal(board.hear(word), false, 'a word of before is no news');
    }),
  );
});

test('replicas that each hear a part, and share it, come to the same sum, also one that begins with what is stored', () => {
  fc.assert(
    fc.property(steps, (done) => {
      const { words, total } = wordsOf(done);
      const replicas = [new VariantBoard(), new VariantBoard()];
      for (const [index, word] of words.entries()) replicas[index % 2]?.hear(word);
      const late = new VariantBoard();
      for (const replica of replicas)
        for (const [source, counts] of decodeCountsReport(encodeCountsReport(replica.sources(EXPERIMENT))))
          late.hear({ experiment: EXPERIMENT, source, counts });
      assert.deepEqual(sorted(late.sum(EXPERIMENT)), sorted(total));
    }),
  );
});

test('what is stored and cannot be read is nothing', () => {
  for (const text of ['', '{', '{"version":2,"sources":{}}', '{"version":1,"sources":{"a":{"b":[-1]}}}'])
    assert.equal(decodeCountsReport(text).size, 0);
});

test('sources are bounded, over all pods and for each, and who is heard already still is', () => {
  const board = new VariantBoard(40);
  const word = (source: string, requests = 1): SourceCounts => ({
    ...{ experiment: EXPERIMENT, source },
    counts: new Map([['', { ...NO_COUNTS, requests }]]),
  });
  const ofOnePod = Array.from({ length: 33 }, (_, start) => board.hear(word(`crashing.${start}`)));
  assert.equal(ofOnePod.filter(Boolean).length, 32);
  const ofOthers = Array.from({ length: 10 }, (_, pod) => board.hear(word(`pod-${pod}.1`)));
  assert.equal(ofOthers.filter(Boolean).length, 8);
  assert.ok(board.hear(word('crashing.0', 2)));
  assert.equal(board.sum(EXPERIMENT).get('')?.requests, 41);
  board.forget(EXPERIMENT);
  assert.equal(board.sum(EXPERIMENT).size, 0);
});

test('the newest requests are as many as are asked for where there are, and none of long ago', () => {
  const newest = new NewestCounts();
  const at = (requests: number, errors: number) => newest.of({ ...NO_COUNTS, requests, errors }, 100);
  assert.equal(at(60, 0).requests, 60);
  for (let requests = 100; requests <= 10_000; requests += 20) {
    const found = at(requests, 0).requests;
    assert.ok(found >= 100 && found <= 140, `${found}`);
  }
  const { requests, errors } = at(10_100, 100);
  assert.deepEqual([requests, errors], [100, 100]);
});
