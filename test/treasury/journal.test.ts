import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Journal, openJournal, recover } from '#sidecar/budget/journal';
import type { JournalEntry } from '#sidecar/budget/journal-entry';
import { MAX_RECORDS } from '#sidecar/budget/journal-state';
import { recordOf, rowText } from '#sidecar/budget/row-text';
import { JournalUnavailable } from '#sidecar/journal/state-journal';
import { NOON } from './budgets.ts';
import { MemoryDisk } from './memory-journal.ts';

const WINDOW = 'day-2026-11-21';
const GRANT = { id: 'g1', budgetId: 'a/b/dev', window: WINDOW, amount: 1_000n };
const BEGUN = rowText({ requestId: 'r', route: 'ns/r', model: 'm', attempt: 1, timeMs: NOON });
const END = rowText({
  ...{ inputTokens: 1, outputTokens: 1, costNanoUsd: '100', totalMs: 0 },
  ...({ outcome: 'failed', billing: 'possibly_billed' } as const),
});
const share = (amount: bigint) => [{ grantId: 'g1', amount }];
const grant: JournalEntry = { type: 'grant', grant: GRANT, used: 0n };
const dispatch = (number: number): JournalEntry => ({
  ...{ type: 'dispatch', number, shares: share(100n) },
  ...{ begun: BEGUN, ifLost: END },
});
const settle = (number: number, paid: bigint): JournalEntry => ({
  type: 'settle',
  number,
  paid: share(paid),
  record: { instance: 'old', seq: number, text: END },
});
const recovered = (journal: Journal) => ({
  ...recover(journal, 'new', NOON + 10),
  records: journal.state.records.map(recordOf),
});
const finals = (journal: Journal) => recovered(journal).returns.map(({ grant: { id }, final }) => [id, final]);

