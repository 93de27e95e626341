import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '#contract/policy/canonical-json';
import type { AuditFact, GoneFact, SeenFact } from './audit.ts';
import { entriesOf, type NewRecord, type ObjectState } from './audit-book.ts';
import { specDigest } from './audit-mask.ts';

const NOW = Date.UTC(2026, 10, 22);
const ABOUT = { kind: 'AIBudget', namespace: 'shop', name: 'caps', uid: 'u1' };

const seen = (generation: number, spec: Json, more: Partial<SeenFact> = {}): SeenFact => ({
  ...{ is: 'seen', ...ABOUT, generation, spec, digest: specDigest(spec), timeMs: NOW + generation * 1_000 },
  ...more,
});
const gone = (more: Partial<GoneFact> = {}): GoneFact => ({ is: 'gone', ...ABOUT, timeMs: NOW + 60_000, ...more });

/** Batch by batch, as a history keeps it. */
function told(...batches: readonly (readonly AuditFact[])[]): NewRecord[] {
  const known = new Map<string, ObjectState>();
  const all: NewRecord[] = [];
  for (const facts of batches) {
    const { records, states } = entriesOf(facts, known);
    for (const [uid, state] of states) known.set(uid, state);
    all.push(...records.values());
  }
  return all;
}

const actions = (records: readonly NewRecord[]): string[] => records.map(({ action }) => action);

test('an object is created, changed and deleted, each against what it was before', () => {
  const records = told([seen(1, { usd: 1 })], [seen(2, { usd: 2 }), seen(4, { usd: 3 })], [gone()]);
  assert.deepEqual(actions(records), ['created', 'changed', 'changed', 'deleted']);
  assert.deepEqual(
    records.map(({ generation, fromGeneration }) => [generation, fromGeneration]),
    [
      [1, null],
      [2, 1],
      [4, 2],
      [4, null],
    ],
  );
  assert.deepEqual(records[2]?.changes, [{ path: '/spec/usd', from: '2', to: '3' }]);
  assert.deepEqual(records[3]?.changes, [{ path: '/spec/usd', from: '3' }]);
});

test('an object whose beginning nobody saw is found, and one that nobody knew is deleted all the same', () => {
  assert.deepEqual(actions(told([seen(5, { usd: 1 })])), ['found']);
  assert.deepEqual(actions(told([seen(5, { stop: true })])), ['found'], 'nobody knows since when');
  assert.deepEqual(actions(told([gone()])), ['deleted']);
});

test('a stop and its end are told as such, whether the object was changed, or came or went', () => {
  const stopped = { usd: 1, stop: true };
  assert.deepEqual(actions(told([seen(1, { usd: 1 }), seen(2, stopped), seen(3, { usd: 1, stop: false })])), [
    ...['created', 'stopped', 'resumed'],
  ]);
  assert.deepEqual(actions(told([seen(1, stopped), seen(2, { usd: 2, stop: true }), gone()])), [
    ...['stopped', 'changed', 'resumed'],
  ]);
});

test('a generation that changed nothing is no record: that a deletion was asked for counts, too', () => {
  assert.deepEqual(actions(told([seen(1, {}), seen(2, {})], [seen(3, { usd: 1 })])), ['created', 'changed']);
});

test('no version is older than the one before, whatever the clocks say', () => {
  const times = told([seen(1, {}), seen(2, { usd: 1 }, { timeMs: NOW - 5_000 })], [gone({ timeMs: NOW })]).map(
    ({ timeMs }) => timeMs,
  );
  assert.deepEqual(times, times.toSorted());
  assert.equal(new Set(times).size, 3);
});

test('replicas that tell the same in any order, and again, make no version twice and none after the end', () => {
  const versions: AuditFact[] = [...Array.from({ length: 6 }, (_, index) => seen(index + 1, { usd: index })), gone()];
  const delivery = fc.array(fc.array(fc.integer({ min: 0, max: versions.length - 1 }), { maxLength: 6 }));
  fc.assert(
    fc.property(delivery, (batches) => {
      const records = told(...batches.map((batch) => batch.flatMap((index) => versions[index] ?? [])));
      assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
      const generations = records.map(({ generation }) => generation ?? 0);
      assert.deepEqual(
        generations,
        generations.toSorted((a, b) => a - b),
      );
      const end = records.findIndex(({ action }) => action === 'deleted');
      assert.ok(end < 0 || end === records.length - 1);
    }),
  );
});
