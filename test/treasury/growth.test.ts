/** A stream's reservation begins with a slice of its bound and grows: over all limits or none, in whatever window it is, and durably. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AttemptEstimate, Growth, Reservation } from '#sidecar/budget/budget-gate';
import { Journal, recover } from '#sidecar/budget/journal';
import { SLICE_TOKENS } from '#sidecar/budget/output-slice';
import { recordOf } from '#sidecar/budget/row-text';
import { RemoraError } from '#sidecar/errors/remora-error';
import { bench, refusalOf, soon, until } from './bench.ts';
import { attemptOf, billed, budgetOf, TARGET, UNKNOWN } from './budgets.ts';
import { MemoryDisk } from './memory-journal.ts';

const FIRST = BigInt(SLICE_TOKENS);

const streamOf = (budgets: AttemptEstimate['budgets'], more: Partial<AttemptEstimate> = {}): AttemptEstimate =>
  attemptOf(budgets, 10_000, { isSliced: true, ...more });

function growthOf({ growth }: Reservation): Growth {
  assert.ok(growth !== undefined);
  return growth;
}

const reservedOf = (gate: ReturnType<ReturnType<typeof bench>['gateOf']>): bigint =>
  gate.usage().reduce((sum, { reserved }) => sum + reserved, 0n);

test('a stream needs a slice to begin, and what it used is all that it costs', async () => {
  const { gateOf, treasury } = bench();
  const budget = budgetOf('dev', 1_000n);
  const gate = gateOf('pod');
  const whole = await refusalOf(gate.reserve(attemptOf([budget], 10_000)));
  assert.equal(whole.code, 'budget_exceeded');
  const [looked] = (await gate.look?.(streamOf([budget]))) ?? [];
  assert.deepEqual([looked?.needed, looked?.refusal], [FIRST, undefined], 'who only asks is told the same');
  const stream = await gate.reserve(streamOf([budget], { inputTokensAtMost: 100 }));
  assert.equal(reservedOf(gate), 100n + FIRST);
  assert.deepEqual([growthOf(stream).outputTokens, growthOf(stream).atMost], [SLICE_TOKENS, 10_000]);
  stream.settle(billed(300));
  await gate.close();
  assert.equal((await treasury.status(budget)).spent, 300n);
});

test('what fits into one slice is reserved whole', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const stream = await gate.reserve(attemptOf([budgetOf('dev', 1_000n)], SLICE_TOKENS, { isSliced: true }));
  assert.equal(stream.growth, undefined);
  stream.settle(billed(1));
  await gate.close();
});

test('a stream grows up to its bound, out of what is held at once, and is booked in full when nobody knows', async () => {
  const { gateOf, treasury } = bench();
  const budget = budgetOf('dev', 100_000n);
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([budget]));
  const growth = growthOf(stream);
  assert.equal(growth.extend(700), true, 'a grant has room for more than it was asked for');
  assert.equal(reservedOf(gate), 700n);
  assert.equal(growth.extend(9_000), false);
  assert.equal(reservedOf(gate), 700n);
  await growth.ask(50_000);
  assert.equal(growth.outputTokens, 10_000);
  assert.equal(reservedOf(gate), 10_000n);
  assert.deepEqual(stream.settle(UNKNOWN), { costNanoUsd: 10_000n, estimated: true });
  assert.deepEqual(gate.records(1)[0]?.outputTokens, 10_000);
  await gate.close();
  assert.deepEqual(await treasury.status(budget).then(({ spent, held }) => [spent, held]), [10_000n, 0n]);
});

test('two limits over one stream grow together or not at all', async () => {
  const { gateOf, treasury } = bench();
  const [wide, tight] = [budgetOf('wide', 50_000n), budgetOf('tight', 1_000n, { unit: 'tokens' })];
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([wide, tight]));
  const growth = growthOf(stream);
  await growth.ask(1_000);
  assert.equal(reservedOf(gate), 2_000n);
  const error = await refusalOf(growth.ask(1_001));
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.match(error.message, /next part of the stream may use up to 1 token, while 0 tokens of 1000 tokens remain/);
  assert.equal(growth.extend(1_001), false);
  assert.equal(reservedOf(gate), 2_000n);
  stream.settle(billed(800));
  await gate.close();
  const [a, b] = await Promise.all([wide, tight].map((budget) => treasury.status(budget)));
  assert.deepEqual([a?.spent, b?.spent, a?.held, b?.held], [800n, 800n, 0n, 0n]);
});

test('a window that begins anew pays for what comes in it, and the earlier one for what came before', async () => {
  const { gateOf, treasury, clock } = bench();
  const budget = budgetOf('rate', 1_000n, { every: 'Minute', unit: 'tokens' });
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([budget]));
  const growth = growthOf(stream);
  await growth.ask(1_000);
  assert.equal(growth.extend(1_400), false);
  const before = clock.now();
  clock.jump(before + 60_000);
  await growth.ask(1_400);
  stream.settle(billed(1_300));
  await gate.close();
  assert.equal((await treasury.status(budget)).spent, 300n);
  clock.jump(before);
  assert.equal((await treasury.status(budget)).spent, 1_000n);
});

test('a crash in the middle of a stream books no less than it was let through', async () => {
  const { gateOf, disk } = bench();
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([budgetOf('dev', 50_000n)], { inputTokensAtMost: 10 }));
  for (const tokens of [600, 1_500, 3_000]) {
    await growthOf(stream).ask(tokens);
    const journal = new Journal(copyOf(disk));
    const { returns } = recover(journal, 'next', 0);
    const [row] = journal.state.records.map(recordOf);
    const final = returns.reduce((sum, closed) => sum + closed.final, 0n);
    assert.equal(final, BigInt(tokens + 10));
    assert.deepEqual([row?.outputTokens, row?.costNanoUsd], [tokens, BigInt(tokens + 10)]);
  }
  stream.settle(billed(1));
  await gate.close();
});

/** What the disk holds now, for a process that starts in the place of this one. */
function copyOf({ text }: MemoryDisk) {
  const copy = new MemoryDisk();
  copy.text = text;
  return copy.mount();
}

