import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { createBudgetGate } from '#sidecar/budget/gate';
import { Journal } from '#sidecar/budget/journal';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { GrantAuthority } from '#treasury/grant-authority';
import { ClusterGrantStore } from '#treasury/stores/cluster-store';
import { Treasury } from '#treasury/treasury';
import { attemptOf, billed, budgetOf, NOON, NOTHING, TARGET, UNKNOWN, usageOf } from './budgets.ts';
import { TestClock } from './clock.ts';
import { LedgerServer } from './ledger-server.ts';
import { MemoryDisk } from './memory-journal.ts';

let ids = 0;

function bench(wrap: (authority: GrantAuthority) => GrantAuthority = (authority) => authority) {
  const clock = new TestClock(NOON);
  const store = new ClusterGrantStore({ objects: new LedgerServer().client(), ownerOf: () => undefined });
  const newId = (): string => {
    ids += 1;
    return `grant-${ids}`;
  };
  const treasury = new Treasury({ store, now: clock.now, newId, after: (ms, task) => clock.after(ms, task) });
  const disk = new MemoryDisk();
  const overruns: bigint[] = [];
  const gateOf = (instance: string, at = disk) =>
    createBudgetGate({
      authority: wrap(treasury.authorityFor(instance)),
      journal: new Journal(at.mount()),
      instance,
      now: clock.now,
      timers: clock,
      hooks: { overrun: (_budget, amount) => void overruns.push(amount) },
    });
  return { clock, treasury, disk, overruns, gateOf };
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  for (let round = 0; round < 1_000; round++) {
    if (await done()) return;
    await soon();
  }
  assert.fail('it never happened');
}

async function refusalOf(reserving: Promise<unknown>): Promise<RemoraError> {
  const error = await reserving.then(
    () => assert.fail('it was let through'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RemoraError, String(error));
  return error;
}

test('1,000 parallel requests on one cap spend no more than the cap, and no less than all but one request of it', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const budget = budgetOf('dev', 5_000n);
  let admitted = 0;
  await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      const reservation = await gate.reserve(attemptOf([budget], 10)).catch(() => undefined);
      if (reservation === undefined) return;
      admitted += 1;
      await soon();
      reservation.settle(billed(10));
    }),
  );
  assert.equal(admitted, 500);
  await gate.close();
  assert.deepEqual(await treasury.status(budget).then(({ spent, held }) => [spent, held]), [5_000n, 0n]);
});

test('50 sidecars on one cap spend all of it and not a nano-dollar more', async () => {
  const { gateOf, treasury, clock } = bench();
  const budget = budgetOf('dev', 10_000n);
  const gates = Array.from({ length: 50 }, (_, n) => gateOf(`pod-${n}`, new MemoryDisk()));
  let spent = 0n;
  for (let round = 0; round < 12; round++) {
    await Promise.all(
      gates.map(async (gate) => {
        const reservation = await gate.reserve(attemptOf([budget], 40)).catch(() => undefined);
        if (reservation === undefined) return;
        spent += reservation.settle(billed(30)).costNanoUsd ?? 0n;
      }),
    );
    clock.advance(61_000);
    await until(async () => (await treasury.status(budget)).held === 0n);
  }
  assert.ok(spent <= 10_000n && spent > 9_960n, `${spent}`);
  assert.equal((await treasury.status(budget)).spent, spent);
});

test('a refusal names who is over which budget, what was needed, what is left, who holds the rest and what to do', async () => {
  const { gateOf } = bench();
  const scope: PolicyBudget['scope'] = [
    { scope: 'team', value: 'team-data-science' },
    { scope: 'environment', value: 'dev' },
  ];
  const budget = budgetOf('dev', 1_000_000_000n, { scope });
  const gate = gateOf('pod');
  const first = await gate.reserve(attemptOf([budget], 600_000_000));
  (await gate.reserve(attemptOf([budget], 300_000_000))).settle(billed(300_000_000));
  const error = await refusalOf(gate.reserve(attemptOf([budget], 200_000_000)));
  assert.equal(error.code, 'budget_exceeded');
  assert.equal(error.status, 429);
  assert.equal(
    error.message,
    'Budget exceeded for team-data-science in environment dev. The request may use up to $0.20, while $0.10 of $1.00 ' +
      'remain and $0.60 are reserved by others in flight: wait until 2026-11-22T00:00:00Z, ask for fewer output tokens, ' +
      'or have the limit dev of the AIBudget remora-system/environments raised.',
  );
  assert.equal(error.details.object, 'AIBudget remora-system/environments limit dev');
  assert.equal(error.details.retryAfterMs, 12 * 3_600_000);
  first.settle(NOTHING);
  await gate.close();
});

