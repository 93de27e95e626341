import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openHistory } from './histories.ts';
import { Upkeep, type UpkeepOptions } from './upkeep.ts';

const DAY_MS = 86_400_000;

function open(t: TestContext, more: Partial<UpkeepOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'remora-upkeep-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = openHistory(`sqlite:${folder}/history.db`);
  t.after(() => store.close());
  const clock = { ms: Date.UTC(2026, 10, 21, 12) };
  const done: string[] = [];
  const upkeep = new Upkeep({
    ...{ store, backups: { folder: join(folder, 'copies'), keep: 2 }, now: () => clock.ms },
    onDone: (task, outcome) => void done.push(`${task} ${outcome}`),
    log: { warn: () => {} },
    ...more,
  });
  return { folder, store, clock, done, upkeep, copies: () => readdirSync(join(folder, 'copies')).toSorted() };
}

test('once a day what is old is deleted and the file is copied, and of the copies the newest stay', async (t) => {
  const { clock, done, upkeep, copies, folder } = open(t);
  await upkeep.look();
  await upkeep.look();
  assert.deepEqual(done, ['prune done', 'backup done']);
  writeFileSync(join(folder, 'copies', 'notes.txt'), 'of somebody else');
  for (let day = 0; day < 2; day += 1) {
    clock.ms += DAY_MS;
    await upkeep.look();
  }
  assert.deepEqual(copies(), ['notes.txt', 'remora-history-2026-11-22.sqlite', 'remora-history-2026-11-23.sqlite']);
  const copy = openHistory(`sqlite:${folder}/copies/remora-history-2026-11-23.sqlite`);
  t.after(() => copy.close());
  assert.deepEqual((await copy.rows({ fromMs: 0, toMs: clock.ms })).rows, []);
});

test('what failed is tried again at the next look', async (t) => {
  const { done, upkeep, copies, folder } = open(t);
  writeFileSync(join(folder, 'copies'), 'in the way');
  await upkeep.look();
  rmSync(join(folder, 'copies'));
  await upkeep.look();
  assert.deepEqual(done, ['prune done', 'backup failed', 'backup done']);
  assert.equal(copies().length, 1);
});

test('of several replicas only the one whose turn it is does it', async (t) => {
  let isDue = false;
  const { done, upkeep } = open(t, { due: () => isDue, backups: undefined });
  await upkeep.look();
  assert.deepEqual(done, []);
  isDue = true;
  await upkeep.look();
  assert.deepEqual(done, ['prune done']);
});