test('what cannot be journalled is not let through, and is free for others', async () => {
  const { gateOf, disk } = bench();
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([budgetOf('dev', 50_000n)]));
  disk.full = true;
  assert.equal(growthOf(stream).extend(700), false);
  assert.equal((await refusalOf(growthOf(stream).ask(700))).code, 'ledger_unavailable');
  assert.deepEqual([reservedOf(gate), growthOf(stream).outputTokens], [FIRST, SLICE_TOKENS]);
  disk.full = false;
  assert.equal(growthOf(stream).extend(700), true);
  stream.settle(billed(650));
  await gate.close();
});

test('more that comes after the stream has ended goes to whoever comes next', async () => {
  let answer = (): void => undefined;
  const { gateOf, treasury } = bench((authority) => ({
    ...authority,
    ask: async (budget, window, needed) => {
      if (needed > 5_000n) await new Promise<void>((resolve) => (answer = resolve));
      return authority.ask(budget, window, needed);
    },
  }));
  const budget = budgetOf('dev', 50_000n);
  const gate = gateOf('pod');
  const stream = await gate.reserve(streamOf([budget]));
  const asked = growthOf(stream).ask(10_000);
  await soon();
  stream.settle(billed(500));
  answer();
  await asked;
  assert.equal(growthOf(stream).outputTokens, SLICE_TOKENS);
  assert.equal(growthOf(stream).extend(700), false);
  assert.equal(reservedOf(gate), 0n);
  await gate.close();
  assert.deepEqual(await treasury.status(budget).then(({ spent, held }) => [spent, held]), [500n, 0n]);
});

interface Race {
  readonly pods: number;
  readonly limit: bigint;
}

/** 200 streams that want between one and seven slices each, on one limit. `left`: of the limit, beside what was settled and is reserved, at each refusal. */
async function race({ pods, limit }: Race) {
  const { gateOf, treasury } = bench();
  const budget = budgetOf('dev', limit);
  const gates = Array.from({ length: pods }, (_, n) => gateOf(`pod-${n}`, new MemoryDisk()));
  const left: bigint[] = [];
  let settled = 0n;
  let most = 0n;
  const taken = (): bigint => settled + gates.reduce((sum, gate) => sum + reservedOf(gate), 0n);
  const refused = (thrown: unknown): true => {
    assert.ok(thrown instanceof RemoraError && thrown.code === 'budget_exceeded', String(thrown));
    left.push(limit - taken());
    return true;
  };
  const run = async (gate: (typeof gates)[number], wanted: number): Promise<void> => {
    const stream = await gate.reserve(streamOf([budget])).catch(refused);
    if (stream === true) return;
    const growth = growthOf(stream);
    for (let next = SLICE_TOKENS; next < wanted; ) {
      next = Math.min(wanted, next + SLICE_TOKENS);
      if (!growth.extend(next) && (await growth.ask(next).catch(refused)) === true) break;
      if (taken() > most) most = taken();
      await soon();
    }
    const used = growth.outputTokens - 10;
    settled += BigInt(used);
    stream.settle(billed(used));
  };
  await Promise.all(
    Array.from({ length: 200 }, (_, n) => run(gates[n % pods] as (typeof gates)[number], 600 + (n % 7) * 500)),
  );
  for (const gate of gates) await gate.close();
  await until(async () => (await treasury.status(budget)).held === 0n);
  return { left, most, settled, spent: (await treasury.status(budget)).spent };
}

