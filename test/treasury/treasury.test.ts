import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { policyTimeZone } from '#contract/compile/time-zone';
import type { PolicyBudget } from '#contract/policy/policy';
import { BookUnreadable, decodeBook, encodeBook } from '#treasury/book-codec';
import { bookName } from '#treasury/book-name';
import type { GrantAnswer } from '#treasury/grant-authority';
import { StoreUnavailable } from '#treasury/grant-store';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { FileGrantStore } from '#treasury/stores/file/file-store';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { budgetOf, NOON } from './budgets.ts';
import { TestClock } from './clock.ts';
import { ApiError, type Faults, LedgerServer } from './ledger-server.ts';

const DAY = 'day-2026-11-21';
const noWait = async (): Promise<void> => undefined;
let ids = 0;
const newId = (): string => {
  ids += 1;
  return `grant-${ids}`;
};

function clusterTreasury(server: LedgerServer, clock = new TestClock(NOON), faults: Faults = {}) {
  const objects = server.client(faults);
  const store = new ClusterGrantStore({ objects, ownerOf: () => undefined, random: () => 0.5, wait: noWait });
  const treasury = new Treasury({ store, now: clock.now, newId, after: (ms, task) => clock.after(ms, task) });
  return { store, treasury, clock };
}

function amountOf(answer: GrantAnswer): bigint {
  assert.ok(answer.granted, 'denied');
  return answer.grant.amount;
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('asks that wait at the same time share one write, and none passes the cap', async () => {
  const server = new LedgerServer();
  const { treasury } = clusterTreasury(server);
  const budget = budgetOf('dev', 1_000n);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => treasury.ask(`pod-${n % 50}`, budget, DAY, 7n)),
  );
  const granted = answers.filter((answer) => answer.granted).map(amountOf);
  const total = granted.reduce((sum, amount) => sum + amount, 0n);
  assert.ok(total <= 1_000n && total > 993n, `${total}`);
  assert.ok(server.writes <= 2, `${server.writes} writes`);
});

test('two treasuries on one store hold the cap when each of their writes conflicts', async () => {
  const server = new LedgerServer();
  const budget = budgetOf('dev', 1_000n);
  const leaders = [clusterTreasury(server), clusterTreasury(server)];
  let total = 0n;
  for (let round = 0; round < 60; round++) {
    const answers = await Promise.all(leaders.map(({ treasury }, n) => treasury.ask(`pod-${n}`, budget, DAY, 20n)));
    for (const answer of answers) if (answer.granted) total += answer.grant.amount;
  }
  assert.ok(total <= 1_000n && total >= 981n, `${total}`);
});

test('a write whose answer is lost strands nothing: the grant that nobody got is undone', async () => {
  const server = new LedgerServer();
  const budget = budgetOf('dev', 100n);
  let lose = true;
  const { treasury } = clusterTreasury(server, undefined, {
    after: async (operation) => {
      if (operation === 'create' && lose) throw new ApiError(504);
    },
  });
  await assert.rejects(treasury.ask('a', budget, DAY, 60n));
  lose = false;
  assert.equal((await treasury.status(budget)).held, 60n);
  assert.equal(amountOf(await treasury.ask('a', budget, DAY, 100n)), 100n);
});

test('a store that answers only conflicts is given up after a bounded number of attempts', async () => {
  const server = new LedgerServer();
  let attempts = 0;
  const { treasury } = clusterTreasury(server, undefined, {
    before: async (operation) => {
      if (operation !== 'create') return;
      attempts += 1;
      throw new ApiError(409);
    },
  });
  await assert.rejects(treasury.ask('a', budgetOf('dev', 10n), DAY, 1n), StoreUnavailable);
  assert.equal(attempts, 8);
});

test('a denial writes nothing and says what is spent and held', async () => {
  const server = new LedgerServer();
  const { treasury } = clusterTreasury(server);
  const budget = budgetOf('dev', 100n);
  const first = await treasury.ask('a', budget, DAY, 90n);
  const writes = server.writes;
  assert.deepEqual(await treasury.ask('b', budget, DAY, 20n), { granted: false, limit: 100n, spent: 0n, held: 90n });
  assert.equal(server.writes, writes);
  assert.ok(first.granted);
  await treasury.giveBack({ budgetId: budget.id, window: DAY }, first.grant.id, 40n);
  await treasury.giveBack({ budgetId: budget.id, window: DAY }, first.grant.id, 40n);
  assert.equal((await treasury.status(budget)).spent, 40n);
  assert.equal(amountOf(await treasury.ask('b', budget, DAY, 60n)), 60n);
});

