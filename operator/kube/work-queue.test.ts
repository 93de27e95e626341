import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '#operator/telemetry/log';
import { WorkQueue } from './work-queue.ts';

const log = createLog('silent');

test('WorkQueue runs a key once for many changes, and never twice at the same time', async () => {
  const runs: string[] = [];
  let atOnce = 0;
  const finished = Promise.withResolvers<void>();
  const queue: WorkQueue = new WorkQueue({
    name: 'test',
    log,
    quietMs: 1,
    async process(key) {
      atOnce += 1;
      assert.equal(atOnce, 1);
      runs.push(key);
      // A change while it runs is one more run, after this one.
      if (runs.length === 1) queue.add('a');
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      if (runs.length === 2) finished.resolve();
      return true;
    },
  });
  for (let change = 0; change < 10; change++) queue.add('a');
  await finished.promise;
  await queue.close();
  assert.deepEqual(runs, ['a', 'a']);
});

test('WorkQueue tries a failed key again and lets the others go on', async () => {
  const runs: string[] = [];
  const finished = Promise.withResolvers<void>();
  const queue = new WorkQueue({
    name: 'test',
    log,
    quietMs: 1,
    async process(key) {
      runs.push(key);
      if (key === 'bad' && runs.filter((run) => run === 'bad').length === 1) throw new Error('once');
      if (runs.length === 4) finished.resolve();
      return true;
    },
  });
  for (const key of ['bad', 'a', 'b']) queue.add(key);
  await finished.promise;
  await queue.close();
  assert.deepEqual(runs.slice(0, 3).sort(), ['a', 'b', 'bad']);
  assert.equal(runs[3], 'bad');
});

test('WorkQueue.close() waits for what runs and takes nothing more', async () => {
  let ended = false;
  const started = Promise.withResolvers<void>();
  const queue = new WorkQueue({
    name: 'test',
    log,
    quietMs: 0,
    async process() {
      started.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      ended = true;
      return true;
    },
  });
  queue.add('a');
  await started.promise;
  await queue.close();
  assert.equal(ended, true);
  queue.add('b');
  queue.addLater('c', 0);
});