test('a refusal speaks of whatever the limit matches', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const cases: [PolicyBudget['scope'], string][] = [
    [[], 'Budget exceeded for limit dev. '],
    [[{ scope: 'project', value: 'x' }], 'Budget exceeded for project x. '],
    [[{ scope: 'environment', value: 'dev' }], 'Budget exceeded in environment dev. '],
    [[{ scope: 'namespace', value: 'shop' }], 'Budget exceeded in namespace shop. '],
  ];
  for (const [index, [scope, start]] of cases.entries()) {
    const budget = budgetOf('dev', 5n, { id: `a/b/${index}`, scope, unit: 'tokens' });
    const error = await refusalOf(gate.reserve(attemptOf([budget], 6)));
    assert.ok(error.message.startsWith(start), error.message);
    assert.match(error.message, /up to 6 tokens, while 5 tokens of 5 tokens remain/);
  }
});

test('an attempt is reserved on every budget or on none', async () => {
  const { gateOf, treasury } = bench();
  const [wide, tight] = [budgetOf('wide', 10_000n), budgetOf('tight', 50n, { unit: 'tokens' })];
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([wide, tight], 40))).settle(billed(40));
  await refusalOf(gate.reserve(attemptOf([wide, tight], 40)));
  assert.ok(gate.usage().every(({ reserved }) => reserved === 0n));
  await gate.close();
  const [a, b] = await Promise.all([wide, tight].map((budget) => treasury.status(budget)));
  assert.deepEqual([a?.spent, b?.spent, a?.held, b?.held], [40n, 40n, 0n, 0n]);
});

test('each kind of usage has its price, rounded up once', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const price = { inputPico: '1001', cachedInputPico: '100', outputPico: '2000' };
  const attempt = attemptOf([budgetOf('dev', 10_000n)], 100, { inputTokensAtMost: 100, target: { ...TARGET, price } });
  const usage = {
    ...usageOf(3),
    inputTokens: 1,
    cacheReadTokens: 10,
    cacheWriteTokens: 2,
    reasoningTokens: 4,
    audioTokens: 5,
  };
  const reservation = await gate.reserve(attempt);
  assert.deepEqual(reservation.settle({ usage, billing: 'reported' }), { costNanoUsd: 29n, estimated: false });
  const [record] = gate.records(10);
  assert.deepEqual([record?.inputTokens, record?.cachedInputTokens, record?.outputTokens], [3, 10, 12]);
  await gate.close();
});

test('an outcome that nobody knows is booked at what was reserved, and a refused attempt at nothing', async () => {
  const { gateOf, treasury } = bench();
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  const lost = await gate.reserve(attemptOf([budget], 70));
  assert.deepEqual(lost.settle(UNKNOWN), { costNanoUsd: 70n, estimated: true });
  assert.deepEqual(lost.settle(NOTHING), { costNanoUsd: 70n, estimated: true });
  const silent = await gate.reserve(attemptOf([budget], 20));
  assert.deepEqual(silent.settle({ usage: undefined, billing: 'reported' }), { costNanoUsd: 20n, estimated: true });
  const refused = await gate.reserve(attemptOf([budget], 500));
  assert.deepEqual(refused.settle({ usage: usageOf(400), billing: 'nothing' }), { costNanoUsd: 0n, estimated: false });
  await gate.close();
  assert.equal((await treasury.status(budget)).spent, 90n);
});

test('a provider that bills beyond the bound is booked in full and told of', async () => {
  const { gateOf, treasury, overruns } = bench();
  const budget = budgetOf('dev', 100n);
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([budget], 100))).settle(billed(130));
  await gate.close();
  assert.deepEqual(overruns, [30n]);
  assert.deepEqual(await treasury.status(budget).then(({ spent, remaining }) => [spent, remaining]), [130n, 0n]);
});

test('an unknown price is refused by a money budget and priced by none', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const target = { ...TARGET, price: null };
  const error = await refusalOf(gate.reserve(attemptOf([budgetOf('dev', 100n)], 1, { target })));
  assert.equal(error.code, 'price_unknown');
  assert.match(error.message, /The price of mock\/echo is unknown/);
  const counted = await gate.reserve(attemptOf([budgetOf('t', 100n, { unit: 'tokens' })], 5, { target }));
  assert.deepEqual(counted.settle(billed(5)), { costNanoUsd: null, estimated: false });
  const free = await gate.reserve(attemptOf([], 5));
  assert.deepEqual(free.settle(billed(4)), { costNanoUsd: 4n, estimated: false });
  await gate.close();
});