test('a changed limit takes effect at the next ask', async () => {
  const { treasury } = clusterTreasury(new LedgerServer());
  await treasury.ask('a', budgetOf('dev', 100n), DAY, 100n);
  assert.equal((await treasury.ask('a', budgetOf('dev', 100n), DAY, 1n)).granted, false);
  assert.equal(amountOf(await treasury.ask('a', budgetOf('dev', 150n), DAY, 50n)), 50n);
  assert.equal((await treasury.ask('a', budgetOf('dev', 120n), DAY, 1n)).granted, false);
});

test('only the present window and, for ten minutes, the one that just ended are granted; a return counts for ever', async () => {
  const clock = new TestClock(NOON);
  const { treasury } = clusterTreasury(new LedgerServer(), clock);
  const budget = budgetOf('dev', 100n);
  const granted = await treasury.ask('a', budget, DAY, 40n);
  assert.ok(granted.granted);
  assert.equal((await treasury.ask('a', budget, 'day-2026-11-22', 1n)).granted, false);
  assert.equal((await treasury.ask('a', budget, 'hour-2026-11-21t12', 1n)).granted, false);
  const { endMs } = windowAt('Day', NOON);
  clock.jump(endMs + 599_999);
  assert.equal((await treasury.ask('a', budget, DAY, 1n)).granted, true);
  clock.jump(endMs + 600_000);
  assert.equal((await treasury.ask('a', budget, DAY, 1n)).granted, false);
  await treasury.giveBack({ budgetId: budget.id, window: DAY }, granted.grant.id, 5n);
  clock.jump(NOON);
  assert.equal((await treasury.status(budget)).held, 4n);
  assert.equal((await treasury.status(budget)).spent, 5n);
});

test('reports reach the store with at most one write in two seconds, or with the next ask', async () => {
  const server = new LedgerServer();
  const { treasury, clock } = clusterTreasury(server);
  const budget = budgetOf('dev', 1_000n);
  const answer = await treasury.ask('a', budget, DAY, 500n);
  assert.ok(answer.granted);
  const usage = (used: bigint) => ({ grantId: answer.grant.id, budgetId: budget.id, window: DAY, used, reserved: 0n });
  const writes = server.writes;
  for (let used = 1n; used <= 100n; used++) await treasury.report('a', [usage(used)]);
  assert.equal((await treasury.status(budget)).spent, 100n);
  assert.equal(server.writes, writes);
  clock.advance(2_000);
  while (server.writes === writes) await soon();
  assert.equal(server.writes, writes + 1);
  await treasury.report('a', [usage(50n)]);
  await treasury.report('a', [usage(120n)]);
  await treasury.ask('b', budget, DAY, 1n);
  assert.equal(server.writes, writes + 2);
  const other = clusterTreasury(server, clock).treasury;
  assert.equal((await other.status(budget)).spent, 120n);
});

test('forfeit() without keys reaches every book, also those of an earlier treasury', async () => {
  const server = new LedgerServer();
  const [dev, prod] = [budgetOf('dev', 100n), budgetOf('prod', 100n)];
  const before = clusterTreasury(server).treasury;
  await before.ask('a', dev, DAY, 30n);
  await before.ask('a', prod, DAY, 40n);
  await before.ask('b', prod, DAY, 5n);
  const after = clusterTreasury(server).treasury;
  await after.forfeit('a');
  const statuses = await Promise.all([dev, prod].map((budget) => after.status(budget)));
  assert.deepEqual(
    statuses.map(({ spent, held }) => [spent, held]),
    [
      [33n, 0n],
      [40n, 12n],
    ],
  );
});

test('status() counts what is spent in percent and names the window', async () => {
  const { treasury } = clusterTreasury(new LedgerServer());
  const budget = budgetOf('dev', 1_000n);
  const answer = await treasury.ask('a', budget, DAY, 999n);
  assert.ok(answer.granted);
  await treasury.giveBack(answer.grant, answer.grant.id, 999n);
  assert.deepEqual(await treasury.status(budget), {
    limit: 1_000n,
    spent: 999n,
    held: 0n,
    remaining: 1n,
    percent: 99,
    windowStartMs: Date.UTC(2026, 10, 21),
    windowEndMs: Date.UTC(2026, 10, 22),
  });
  assert.equal((await treasury.status(budgetOf('none', 0n))).percent, 100);
});

