import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, NOTHING, TARGET, UNKNOWN, usageOf } from './budgets.ts';
import { MemoryDisk } from './memory-journal.ts';

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
    outputAudioTokens: 5,
  };
  const reservation = await gate.reserve(attempt);
  assert.deepEqual(reservation.settle({ usage, billing: 'reported' }), { costNanoUsd: 29n, estimated: false });
  const [record] = gate.records(10);
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens, outputAudioTokens } =
    record ?? {};
  assert.deepEqual([inputTokens, cacheReadTokens, cacheWriteTokens], [1, 10, 2]);
  assert.deepEqual([outputTokens, reasoningTokens, outputAudioTokens], [3, 4, 5]);
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

test('an unknown price counts at the ceiling of the budgets, the dearest of several, and is marked', async () => {
  const { gateOf, treasury } = bench();
  const gate = gateOf('pod');
  const target = { ...TARGET, price: null };
  const money = (id: string, inputPico: string, outputPico: string) =>
    budgetOf(id, 100_000n, { priceCeiling: { inputPico, outputPico } });
  const budgets = [money('cheap', '1000', '9000'), money('dear', '3000', '5000')];
  const attempt = attemptOf(budgets, 100, { target, inputTokensAtMost: 100, outputTokensAtMost: 10 });
  const looked = (await gate.look?.(attempt)) ?? [];
  assert.deepEqual(
    looked.map(({ needed, refusal }) => [needed, refusal]),
    [
      [390n, undefined],
      [390n, undefined],
    ],
    'who only asks is told the same',
  );
  const reservation = await gate.reserve(attempt);
  const usage = { ...usageOf(0), inputTokens: 20, cacheReadTokens: 30, outputTokens: 2 };
  // 50 tokens of input at 3 nano-dollars and 2 of output at 9.
  assert.deepEqual(reservation.settle({ usage, billing: 'reported' }), { costNanoUsd: 168n, estimated: true });
  const [record] = gate.records(1);
  assert.deepEqual([record?.inputTokens, record?.billing, record?.priceVersion], [20, 'reported', 'AIBudget']);
  const lost = await gate.reserve(attempt);
  assert.deepEqual(lost.settle(UNKNOWN), { costNanoUsd: 390n, estimated: true });
  await gate.close();
  for (const budget of budgets) assert.equal((await treasury.status(budget)).spent, 558n);
});

test('one budget without a ceiling refuses an unknown price, whatever the others say; so do all what is not billed by tokens', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const target = { ...TARGET, price: null };
  const lenient = budgetOf('lenient', 100_000n, { priceCeiling: { inputPico: '1', outputPico: '1' } });
  const strict = budgetOf('strict', 100_000n);
  const error = await refusalOf(gate.reserve(attemptOf([lenient, strict], 1, { target })));
  assert.equal(error.code, 'price_unknown');
  assert.match(error.details.object ?? '', /strict/);
  const byTheMinute = attemptOf([lenient], 1, { target, isBilledOtherwise: true });
  assert.equal((await refusalOf(gate.reserve(byTheMinute))).code, 'price_unknown');
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

test('of two limits that refuse, the one that lasts longest is told, whichever of them answers first', async () => {
  const minute = budgetOf('minute', 100n, { every: 'Minute' });
  const day = budgetOf('day', 100n, { every: 'Day' });
  for (const late of [minute, day]) {
    const asked = Promise.withResolvers<void>();
    const { gateOf } = bench((authority) => ({
      ...authority,
      ask: async (budget, window, amount) => {
        // The late one answers once the other has.
        if (budget.id === late.id) await asked.promise;
        const answer = await authority.ask(budget, window, amount);
        if (budget.id !== late.id) asked.resolve();
        return answer;
      },
    }));
    const error = await refusalOf(gateOf('pod').reserve(attemptOf([minute, day], 200)));
    assert.equal(error.details.object, 'AIBudget remora-system/environments limit day', late.limit);
  }
});

test('who only looks learns what an attempt needs and what is left, and nothing is granted or reserved by it', async () => {
  const { gateOf, treasury } = bench();
  const budget = budgetOf('dev', 1_000n);
  const [gate, other] = [gateOf('pod'), gateOf('other', new MemoryDisk())];
  const before = await treasury.status(budget);
  const looked = await gate.look?.(attemptOf([budget], 400));
  assert.deepEqual(
    looked?.map(({ needed, held, remaining, refusal }) => [needed, held, remaining, refusal]),
    [[400n, 0n, 1_000n, undefined]],
  );
  assert.deepEqual([await treasury.status(budget), gate.usage()], [before, []]);
  const reserved = await other.reserve(attemptOf([budget], 700));
  const [short] = (await gate.look?.(attemptOf([budget], 400))) ?? [];
  const refused = await refusalOf(gate.reserve(attemptOf([budget], 400)));
  assert.deepEqual([short?.remaining, short?.refusal?.message], [300n, refused.message]);
  reserved.settle(NOTHING);
  await Promise.all([gate.close(), other.close()]);
});
