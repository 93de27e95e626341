import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRow } from '#contract/history/row-json';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { type Appended, HistoryUnavailable } from './history-store.ts';
import { UsageIntake } from './usage-intake.ts';

const peerOf = (podUid: string) => ({ namespace: 'shop', podName: podUid, podUid });

const recordsOf = (podUid: string, count: number): UsageRecord[] =>
  Array.from({ length: count }, (_, seq) => {
    const instance = `${podUid}.1`;
    return {
      ...{ requestId: '', route: '', target: '', outcome: '', inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
      ...{ costNanoUsd: '', startedUnixMs: 0, durationMs: 0, estimated: false, instance, seq },
      row: Buffer.from(encodeRow({ instance, seq, namespace: 'shop', costNanoUsd: 1n })),
    };
  });

/** A disk whose every write waits until the test says how it went. */
class SlowDisk {
  readonly writes: { readonly rows: readonly unknown[]; readonly done: PromiseWithResolvers<Appended> }[] = [];

  append(rows: readonly unknown[]): Promise<Appended> {
    const done = Promise.withResolvers<Appended>();
    this.writes.push({ rows, done });
    return done.promise;
  }

  /** The write that is under way; those that wait begin after it. */
  async finish(how: 'well' | 'badly'): Promise<number> {
    const { rows, done } = this.writes.at(-1) ?? assert.fail('nothing is written');
    if (how === 'well') done.resolve({ added: rows.length, repeated: 0, bad: 0, late: 0 });
    else done.reject(new HistoryUnavailable('the disk is full'));
    await done.promise.catch(() => {});
    await new Promise(setImmediate);
    return rows.length;
  }
}

function open(withinMs?: number) {
  const disk = new SlowDisk();
  const log: string[] = [];
  const note = (_: object, message: string): void => void log.push(message);
  const clock = { ms: 1_000_000 };
  const intake = new UsageIntake({
    ...{ store: disk, log: { info: note, warn: note }, now: () => clock.ms, onRows: () => {} },
    ...(withinMs !== undefined && { withinMs }),
  });
  const take = (podUid: string, count: number) => intake.take(recordsOf(podUid, count), peerOf(podUid));
  return { disk, log, clock, intake, take };
}

test('what pods report while a write is under way is written together, and each is told when its own rows are durable', async () => {
  const { disk, take, intake } = open();
  const told: string[] = [];
  const reports = Array.from({ length: 7 }, (_, index) =>
    take(`pod-${index}`, 10).then((kept) => void told.push(`${index} ${kept}`)),
  );
  assert.equal(intake.waitingRows, 70);
  assert.equal(await disk.finish('well'), 10);
  assert.deepEqual(told, ['0 true']);
  assert.equal(await disk.finish('well'), 20);
  assert.equal(await disk.finish('well'), 40);
  await Promise.all(reports);
  assert.equal(told.length, 7);
  assert.equal(intake.waitingRows, 0);
});

test('one write takes no more than two thousand rows of several pods', async () => {
  const { disk, take } = open();
  const reports = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((pod) => take(`pod-${pod}`, 900));
  const sizes: number[] = [];
  for (let left = 6_300; left > 0; left -= sizes.at(-1) ?? 0) sizes.push(await disk.finish('well'));
  assert.deepEqual(sizes, [900, 1_800, 1_800, 1_800]);
  assert.deepEqual(
    await Promise.all(reports),
    reports.map(() => true),
  );
});

test('a write that fails is told to its pods, and until all is well again each pod is written alone, so that one holds up no other', async () => {
  const { disk, take, log, clock, intake } = open();
  const first = ['a', 'b', 'c'].map((pod) => take(`pod-${pod}`, 1));
  await disk.finish('well');
  assert.equal(await disk.finish('badly'), 2);
  assert.deepEqual(await Promise.all(first), [true, false, false]);
  clock.ms += 3_000;
  assert.equal(intake.failingSeconds, 3);
  const again = ['b', 'c', 'd'].map((pod) => take(`pod-${pod}`, 1));
  assert.equal(await disk.finish('badly'), 1);
  assert.equal(await disk.finish('well'), 1);
  assert.equal(intake.failingSeconds, 0);
  assert.equal(await disk.finish('well'), 1);
  assert.deepEqual(await Promise.all(again), [false, true, true]);
  assert.deepEqual(log, ['usage cannot be kept; sidecars hold it and send it again', 'usage is kept again']);
});

test('a pod has one report in memory, and all pods together so many rows: the rest stays with them', async () => {
  const { disk, take, intake } = open();
  const one = take('pod-a', 1);
  assert.equal(await take('pod-a', 1), false);
  const many = Array.from({ length: 40 }, (_, index) => take(`pod-${index}`, 500));
  assert.equal(await take('pod-late', 1), false);
  assert.equal(intake.waitingRows, 20_001);
  while (intake.waitingRows > 0) await disk.finish('well');
  assert.deepEqual(await Promise.all([one, ...many]), Array(41).fill(true));
  const later = take('pod-late', 1);
  await disk.finish('well');
  assert.equal(await later, true);
});

test('a history that does not answer is not waited for beyond the deadline', async () => {
  const { take, log } = open(20);
  assert.equal(await take('pod-a', 1), false);
  assert.deepEqual(log, ['usage cannot be kept; sidecars hold it and send it again']);
});