test('200 streams on one limit hold and use no more than it at any instant, in one pod or in five', async () => {
  for (const pods of [1, 5]) {
    const { left, most, settled, spent } = await race({ pods, limit: 200_000n });
    assert.ok(left.length > 0 && most <= 200_000n && most > 190_000n, `${left.length} refusals at most at ${most}`);
    assert.equal(spent, settled);
  }
});

test('no stream is refused while there is more than it needs beside what others have reserved', async () => {
  const { left } = await race({ pods: 1, limit: 200_000n });
  assert.deepEqual(
    left.filter((each) => each >= FIRST),
    [],
  );
});

/** What is done to the streams of two pods, each step by two numbers that choose among what is possible. */
const STEPS = fc.array(fc.tuple(fc.constantFrom('begin', 'grow', 'settle', 'lose', 'time'), fc.nat(), fc.nat()), {
  maxLength: 40,
});

test('whatever streams do, two limits are never passed, and a crash at any time books what was let through', async () => {
  const run = fc.asyncProperty(STEPS, async (steps) => {
    const { gateOf, treasury, clock } = bench();
    const budgets = [budgetOf('money', 9_000n), budgetOf('tokens', 7_000n, { unit: 'tokens' })];
    const pods = [0, 1].map((n) => {
      const disk = new MemoryDisk();
      return { disk, gate: gateOf(`pod-${n}`, disk), open: [] as Reservation[] };
    });
    let settled = 0n;
    for (const [kind, first, second] of steps) {
      const { gate, disk, open } = pods[first % pods.length] ?? assert.fail();
      const [stream] = kind === 'begin' || open.length === 0 ? [] : [open[second % open.length]];
      if (kind === 'time') clock.advance(1_000 * (second % 80));
      else if (kind === 'begin')
        await gate.reserve(streamOf(budgets)).then(
          (begun) => open.push(begun),
          () => undefined,
        );
      else if (stream !== undefined && kind === 'grow') {
        const growth = growthOf(stream);
        const wanted = growth.outputTokens + 1 + (second % 2_000);
        if (!growth.extend(wanted)) await growth.ask(wanted).catch(() => undefined);
      } else if (stream !== undefined) {
        const bound = growthOf(stream).outputTokens;
        const used = second % (bound + 1);
        stream.settle(kind === 'lose' ? UNKNOWN : billed(used));
        settled += BigInt(kind === 'lose' ? bound : used);
        open.splice(open.indexOf(stream), 1);
      }
      await soon();
      for (const budget of budgets) {
        const { spent, held, limit } = await treasury.status(budget);
        assert.ok(spent + held <= limit, `${spent} + ${held} of ${limit}`);
      }
      const { returns } = recover(new Journal(copyOf(disk)), 'next', 0);
      const booked = returns.reduce((sum, { final }) => sum + final, 0n);
      const through = open.reduce((sum, each) => sum + growthOf(each).outputTokens, 0);
      assert.ok(booked >= 2n * BigInt(through), `${booked} for ${through} on each of two limits`);
    }
    for (const { gate, open } of pods) {
      for (const stream of open) stream.settle(billed(0));
      await gate.close();
    }
    for (const budget of budgets) assert.equal((await treasury.status(budget)).spent, settled);
  });
  await fc.assert(run, { numRuns: 150, seed: 20261122 });
});

test('each kind of price counts in a slice as in the whole bound', async () => {
  const { gateOf } = bench();
  const gate = gateOf('pod');
  const price = { inputPico: '0', cachedInputPico: '0', outputPico: '1001' };
  const stream = await gate.reserve(streamOf([budgetOf('dev', 50_000n)], { target: { ...TARGET, price } }));
  assert.equal(reservedOf(gate), 513n, 'rounded up once');
  assert.equal(growthOf(stream).extend(1_000), true);
  assert.equal(reservedOf(gate), 1_001n, 'and once again over all');
  stream.settle(billed(1));
  await gate.close();
});