test('close() writes what was reported and grants nothing more', async () => {
  const server = new LedgerServer();
  const { treasury, clock } = clusterTreasury(server);
  const budget = budgetOf('dev', 100n);
  const answer = await treasury.ask('a', budget, DAY, 30n);
  assert.ok(answer.granted);
  const authority = treasury.authorityFor('a');
  authority.report([{ grantId: answer.grant.id, budgetId: budget.id, window: DAY, used: 12n, reserved: 0n }]);
  await treasury.close();
  assert.equal((await clusterTreasury(server, clock).treasury.status(budget)).spent, 12n);
  await assert.rejects(authority.ask(budget, DAY, 1n), StoreUnavailable);
});

test('keepSwept() deletes books of long ago at once and every ten minutes, where it is due, until close()', async () => {
  const server = new LedgerServer();
  let lists = 0;
  let broken = false;
  const { treasury, clock } = clusterTreasury(server, undefined, {
    before: async (operation) => {
      if (operation !== 'list') return;
      lists += 1;
      if (broken) throw new ApiError(503);
    },
  });
  await treasury.ask('a', budgetOf('dev', 100n), DAY, 1n);
  let due = false;
  const failures: unknown[] = [];
  treasury.keepSwept({ due: () => due, onFailed: (error) => void failures.push(error) });
  clock.advance(600_000);
  assert.equal(lists, 0);
  due = true;
  broken = true;
  clock.advance(600_000);
  while (failures.length === 0) await soon();
  broken = false;
  clock.advance(71 * 3_600_000);
  while (server.objects.length > 0) await soon();
  const all = 1 + 71 * 6;
  assert.equal(lists, all);
  await treasury.close();
  clock.advance(600_000);
  assert.deepEqual([lists, failures.length], [all, 1]);
});

test('a limit per second under steady load grants its amount each second, and leaves the books of three minutes', async () => {
  const server = new LedgerServer();
  const { treasury, clock } = clusterTreasury(server);
  const limit = budgetOf('calls', 5n, { every: 'Second', unit: 'requests' });
  treasury.keepSwept({ onFailed: (error) => assert.fail(String(error)) });
  const left: number[] = [];
  for (let second = 0; second < 1_800; second++) {
    const { id } = windowAt('Second', clock.now());
    const asks = Array.from({ length: 8 }, (_, n) => treasury.ask(`pod-${n}`, limit, id, 1n));
    const granted = (await Promise.all(asks)).reduce(
      (sum, answer) => sum + (answer.granted ? answer.grant.amount : 0n),
      0n,
    );
    assert.equal(granted, 5n);
    clock.advance(1_000);
    // The sweep is under way.
    if (second % 60 === 0) for (let turn = 0; turn < 1_000; turn++) await Promise.resolve();
    left.push(server.objects.length);
  }
  // Until the first sweep that finds some, which may be ten minutes after it began.
  assert.ok(Math.max(...left) <= 10 * 60 + 120, `${Math.max(...left)}`);
  assert.ok(Math.max(...left.slice(780)) <= 120 + 60 + 2, `${Math.max(...left.slice(780))}`);
  const [latest] = server.objects.slice(-1);
  assert.match(latest?.metadata.name ?? '', /^environments-calls-second-2026-11-21t12-29-59-/);
  await treasury.close();
});

test('of a second is granted as long as clocks may disagree by five, and no longer', async () => {
  const { treasury, clock } = clusterTreasury(new LedgerServer());
  const limit = budgetOf('calls', 5n, { every: 'Second' });
  const ask = async (ms: number): Promise<boolean> =>
    (await treasury.ask('pod', limit, windowAt('Second', clock.now() + ms).id, 1n)).granted;
  const given = await Promise.all([-6_000, -5_000, -1_000, 0, 5_000, 6_000].map(ask));
  assert.deepEqual(given, [false, true, true, true, true, false]);
  assert.equal((await treasury.ask('pod', limit, 'minute-2026-11-21t12-00', 1n)).granted, false);
});

test('windows by local clocks are granted of as those in UTC are, and the status says when they end', async () => {
  const { treasury, clock } = clusterTreasury(new LedgerServer());
  const timezone = policyTimeZone('Asia/Kolkata');
  const limit = budgetOf('dev', 100n, { timezone });
  const day = windowAt('Day', clock.now(), timezone);
  assert.equal((await treasury.ask('pod', limit, day.id, 100n)).granted, true);
  assert.equal((await treasury.ask('pod', limit, day.id, 1n)).granted, false);
  assert.equal((await treasury.ask('pod', limit, DAY, 1n)).granted, false);
  const { held, windowStartMs, windowEndMs } = await treasury.status(limit);
  assert.deepEqual(
    [held, windowStartMs, windowEndMs],
    [100n, Date.UTC(2026, 10, 20, 18, 30), Date.UTC(2026, 10, 21, 18, 30)],
  );
  clock.advance(windowEndMs - clock.now());
  // What was admitted just before is asked for just after.
  assert.equal((await treasury.ask('pod', limit, day.id, 1n)).granted, false);
  assert.equal((await treasury.ask('pod', limit, windowAt('Day', clock.now(), timezone).id, 100n)).granted, true);
});