async function inFolder(run: (path: string, folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-journal-'));
  try {
    await run(join(folder, 'deep', 'journal'), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Three dispatches of 100, one settled at 40. */
function written(path: string): void {
  const journal = openJournal(path);
  journal.append(grant);
  journal.append(dispatch(1), dispatch(2));
  journal.append(settle(1, 40n));
  journal.append(dispatch(3));
  journal.close();
}

test('recover() closes every grant at what settled and every reservation that never ended', async () => {
  await inFolder((path) => {
    written(path);
    const { returns, records } = recovered(openJournal(path));
    assert.deepEqual(returns, [{ grant: GRANT, final: 240n }]);
    assert.deepEqual(
      records.map(({ instance, seq, costNanoUsd }) => [instance, seq, costNanoUsd]),
      [
        ['old', 1, 100n],
        ['new', 1, 100n],
        ['new', 2, 100n],
      ],
    );
    // A second crash, before anything was given back, changes nothing.
    const again = openJournal(path);
    assert.deepEqual(recovered(again).records.length, 3);
    assert.deepEqual(finals(again), [['g1', 240n]]);
    again.append({ type: 'returned', grantId: 'g1' }, { type: 'acknowledged', instance: 'new', seq: 1 });
    again.close();
    const last = recovered(openJournal(path));
    assert.deepEqual(last.returns, []);
    assert.deepEqual(
      last.records.map(({ instance, seq }) => `${instance}${seq}`),
      ['old1', 'new2'],
    );
  });
});

test('a journal that is cut off anywhere is read up to the cut, and never says less than was dispatched before it', async () => {
  await inFolder((path) => {
    written(path);
    const whole = readFileSync(path);
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    const expected = [undefined, 0n, 100n, 200n, 140n, 240n];
    for (let length = 0; length <= whole.length; length += 1) {
      // A file of its own each time: to a file that was emptied, writing waits for the disk.
      const cut = `${path}-${length}`;
      writeFileSync(cut, whole.subarray(0, length));
      const journal = openJournal(cut);
      const final = expected[ends.filter((end) => end <= length).length];
      assert.deepEqual(finals(journal), final === undefined ? [] : [['g1', final]], `cut at ${length}`);
      assert.equal(journal.damaged, false);
      journal.append({ type: 'returned', grantId: 'g1' });
      journal.close();
      assert.deepEqual(finals(openJournal(cut)), []);
    }
  });
});

test('a flipped byte is noticed wherever it is, and all that followed counts as spent', async () => {
  await inFolder((path) => {
    written(path);
    const whole = readFileSync(path);
    const firstLine = whole.indexOf(0x0a) + 1;
    for (let at = 0; at < whole.length - 1; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      const disk = new MemoryDisk();
      disk.text = flipped.toString('utf8');
      const open = () => {
        const journal = new Journal(disk.mount());
        journal.load();
        return journal;
      };
      const journal = open();
      assert.ok(journal.damaged, `byte ${at}`);
      assert.deepEqual(finals(journal), at < firstLine ? [] : [['g1', 1_000n]], `byte ${at}`);
      assert.equal(open().damaged, false);
      assert.deepEqual(finals(open()), at < firstLine ? [] : [['g1', 1_000n]]);
    }
  });
});

test('a damaged journal is whole on the disk again once what it lost is dealt with', async () => {
  await inFolder((path) => {
    written(path);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('"amount":"100"', '"amount":"900"'));
    const journal = openJournal(path);
    assert.ok(journal.damaged);
    assert.deepEqual(finals(journal), [['g1', 1_000n]]);
    journal.close();
    const again = openJournal(path);
    assert.equal(again.damaged, false);
    assert.deepEqual(finals(again), [['g1', 1_000n]]);
    again.close();
  });
});

test('a long journal is compacted to what still matters', async () => {
  await inFolder((path) => {
    const journal = openJournal(path);
    journal.append(grant, dispatch(1));
    for (let number = 2; number <= 12_000; number++) {
      journal.append(dispatch(number));
      journal.append(settle(number, 0n));
      journal.append({ type: 'acknowledged', instance: 'old', seq: number });
    }
    assert.ok(statSync(path).size < 3_000_000, `${statSync(path).size}`);
    journal.close();
    const { returns, records } = recovered(openJournal(path));
    assert.deepEqual(returns, [{ grant: GRANT, final: 100n }]);
    assert.equal(records.length, 1);
  });
});

test('after a restart of the node, which may have lost the end of a journal, what was open counts as spent in full', () => {
  const finalOn = (boot: string | undefined): unknown => {
    const disk = new MemoryDisk();
    const before = new Journal(disk.mount(), 'first');
    recovered(before);
    before.append(grant, dispatch(1), settle(1, 40n));
    const again = new Journal(disk.mount(), boot);
    const { damaged, returns } = recovered(again);
    assert.equal(again.state.boot, boot ?? 'first');
    return [damaged, ...returns.map(({ final }) => final)];
  };
  assert.deepEqual(finalOn('first'), [false, 40n]);
  assert.deepEqual(finalOn('second'), [true, 1_000n]);
  assert.deepEqual(finalOn(undefined), [false, 40n], 'where starts cannot be told apart');
});

test('records that nobody acknowledges are kept within a bound, the newest of them', async () => {
  await inFolder((path) => {
    const journal = openJournal(path);
    for (let number = 1; number <= MAX_RECORDS + 3; number += 1) journal.append(dispatch(number), settle(number, 0n));
    assert.equal(journal.state.records.length, MAX_RECORDS);
    assert.equal(journal.state.droppedRecords, 3);
    assert.equal(journal.state.records[0]?.seq, 4);
    journal.close();
  });
});

test('a disk that fills up in the middle of a line costs that line only', async () => {
  await inFolder((path) => {
    const code = `
      import { openJournal } from '#sidecar/budget/journal';
      process.on('SIGXFSZ', () => undefined);
      const journal = openJournal(${JSON.stringify(path)});
      let records = 0;
      try {
        for (;; records++) journal.append({ type: 'acknowledged', instance: 'x'.repeat(150 + records), seq: records });
      } catch (error) {
        console.log(error.name, error.cause.code, records);
      }
      journal.append({ type: 'acknowledged', instance: 'short', seq: 1 });`;
    // A limit on the size of files, in KiB, refuses as a full disk does: after a part of the line.
    const shell = 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"';
    const { stdout, stderr } = spawnSync('bash', ['-c', shell, process.execPath, code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.match(stdout, /^JournalUnavailable EFBIG 4/, stderr);
    const text = readFileSync(path, 'utf8');
    assert.match(text, /"short","seq":1}\n$/);
    assert.equal(openJournal(path).damaged, false);
  });
});

test('a path that cannot be opened makes the journal unavailable until it can', async () => {
  await inFolder((path, folder) => {
    writeFileSync(join(folder, 'deep'), 'a file where the folder should be');
    const journal = openJournal(path);
    assert.throws(() => journal.append(grant), JournalUnavailable);
    assert.throws(() => recovered(journal), JournalUnavailable);
    rmSync(join(folder, 'deep'));
    journal.append(grant);
    assert.deepEqual(finals(journal), [['g1', 0n]]);
    journal.close();
    assert.throws(() => journal.append(grant), JournalUnavailable);
  });
});

test('a read-only journal is unavailable and keeps what it has', {
  skip: process.getuid?.() === 0 && 'root may write everything',
}, async () => {
  await inFolder((path, folder) => {
    mkdirSync(join(folder, 'deep'));
    written(path);
    chmodSync(path, 0o400);
    assert.throws(() => recovered(openJournal(path)), JournalUnavailable);
    chmodSync(path, 0o600);
    assert.deepEqual(finals(openJournal(path)), [['g1', 240n]]);
  });
});

test('what was given up is not had again after a crash, in whatever order it was written', async () => {
  await inFolder((path) => {
    const shrink = (amount: bigint): JournalEntry => ({ type: 'shrink', grantId: 'g1', amount });
    const orders: [readonly JournalEntry[], bigint][] = [
      [[grant, shrink(300n), dispatch(1)], 100n],
      [[grant, dispatch(1), shrink(300n), settle(1, 40n)], 40n],
      [[grant, dispatch(1), settle(1, 40n), shrink(40n)], 40n],
      [[shrink(1n), grant, dispatch(1)], 100n],
      [[grant, { type: 'close', grantId: 'g1', final: 7n }, shrink(5n)], 7n],
    ];
    for (const [index, [entries, final]] of orders.entries()) {
      const journal = openJournal(`${path}-${index}`);
      journal.append(...entries);
      journal.close();
      assert.deepEqual(finals(openJournal(`${path}-${index}`)), [['g1', final]], `order ${index}`);
    }
  });
});

test('after damage a grant counts as spent as far as it was not given up, and the next start still knows of the damage', async () => {
  await inFolder((path) => {
    const journal = openJournal(path);
    journal.append(grant, { type: 'shrink', grantId: 'g1', amount: 300n });
    journal.append(dispatch(1));
    journal.close();
    writeFileSync(path, readFileSync(path, 'utf8').replace('"number":1', '"number":2'));
    const damaged = openJournal(path);
    assert.deepEqual(finals(damaged), [['g1', 300n]]);
    damaged.close();
    const next = openJournal(path);
    assert.equal(next.damaged, false);
    assert.equal(next.state.lossy, true);
    next.close();
  });
});

test('what was spent of grants that are given back outlives a crash and a compaction, until the window is over', async () => {
  await inFolder((path) => {
    const journal = openJournal(path);
    journal.append(grant, { type: 'close', grantId: 'g1', final: 70n }, { type: 'returned', grantId: 'g1' });
    journal.append({ type: 'returned', grantId: 'g1' });
    // Long enough to be compacted.
    for (let n = 0; n < 9_000; n++) journal.append({ type: 'acknowledged', instance: 'x'.repeat(80), seq: n });
    journal.close();
    const again = openJournal(path);
    assert.deepEqual([...again.state.closed.values()], [{ budgetId: 'a/b/dev', window: WINDOW, used: 70n }]);
    again.append({ type: 'over', window: WINDOW });
    again.close();
    assert.equal(openJournal(path).state.closed.size, 0);
  });
});
