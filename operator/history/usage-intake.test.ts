import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRow } from '#contract/history/row-json';
import type { UsageRecord } from '#contract/wire/gen/remora/policy/v1/sync';
import { type Appended, HistoryUnavailable } from '#history/history-store';
import { realAfter } from '#treasury/treasury';
import { PAUSE_MS, UsageIntake } from './usage-intake.ts';

const peerOf = (podUid: string) => ({ namespace: 'shop', podName: podUid, podUid });

const recordsOf = (podUid: string, count: number): UsageRecord[] =>
  Array.from({ length: count }, (_, seq) => {
    const instance = `${podUid}.1`;
    return {
      ...{ instance, seq },
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

  /** Whose rows are written. */
  pod(): unknown {
    return (this.writes.at(-1)?.rows[0] as { readonly instance?: string } | undefined)?.instance;
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
    after(ms, task) {
      if (ms !== PAUSE_MS) return realAfter(ms, task);
      queueMicrotask(task);
      return () => {};
    },
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

test('a write that fails is tried again, each report alone and behind the others, so that one that cannot be written holds up no other', async () => {
  const { disk, take, log, clock, intake } = open();
  const told: string[] = [];
  const report = (pod: string): void => void take(`pod-${pod}`, 1).then((kept) => void told.push(`${pod} ${kept}`));
  for (const pod of ['a', 'b', 'c']) report(pod);
  await disk.finish('well');
  assert.equal(await disk.finish('badly'), 2);
  clock.ms += 3_000;
  assert.equal(intake.failingSeconds, 3);
  report('d');
  assert.equal(disk.pod(), 'pod-b.1');
  await disk.finish('badly');
  assert.equal(disk.pod(), 'pod-c.1');
  await disk.finish('well');
  assert.equal(intake.failingSeconds, 0);
  assert.deepEqual(told, ['a true', 'c true']);
  assert.equal(await disk.finish('well'), 2);
  assert.deepEqual(told, ['a true', 'c true', 'd true', 'b true']);
  assert.deepEqual(log, ['usage cannot be kept for now and is tried again', 'usage is kept again']);
});

test('what cannot be written for a quarter of an hour makes room, and so does all when the operator leaves', async () => {
  const { disk, take, clock, intake } = open();
  const [old, young] = [take('pod-old', 3), take('pod-young', 2)];
  clock.ms += 15 * 60_000;
  await disk.finish('badly');
  assert.equal(await old, false);
  intake.close();
  assert.equal(await take('pod-late', 1), false);
  await disk.finish('badly');
  assert.equal(await young, false);
  assert.equal(intake.waitingRows, 0);
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

test('a history that does not answer is not waited for beyond the deadline, but asked again', async () => {
  const { disk, take, log } = open(20);
  const kept = take('pod-a', 1);
  while (disk.writes.length < 2) await new Promise(setImmediate);
  await disk.finish('well');
  assert.equal(await kept, true);
  assert.deepEqual(log, ['usage cannot be kept for now and is tried again', 'usage is kept again']);
});