test('what costs nothing passes an exhausted budget', async () => {
  const { gateOf } = bench();
  const price = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };
  const gate = gateOf('pod');
  const reservation = await gate.reserve(attemptOf([budgetOf('dev', 0n)], 50, { target: { ...TARGET, price } }));
  assert.deepEqual(reservation.settle(billed(50)), { costNanoUsd: 0n, estimated: false });
});

test('an authority that rejects or hangs makes budgets unavailable, not exceeded; what is granted is spent first', async () => {
  let mode: 'well' | 'down' | 'hanging' = 'well';
  const { gateOf, clock } = bench((authority) => ({
    ...authority,
    ask: (...all) => {
      if (mode === 'down') return Promise.reject(new Error('no connection'));
      return mode === 'hanging' ? new Promise(() => undefined) : authority.ask(...all);
    },
  }));
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  mode = 'down';
  for (let n = 0; n < 3; n++) (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  const down = await refusalOf(gate.reserve(attemptOf([budget], 10)));
  assert.deepEqual([down.code, down.status], ['budget_unavailable', 503]);
  mode = 'hanging';
  const waiting = refusalOf(gate.reserve(attemptOf([budget], 10)));
  await soon();
  clock.advance(2_000);
  assert.match((await waiting).message, /did not answer in time/);
});

test('a grant that comes after its deadline serves the next request', async () => {
  const late: (() => void)[] = [];
  let asks = 0;
  const { gateOf, clock } = bench((authority) => ({
    ...authority,
    ask: async (...all) => {
      asks += 1;
      const answer = await authority.ask(...all);
      await new Promise<void>((resolve) => late.push(resolve));
      return answer;
    },
  }));
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  const first = refusalOf(gate.reserve(attemptOf([budget], 10)));
  await until(() => late.length === 1);
  clock.advance(2_000);
  assert.equal((await first).code, 'budget_unavailable');
  late[0]?.();
  await until(() => gate.usage().length === 1);
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  assert.equal(asks, 1);
});

test('a window that the treasury does not grant is a matter of clocks, not of money', async () => {
  const { gateOf } = bench((authority) => ({
    ...authority,
    ask: (budget, _window, needed) => authority.ask(budget, 'day-2026-11-25', needed),
  }));
  const error = await refusalOf(gateOf('pod').reserve(attemptOf([budgetOf('dev', 100n)], 1)));
  assert.equal(error.code, 'budget_unavailable');
  assert.match(error.message, /clocks/);
});

test('a storm at the cap asks the treasury once in a while, and a raised limit counts at once', async () => {
  let asks = 0;
  const { gateOf, clock } = bench((authority) => ({
    ...authority,
    ask: (...all) => {
      asks += 1;
      return authority.ask(...all);
    },
  }));
  const gate = gateOf('pod');
  const budget = budgetOf('dev', 10n);
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  const before = asks;
  for (let n = 0; n < 100; n++) await refusalOf(gate.reserve(attemptOf([budget], 10)));
  assert.equal(asks, before + 1);
  clock.advance(500);
  await refusalOf(gate.reserve(attemptOf([budget], 10)));
  assert.equal(asks, before + 2);
  (await gate.reserve(attemptOf([{ ...budget, amount: '20' }], 10))).settle(billed(10));
});

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
    .map(({ instance, seq, outcome, costNanoUsd }) => [instance, seq, outcome, costNanoUsd]);
  assert.deepEqual(records, [
    ['pod-1', 1, 'reported', 35n],
    ['pod-2', 1, 'unknown', 100n],
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
  assert.deepEqual([error.code, error.status], ['budget_unavailable', 503]);
  assert.match(error.message, /journal/);
  await gate.reserve(attemptOf([], 10));
  assert.equal(running.settle(billed(40)).costNanoUsd, 40n);
  disk.full = false;
  clock.advance(1_000);
  (await gate.reserve(attemptOf([budget], 10))).settle(billed(10));
  const restarted = gateOf('pod-2');
  await until(async () => (await treasury.status(budget)).held === 0n);
  assert.equal((await treasury.status(budget)).spent, 50n);
  assert.equal(restarted.records(10).length, 2);
});

test('a journal that cannot be read at the start is recovered before anything is spent', async () => {
  const { gateOf, treasury, disk } = bench();
  const budget = budgetOf('dev', 1_000n);
  await gateOf('pod-1').reserve(attemptOf([budget], 100));
  disk.full = true;
  const next = gateOf('pod-2');
  assert.equal((await refusalOf(next.reserve(attemptOf([budget], 10)))).code, 'budget_unavailable');
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
