/** Callers who invent names: how much is kept is counted, in the sidecar and behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { MAX_PARTITIONS, PartitionBound } from '#sidecar/budget/partition-bound';
import { countOf } from '#test/support/counts';
import { newBook } from '#treasury/book';
import { encodeBook } from '#treasury/book-codec';
import { bookName } from '#treasury/book-name';
import type { GrantAuthority } from '#treasury/grant-authority';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { LedgerIndex, MAX_BOOKS_OF_OBJECT } from '#treasury/stores/cluster/ledger-index';
import { Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { bench, until } from './bench.ts';
import { attemptOf, billed, budgetOf, callerOf, NOON, TARGET } from './budgets.ts';
import { LedgerServer } from './ledger-server.ts';

const MILLION = 1_000_000;
const SESSIONS = countOf('sessionsOfOnePod');
const EACH = budgetOf('each', 100n, { per: ['session'], unit: 'tokens', every: 'Minute' });
const MINUTE = windowAt('Minute', NOON);

const ofSession = (session: string, budgets: readonly PolicyBudget[] = [EACH]) =>
  attemptOf(budgets, 1, { caller: { ...callerOf(), session } });

test('of a million names in a window 2,000 of each limit are remembered, and none of a window that is over', () => {
  const bound = new PartitionBound();
  const limits = ['shop/limits/one', 'shop/limits/other'];
  let admitted = 0;
  for (let minute = 0; minute < 4; minute++)
    for (const limit of limits) {
      const period = windowAt('Minute', NOON + minute * 60_000);
      for (let n = 0; n < MILLION / 8; n++) if (bound.admits(limit, `${limit}/${minute}-${n}`, period)) admitted += 1;
      assert.ok(bound.size <= limits.length * MAX_PARTITIONS, `${bound.size}`);
    }
  assert.equal(admitted, 4 * limits.length * MAX_PARTITIONS);
});

test(`${SESSIONS} sessions through one sidecar cost 2,000 asks and grants; what is kept does not grow`, async () => {
  const asked = new Set<string>();
  const counting = (authority: GrantAuthority): GrantAuthority => ({
    ...authority,
    ask: (budget, window, needed) => {
      asked.add(budget.id);
      return authority.ask(budget, window, needed);
    },
  });
  const { gateOf, clock, treasury, disk } = bench(counting);
  const gate = gateOf('pod');
  const { stackTraceLimit } = Error;
  // Nobody reads where a million refusals came from.
  Error.stackTraceLimit = 0;
  let refused = 0;
  for (let n = 0; n < SESSIONS; n++) {
    const reserving = gate.reserve(ofSession(`session-${n}`));
    // A refusal of the bound waits for nobody.
    await reserving.then(
      (reservation) => reservation.settle(billed(1)),
      () => (refused += 1),
    );
  }
  Error.stackTraceLimit = stackTraceLimit;
  assert.equal(refused, SESSIONS - MAX_PARTITIONS);
  assert.equal(asked.size, MAX_PARTITIONS);
  const { partitions, lines, grants, returns } = gate.kept();
  assert.deepEqual(
    [partitions, grants + returns <= MAX_PARTITIONS, lines <= MAX_PARTITIONS],
    [MAX_PARTITIONS, true, true],
  );
  assert.ok(treasury.size <= MAX_PARTITIONS, `${treasury.size}`);
  assert.ok(disk.text.length < 10 * 1024 * 1024, `the journal has ${disk.text.length} bytes`);
  // The next window begins with nothing.
  for (let second = 0; second < 120; second++) {
    clock.advance(1_000);
    await until(() => gate.kept().returns === 0);
  }
  (await gate.reserve(ofSession('one'))).settle(billed(1));
  assert.equal(gate.kept().partitions, 1);
  await gate.close();
  assert.deepEqual(gate.kept(), { partitions: 1, lines: 1, grants: 0, returns: 0 });
});

test('a pod that asks for ever more books finds no more of them, and the treasury remembers few', async () => {
  const ledgers = new LedgerIndex();
  const server = new LedgerServer();
  const store = new ClusterGrantStore({ objects: server.client(), ownerOf: () => undefined, ledgers });
  let now = NOON;
  const treasury = new Treasury({ store, now: () => now, newId: () => 'grant', after: () => () => undefined });
  const partition = (n: number): PolicyBudget => partitionOf(EACH, { ...ofSession(`session-${n}`), target: TARGET });
  for (let n = 0; n < MAX_BOOKS_OF_OBJECT; n++) {
    const key = { budgetId: partition(n).id, window: MINUTE.id };
    const metadata = { name: bookName(key), namespace: 'remora-system' };
    ledgers.apply({ apiVersion: '', kind: '', metadata, spec: { book: encodeBook(newBook(key, 100n)) } });
  }
  let refused = 0;
  let most = 0;
  for (let n = 0; n < 3_000; n++) {
    now += 10;
    await treasury.ask('pod', partition(MAX_BOOKS_OF_OBJECT + n), MINUTE.id, 1n).catch(() => (refused += 1));
    most = Math.max(most, treasury.size);
  }
  assert.deepEqual([refused, server.objects.length, ledgers.count(EACH.id)], [3_000, 0, MAX_BOOKS_OF_OBJECT]);
  assert.ok(most <= 512, `${most} books were remembered`);
  await treasury.close();
});
