/** Who waits for room in a limit, at a gate over a real treasury, with time that only the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BudgetGate, Reservation } from '#sidecar/budget/budget-gate';
import { LimitRefused } from '#sidecar/budget/limit-refused';
import { bench, gatedBench, refusalOf, soon } from './bench.ts';
import { attemptOf, billed, budgetOf, NOTHING } from './budgets.ts';
import { MemoryDisk } from './memory-journal.ts';

const QUEUE = budgetOf('waits', 100n, { unit: 'tokens', every: 'Minute', onExceeded: 'Queue', queueForMs: 60_000 });
const MINUTE_MS = 60_000;
const MOST = 1_000;

async function refused(reserving: Promise<unknown>): Promise<LimitRefused> {
  const error = await refusalOf(reserving);
  assert.ok(error instanceof LimitRefused, error.message);
  return error;
}

/** Waits and tries again whenever it is woken, as the pipeline does; resolves with what it got. */
async function queued(gate: BudgetGate, tokens: number, name: string): Promise<Reservation> {
  const attempt = attemptOf([QUEUE], tokens, { requestId: name });
  for (;;) {
    const error: unknown = await gate.reserve(attempt).then(
      (reservation) => ({ reservation }),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof LimitRefused)) return (error as { reservation: Reservation }).reservation;
    const ticket = gate.lines?.join(error.facts, name, MOST);
    assert.ok(ticket);
    await new Promise<void>((resolve) => {
      ticket.onCome = resolve;
    });
  }
}

async function settled(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round++) await soon();
}

test('who waits begins with the next window, in the order of coming, as many as it covers', async (t) => {
  const { gate, clock } = gatedBench(t);
  const first = await gate.reserve(attemptOf([QUEUE], 100));
  const begun: string[] = [];
  for (const name of ['a', 'b', 'c', 'd'])
    void queued(gate, 40, name).then((reservation) => {
      begun.push(name);
      reservation.settle(billed(40));
    });
  await settled();
  first.settle(billed(100));
  await settled();
  assert.deepEqual(begun, []);
  clock.advance(MINUTE_MS);
  await settled();
  assert.deepEqual(begun, ['a', 'b']);
  clock.advance(MINUTE_MS);
  await settled();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  assert.equal(gate.lines?.isEmpty, true);
});

test('what is given back wakes who waits before the window ends', async (t) => {
  const { gate } = gatedBench(t);
  const first = await gate.reserve(attemptOf([QUEUE], 100));
  let begun = false;
  void queued(gate, 60, 'a').then(() => {
    begun = true;
  });
  await settled();
  assert.equal(begun, false);
  first.settle(billed(20));
  await settled();
  assert.equal(begun, true, 'no time has passed');
});

test('nobody overtakes those who wait, however little he needs', async (t) => {
  const { gate } = gatedBench(t);
  await gate.reserve(attemptOf([QUEUE], 50));
  void queued(gate, 60, 'a');
  await settled();
  const late = await refused(gate.reserve(attemptOf([QUEUE], 10)));
  assert.equal(late.facts.needed, 10n);
  gate.lines?.leave(QUEUE.id, 'a');
  (await gate.reserve(attemptOf([QUEUE], 10))).settle(NOTHING);
});

test('a thousand who wait ask the treasury a handful of times when their window begins', async (t) => {
  let asks = 0;
  const { gate, clock } = gatedBench(t, (authority) => ({
    ...authority,
    ask: (...of) => {
      asks += 1;
      return authority.ask(...of);
    },
    giveBack: (...of) => authority.giveBack(...of),
    report: (usage) => authority.report(usage),
  }));
  const first = await gate.reserve(attemptOf([QUEUE], 100));
  let begun = 0;
  for (let number = 0; number < MOST; number++)
    void queued(gate, 1, `request-${number}`).then((reservation) => {
      begun += 1;
      reservation.settle(billed(1));
    });
  await settled();
  first.settle(billed(100));
  await settled();
  asks = 0;
  clock.advance(MINUTE_MS);
  await settled(200);
  assert.equal(begun, 100);
  assert.ok(asks <= 80, `${asks} asks: one a second of the minute that passed, and a few at its end`);
});

test('what other pods give back is found by the first of the line, who looks once a second', async () => {
  const { clock, gateOf, treasury } = bench();
  const [one, other] = [gateOf('one'), gateOf('other', new MemoryDisk())];
  const held = await other.reserve(attemptOf([QUEUE], 100));
  let begun = false;
  void queued(one, 100, 'a').then(() => {
    begun = true;
  });
  await settled();
  held.settle(NOTHING);
  await settled();
  clock.advance(1_000);
  await settled();
  assert.equal(begun, true);
  await one.close();
  await other.close();
  await treasury.close();
});

test('of several limits that refuse the plain one counts before the one to wait for, and that before the one to go elsewhere', async (t) => {
  const { gate } = gatedBench(t);
  const of = (name: string, more: object) => budgetOf(name, 10n, { unit: 'tokens', every: 'Minute', ...more });
  const reject = of('reject', { every: 'Minute' });
  const queue = of('queue', { every: 'Day', onExceeded: 'Queue', queueForMs: 1_000 });
  const downgrade = of('downgrade', { every: 'Month', onExceeded: 'Downgrade', downgradeTo: 'cheap' });
  const refusedBy = async (...budgets: (typeof reject)[]) =>
    (await refused(gate.reserve(attemptOf(budgets, 20)))).facts.budget.limit;
  assert.equal(await refusedBy(downgrade, queue, reject), 'reject');
  assert.equal(await refusedBy(downgrade, queue), 'queue');
  assert.equal(await refusedBy(downgrade), 'downgrade');
});

test('a limit that is spared refuses nothing and counts what it has room for, never more than its amount', async (t) => {
  const { gate, treasury, overruns, clock } = gatedBench(t);
  const spared = budgetOf('spared', 100n, { unit: 'tokens', every: 'Day' });
  const left = await gate.reserve(attemptOf([spared], 90));
  left.settle(billed(60));
  const lowered = await gate.reserve(attemptOf([spared], 500, { spared }));
  lowered.settle(billed(500));
  assert.deepEqual(overruns, []);
  await settled();
  const looks = await treasury.authorityFor('pod').look?.(spared, 'day-2026-11-21');
  assert.ok(looks && looks.spent + looks.held <= 100n, `${looks?.spent} and ${looks?.held}`);
  assert.ok(clock.now() > 0);
});

test('what is known of a rate is told without asking: its own use first, then what the treasury said was left', async (t) => {
  const { gate, gateOf, clock } = gatedBench(t);
  const rate = budgetOf('rate', 1_000n, { unit: 'tokens', every: 'Minute' });
  const money = budgetOf('money', 1_000_000n);
  const reservation = await gate.reserve(attemptOf([rate, money], 100));
  const [before, ...others] = reservation.limits?.() ?? [];
  assert.deepEqual(others, [], 'money is no rate');
  assert.deepEqual(before, {
    ...{ unit: 'tokens', limit: 1_000, remaining: 900 },
    ...{ resetMs: MINUTE_MS, resetUnixMs: clock.now() + MINUTE_MS },
  });
  reservation.settle(billed(30));
  assert.equal(reservation.limits?.()[0]?.remaining, 970);
  const other = gateOf('other', new MemoryDisk());
  await other.reserve(attemptOf([rate], 500));
  const { details } = await refused(gate.reserve(attemptOf([rate], 900)));
  assert.equal(details.limits?.[0]?.remaining, 470, 'the other pod has 500 of it, and 30 are spent');
  assert.equal(details.retryable, true, 'the minute is soon over');
  await other.close();
});