test('bookName() is a DNS name however long the budget is called, and no two books share it', () => {
  const long = `${'n'.repeat(63)}/${'very.long-name.'.repeat(16)}x/${'l'.repeat(63)}`;
  const names = [long, `${long}y`, 'a/b.c/d', 'a/b/c-d', 'a/b-c/d'].map((budgetId) =>
    bookName({ budgetId, window: DAY }),
  );
  for (const name of names) assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  assert.ok(names.every((name) => name.length <= 253));
  assert.equal(new Set(names).size, names.length);
  assert.match(
    bookName({ budgetId: 'remora-system/environments/dev', window: DAY }),
    /^environments-dev-day-2026-11-21-/,
  );
});

test('a ledger object belongs to the AIBudget of today; a return after it was swept makes none', async () => {
  const server = new LedgerServer();
  let uid = 'uid-1';
  const ownerOf = () => ({ name: 'environments', uid });
  const store = new ClusterGrantStore({ objects: server.client(), ownerOf, wait: noWait });
  const treasury = new Treasury({ store, now: () => NOON, newId });
  const budget = budgetOf('dev', 100n);
  await treasury.ask('a', budget, DAY, 1n);
  uid = 'uid-2';
  await treasury.ask('a', budget, DAY, 1n);
  const [object] = server.objects;
  assert.equal(object?.metadata.namespace, 'remora-system');
  assert.deepEqual(object?.metadata.ownerReferences, [
    { apiVersion: 'remora.dev/v1alpha1', kind: 'AIBudget', name: 'environments', uid: 'uid-2' },
  ]);
  assert.equal(await store.sweep(windowAt('Day', NOON).endMs + 48 * 3_600_000 + 1), 1);
  assert.deepEqual(server.objects, []);
  await treasury.giveBack({ budgetId: budget.id, window: DAY }, 'grant-1', 1n);
  assert.deepEqual(server.objects, []);
});

test('a ledger object that somebody edited into nonsense is an error and never a fresh budget', async () => {
  const server = new LedgerServer();
  const { treasury, store } = clusterTreasury(server);
  const budget = budgetOf('dev', 100n);
  await treasury.ask('a', budget, DAY, 1n);
  const [object] = server.objects;
  assert.ok(object);
  await server.client().replace({ ...object, spec: { book: object.spec.book.slice(1) } });
  await assert.rejects(treasury.ask('a', budget, DAY, 1n), BookUnreadable);
  assert.deepEqual(await store.books(), []);
  const [damaged] = server.objects;
  const foreign = encodeBook({ ...decodeBook(object.spec.book), budgetId: 'other/budget/x' });
  await server.client().replace({ ...object, metadata: damaged?.metadata ?? object.metadata, spec: { book: foreign } });
  await assert.rejects(treasury.status(budget), BookUnreadable);
});

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-books-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const fileTreasury = (store: FileGrantStore) => new Treasury({ store, now: () => NOON, newId });
const askAll = (treasury: Treasury, budget: PolicyBudget, needs: readonly bigint[]) =>
  Promise.all(needs.map((needed) => treasury.ask('a', budget, DAY, needed)));

test('the file store notices every flipped byte', async () => {
  await inFolder(async (folder) => {
    const store = FileGrantStore.open(folder);
    const budget = budgetOf('dev', 100n);
    await askAll(fileTreasury(store), budget, [60n]);
    const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.book')) ?? '');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 3) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      writeFileSync(path, flipped);
      await assert.rejects(fileTreasury(store).status(budget), BookUnreadable);
    }
    await store.close();
  });
});

test('the file store lets in one holder at a time and takes over from a dead one', async () => {
  await inFolder(async (folder) => {
    const store = FileGrantStore.open(folder);
    assert.throws(() => FileGrantStore.open(folder), /already keeps the budgets in .*: stop it, or use another folder/);
    await store.close();
    for (const stale of ['999999999 gone\n', `${process.pid} of-an-earlier-container\n`, '']) {
      writeFileSync(join(folder, 'lock'), stale);
      await FileGrantStore.open(folder).close();
      assert.deepEqual(readdirSync(folder), []);
    }
    await assert.rejects(
      store.update({ budgetId: 'a/b/c', window: DAY }, () => ({ book: undefined, result: 1 })),
      StoreUnavailable,
    );
  });
});
