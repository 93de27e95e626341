import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf } from './budgets.ts';

test('idle grants go back after a minute, and use is reported after five seconds or a fifth of the grant', async () => {
  const reports: bigint[] = [];
  const { gateOf, treasury, clock } = bench((authority) => ({
    ...authority,
    report: (usages) => {
      reports.push(...usages.map(({ used }) => used));
      authority.report(usages);
    },
  }));
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([budget], 50))).settle(billed(50));
  assert.deepEqual(reports, [50n]);
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  assert.deepEqual(reports, [50n]);
  clock.advance(5_000);
  assert.deepEqual(reports, [50n, 60n]);
  clock.advance(10_000);
  assert.deepEqual(reports, [50n, 60n]);
  assert.equal((await treasury.status(budget)).held, 140n);
  clock.advance(50_000);
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 60n);
});

test('a request keeps the window in which it was admitted', async () => {
  const { gateOf, treasury, clock } = bench();
  const budget = budgetOf('dev', 100n);
  const gate = gateOf('pod');
  const midnight = Date.UTC(2026, 10, 22);
  clock.jump(midnight - 1);
  const reservation = await gate.reserve(attemptOf([budget], 60));
  clock.jump(midnight + 30_000);
  (await gate.reserve(attemptOf([budget], 100))).settle(billed(100));
  reservation.settle(billed(60));
  await gate.close();
  assert.equal((await treasury.status(budget)).spent, 100n);
  clock.jump(midnight - 1);
  assert.equal((await treasury.status(budget)).spent, 60n);
});

test('a return that fails is sent again until it is durable', async () => {
  let failures = 3;
  const { gateOf, treasury, clock } = bench((authority) => ({
    ...authority,
    giveBack: async (grant, final) => {
      failures -= 1;
      if (failures >= 0) throw new Error('no connection');
      await authority.giveBack(grant, final);
    },
  }));
  const budget = budgetOf('dev', 100n);
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([budget], 30))).settle(billed(30));
  clock.advance(60_000);
  await until(async () => {
    clock.advance(1_000);
    await soon();
    return (await treasury.status(budget)).held === 0n;
  });
  assert.equal((await treasury.status(budget)).spent, 30n);
});

test('a killed sidecar never resumes a grant: it returns it at what its journal cannot prove unspent', async () => {
  const { gateOf, treasury, disk } = bench();
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod-1');
  (await gate.reserve(attemptOf([budget], 100))).settle(billed(35));
  await gate.reserve(attemptOf([budget], 100, { requestId: 'lost' }));
  const next = gateOf('pod-2');
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 135n);
  assert.deepEqual(next.usage(), []);
  const records = next
    .records(10)
    .map(({ instance, seq, billing, costNanoUsd }) => [instance, seq, billing, costNanoUsd]);
  assert.deepEqual(records, [
    ['pod-1', 1, 'reported', 35n],
    ['pod-2', 1, 'possibly_billed', 100n],
  ]);
  (await next.reserve(attemptOf([budget], 1))).settle(billed(1));
  assert.equal(next.records(10)[2]?.seq, 2);
  next.acknowledge('pod-1', 1);
  next.acknowledge('pod-2', 1);
  assert.deepEqual(
    next.records(10).map(({ seq }) => seq),
    [2],
  );
  assert.ok(disk.text.length > 0);
});

test('a full disk stops what needs a budget and nothing else, and recovers by itself', async () => {
  const { gateOf, treasury, disk, clock } = bench();
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  const running = await gate.reserve(attemptOf([budget], 100));
  disk.full = true;
  const error = await refusalOf(gate.reserve(attemptOf([budget], 10)));
  assert.deepEqual([error.code, error.status], ['ledger_unavailable', 503]);
  assert.match(error.message, /journal/);
  await gate.reserve(attemptOf([], 10));
  assert.equal(running.settle(billed(40)).costNanoUsd, 40n);
  disk.full = false;
  clock.advance(1_000);
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  const restarted = gateOf('pod-2');
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 50n);
  assert.deepEqual(
    restarted.records(10).map(({ billing, costNanoUsd }) => [billing, costNanoUsd]),
    [
      ['reported', 40n],
      ['reported', 10n],
      ['possibly_billed', 10n],
    ],
    'what no budget paid for and never ended is a row as well',
  );
});

test('a journal that cannot be read at the start is recovered before anything is spent', async () => {
  const { gateOf, treasury, disk } = bench();
  const budget = budgetOf('dev', 1_000n);
  await gateOf('pod-1').reserve(attemptOf([budget], 100));
  disk.full = true;
  const next = gateOf('pod-2');
  assert.equal((await refusalOf(next.reserve(attemptOf([budget], 10)))).code, 'ledger_unavailable');
  disk.full = false;
  (await next.reserve(attemptOf([budget], 10))).settle(billed(10));
  await next.close();
  assert.deepEqual(await treasury.status(budget).then(({ spent, held }) => [spent, held]), [110n, 0n]);
});

test('close() gives back what is free, leaves what is reserved to the journal, and takes nothing more', async () => {
  const { gateOf, treasury } = bench();
  const [dev, prod] = [budgetOf('dev', 100n), budgetOf('prod', 100n)];
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([dev], 10))).settle(billed(10));
  const running = await gate.reserve(attemptOf([prod], 10));
  await gate.close();
  assert.equal((await treasury.status(dev)).held, 0n);
  assert.ok((await treasury.status(prod)).held > 0n);
  assert.equal((await refusalOf(gate.reserve(attemptOf([dev], 1)))).code, 'budget_unavailable');
  running.settle(billed(7));
  await until(async () => (await treasury.status(prod)).held === 0n);
  assert.equal((await treasury.status(prod)).spent, 7n);
});
