import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PolicyBudget } from '#contract/policy/policy';
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { type Journal, openJournal } from '#sidecar/budget/journal';
import { NO_USAGE } from '#sidecar/canonical/usage';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { Timers } from '#sidecar/time/timers';
import { eventually } from '#test/operator/eventually';
import { buildBudget, buildTarget } from '#test/support/build-policy';
import { TestClock } from '#test/treasury/clock';
import type { GrantAuthority } from '#treasury/grant-authority';
import { windowAt } from '#treasury/window';
import {
  budgetOf,
  policyOf,
  published,
  type TestOperator,
  type TestSidecar,
  until,
  WORKLOAD,
  World,
} from './harness.ts';

const CAP = 1_000n;
const BUDGET = budgetOf(CAP);
const COST = 50;

interface Spender extends TestSidecar {
  readonly gate: SidecarBudgetGate;
  readonly journal: Journal;
  /** As a killed process: nothing is given back. */
  kill(): Promise<void>;
}

/** A sidecar with its budget gate, wired as in the injected mode. */
function spender(
  world: World,
  podUid: string,
  port: number,
  { start = 1, timers }: { readonly start?: number; readonly timers?: Timers } = {},
): Spender {
  const instance = `${podUid}.${start}`;
  const holder: { gate?: SidecarBudgetGate } = {};
  const sidecar = world.sidecar(podUid, port, {
    instance,
    outbox: {
      grants: () => holder.gate?.usage() ?? [],
      pending: (atMost) => holder.gate?.rows(atMost) ?? [],
      acknowledge: (of, seq) => holder.gate?.acknowledge(of, seq),
    },
    closed: () => holder.gate?.closed() ?? [],
    ...(timers && { timers }),
  });
  const dir = join(world.dir, 'journals', podUid);
  mkdirSync(dir, { recursive: true });
  const journal = openJournal(join(dir, 'journal'));
  let alive = true;
  // A killed process says nothing any more, whatever its objects would still do.
  const authority: GrantAuthority = {
    ask: (...args) => sidecar.client.authority.ask(...args),
    giveBack: (...args) => (alive ? sidecar.client.authority.giveBack(...args) : Promise.reject(new Error('killed'))),
    report: (...args) => sidecar.client.authority.report(...args),
    shrink: (grant) => sidecar.client.authority.shrink?.(grant),
    onRecall: (take) => sidecar.client.authority.onRecall?.(take),
    leave: () => sidecar.client.authority.leave?.(),
  };
  const gate = createBudgetGate({ authority, journal, instance, now: Date.now });
  holder.gate = gate;
  const kill = async (): Promise<void> => {
    if (!alive) return;
    alive = false;
    await sidecar.client.close();
    journal.close();
    await gate.close();
  };
  world.onClose(kill);
  sidecar.client.start(sidecar.sink);
  return { ...sidecar, gate, journal, kill };
}

const attempt = (budgets: readonly PolicyBudget[] = [BUDGET], user?: string): AttemptEstimate => ({
  requestId: 'r',
  route: 'shop/route',
  target: buildTarget('shop', 'openai/gpt', { price: null }),
  caller: { attribution: { namespace: 'shop', serviceAccount: 'app' }, user },
  budgets,
  inputTokensAtMost: COST - 20,
  outputTokensAtMost: 20,
});

/** Spends until the cap refuses; whatever is refused because the operator is away is tried again. Resolves to the tokens spent. */
async function spendAll({ gate }: Spender, onSpent: () => void = () => {}): Promise<bigint> {
  let spent = 0n;
  for (;;) {
    try {
      const reservation = await gate.reserve(attempt());
      const usage = { ...NO_USAGE, inputTokens: COST - 20, outputTokens: 20 };
      reservation.settle({ usage, billing: 'reported' });
      spent += BigInt(COST);
      onSpent();
    } catch (error) {
      assert.ok(error instanceof RemoraError);
      if (error.code === 'rate_limit_exceeded') return spent;
      assert.equal(error.code, 'budget_unavailable');
    }
  }
}

async function open(t: TestContext): Promise<{ world: World; operator: TestOperator }> {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  operator.server.publish(WORKLOAD, published(policyOf(['openai'], [BUDGET])));
  return { world, operator };
}

test('two sidecars on one cap spend it and never more, also over a restart of the operator', async (t) => {
  const { world, operator } = await open(t);
  const some = spender(world, 'pod-1', operator.port);
  const other = spender(world, 'pod-2', operator.port);
  let count = 0;
  let restarted: Promise<TestOperator> | undefined;
  const restart = async (): Promise<TestOperator> => {
    await operator.stop();
    const next = await world.operator(operator.port);
    next.server.publish(WORKLOAD, published(policyOf(['openai'], [BUDGET])));
    return next;
  };
  const onSpent = (): void => {
    count += 1;
    if (count === 6) restarted = restart();
  };
  const [first, second] = await Promise.all([spendAll(some, onSpent), spendAll(other, onSpent)]);
  const now = await restarted;
  assert.ok(now);
  await some.gate.close();
  await other.gate.close();
  await Promise.all([some.client.settle(5_000), other.client.settle(5_000)]);
  const status = await now.treasury.status(BUDGET);
  assert.ok(first + second <= CAP, `${first} + ${second} is over the cap`);
  assert.ok(status.spent >= first + second, 'the book knows less than was spent');
  assert.ok(status.spent + status.held <= CAP);
});

test('a killed sidecar that starts again gives back what its journal proves unspent, before it asks anew', async (t) => {
  const { world, operator } = await open(t);
  const before = spender(world, 'pod-1', operator.port);
  await until('connected', () => operator.states.has('pod-1'));
  const settled = await before.gate.reserve(attempt());
  settled.settle({ usage: { ...NO_USAGE, inputTokens: 10 }, billing: 'reported' });
  // Sent and never settled: booked in full.
  await before.gate.reserve(attempt());
  await before.kill();
  assert.ok((await operator.treasury.status(BUDGET)).held > 0n);

  const after = spender(world, 'pod-1', operator.port, { start: 2 });
  await until('the return is durable', () => after.journal.state.returns.size === 0);
  await after.client.settle(5_000);
  const status = await operator.treasury.status(BUDGET);
  assert.equal(status.held, 0n);
  assert.equal(status.spent, BigInt(10 + COST));
});

const windowNow = (): string => windowAt(BUDGET.every, Date.now()).id;

test('a grant whose message was lost comes back when its pod connects', async (t) => {
  const { world, operator } = await open(t);
  assert.equal((await operator.treasury.ask('pod-1', BUDGET, windowNow(), 400n)).granted, true);
  assert.equal((await operator.treasury.status(BUDGET)).held, 400n);
  const pod = spender(world, 'pod-1', operator.port);
  await eventually('it is given back', async () => (await operator.treasury.status(BUDGET)).held === 0n);
  assert.equal(await spendAll(pod), CAP);
});

/** A pod that has spent and whose time stands still, so that no wait of it ever ends. It leaves when its operator has been replaced. */
async function leftAlone({ world, operator }: { readonly world: World; readonly operator: TestOperator }) {
  const pod = spender(world, 'pod-1', operator.port, { timers: new TestClock(0) });
  await until('connected', () => operator.states.has('pod-1'));
  const usage = { ...NO_USAGE, inputTokens: COST };
  (await pod.gate.reserve(attempt())).settle({ usage, billing: 'reported' });
  return {
    ...pod,
    /** `meanwhile`: while it has no connection. */
    async leave(meanwhile: () => void = () => {}): Promise<TestOperator> {
      await operator.stop();
      await until('it knows', () => pod.log.lines.some(({ message }) => message === 'no connection to the operator'));
      meanwhile();
      const next = await world.operator(operator.port);
      next.server.publish(WORKLOAD, published(policyOf(['openai'], [BUDGET])));
      void pod.gate.close();
      let hasLeft = false;
      void pod.client.settle(1).then(() => {
        hasLeft = true;
        return pod.kill();
      });
      await until('it has left', () => hasLeft);
      return next;
    },
  };
}

test('a pod that ends while it waits for its next connection connects at once, gives back what it holds and reports its rows', async (t) => {
  const next = await (await leftAlone(await open(t))).leave();
  const { spent, held } = await next.treasury.status(BUDGET);
  assert.deepEqual([spent, held, next.usage.length], [BigInt(COST), 0n, 1]);
});

test('a pod that ends as soon as it is connected again gives back a grant that never came, too', async (t) => {
  const { world, operator } = await open(t);
  const pod = await leftAlone({ world, operator });
  assert.equal((await operator.treasury.ask('pod-1', BUDGET, windowNow(), 400n)).granted, true);
  const next = await pod.leave();
  const { spent, held } = await next.treasury.status(BUDGET);
  assert.deepEqual([spent, held], [BigInt(COST), 0n]);
});

test('a pod that ends while it asks for more leaves nothing of it granted', async (t) => {
  const pod = await leftAlone(await open(t));
  let refused: Promise<void> | undefined;
  const next = await pod.leave(() => {
    // More than it has.
    refused = assert.rejects(pod.gate.reserve({ ...attempt(), inputTokensAtMost: 700 }), RemoraError);
  });
  await refused;
  const { spent, held } = await next.treasury.status(BUDGET);
  assert.deepEqual([spent, held], [BigInt(COST), 0n]);
});

test('what one pod holds idle another one can spend at once', async (t) => {
  const { world, operator } = await open(t);
  const some = spender(world, 'pod-1', operator.port);
  const usage = { ...NO_USAGE, inputTokens: COST };
  await until('connected', () => operator.states.has('pod-1'));
  (await some.gate.reserve(attempt())).settle({ usage, billing: 'reported' });
  assert.ok((await operator.treasury.status(BUDGET)).held > 0n);
  const other = spender(world, 'pod-2', operator.port);
  await until('connected', () => operator.states.has('pod-2'));
  assert.equal(await spendAll(other), CAP - BigInt(COST));
});

test('an operator that finds its store emptied hears from sidecars what was granted and spent', async (t) => {
  const { world, operator } = await open(t);
  const pod = spender(world, 'pod-1', operator.port);
  await until('connected', () => operator.states.has('pod-1'));
  const usage = { ...NO_USAGE, inputTokens: COST };
  (await pod.gate.reserve(attempt())).settle({ usage, billing: 'reported' });
  const [grant] = pod.gate.usage();
  assert.ok(grant?.amount);
  await operator.stop();
  for (const name of readdirSync(world.dir, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.book')) rmSync(join(world.dir, name));
  const next = await world.operator(operator.port);
  next.server.publish(WORKLOAD, published(policyOf(['openai'], [BUDGET])));
  await eventually('it is told', async () => (await next.treasury.status(BUDGET)).spent === BigInt(COST));
  const { spent, held } = await next.treasury.status(BUDGET);
  assert.equal(spent + held, grant.amount);
  await assert.rejects(next.treasury.ask('pod-2', BUDGET, windowNow(), 1n), /set back to an earlier state/);
});

test('usage records arrive once each and are then forgotten by the journal', async (t) => {
  const { world, operator } = await open(t);
  const pod = spender(world, 'pod-1', operator.port);
  await spendAll(pod);
  await pod.client.settle(5_000);
  const seqs = operator.usage.map(({ seq }) => seq);
  assert.deepEqual(seqs, [...new Set(seqs)]);
  assert.equal(seqs.length, Number(CAP) / COST);
  assert.equal(pod.gate.records(10).length, 0);
});

test('an ask for a budget that the workload has not is undecided, and one without an operator is refused at once', async (t) => {
  const { world, operator } = await open(t);
  const { client, sink } = world.sidecar('pod-1', operator.port);
  client.start(sink);
  await until('connected', () => operator.states.has('pod-1'));
  const window = windowAt(BUDGET.every, Date.now()).id;
  const foreign = { ...BUDGET, id: 'other/caps/total' };
  await assert.rejects(client.authority.ask(foreign, window, 1n), /none of this workload/);
  // The amount that a sidecar claims counts for nothing.
  const claimed = { ...BUDGET, amount: '999999' };
  const answer = await client.authority.ask(claimed, window, 5_000n);
  assert.deepEqual(answer, { granted: false, limit: CAP, spent: 0n, held: 0n });
  await client.close();
  await assert.rejects(client.authority.ask(BUDGET, window, 1n), /cannot be reached/);
});

test('over the wire a soft limit is granted beyond its amount, which who asked is told', async (t) => {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  const soft = buildBudget('shop/caps/soft', 70n, { soft: true, every: 'Month' });
  operator.server.publish(WORKLOAD, published(policyOf(['openai'], [soft])));
  const { gate } = spender(world, 'pod-1', operator.port);
  const would: (string | undefined)[] = [];
  for (let n = 0; n < 3; n++) {
    const reservation = await gate.reserve(attempt([soft]));
    reservation.settle({ usage: { ...NO_USAGE, inputTokens: COST }, billing: 'reported' });
    would.push(reservation.wouldRefuse?.[0]?.limit);
  }
  await gate.close();
  assert.deepEqual(would, [undefined, 'soft', 'soft']);
  const { spent, percent } = await operator.treasury.status(soft);
  assert.deepEqual([spent, percent], [BigInt(3 * COST), 214]);
});

test('over the wire each user has an amount of its own, and the operator refuses a partition of a limit without any', async (t) => {
  const world = await World.open();
  t.after(() => world.close());
  const operator = await world.operator();
  const each = buildBudget('shop/caps/each', 120n, { per: ['user'], every: 'Month' });
  operator.server.publish(WORKLOAD, published(policyOf(['openai'], [each, BUDGET])));
  const some = spender(world, 'pod-1', operator.port);
  const other = spender(world, 'pod-2', operator.port);
  const usage = { ...NO_USAGE, inputTokens: COST - 20, outputTokens: 20 };
  const spend = async ({ gate }: Spender, user?: string): Promise<void> =>
    void (await gate.reserve(attempt([each], user))).settle({ usage, billing: 'reported' });
  const refused = /^RemoraError: Budget exceeded for this user, for limit each\. /;
  await spend(some, 'ann');
  await spend(some, 'ann');
  await assert.rejects(spend(some, 'ann'), refused);
  await some.gate.close();
  // The same user at another pod, where others and nobody in particular are served.
  await assert.rejects(spend(other, 'ann'), refused);
  await spend(other, 'bob');
  await spend(other);
  await spend(other);
  await assert.rejects(spend(other), /for requests that name no user/);
  await other.gate.close();
  assert.equal((await operator.treasury.status(each)).spent, BigInt(2 * COST));

  const window = windowAt(BUDGET.every, Date.now()).id;
  const forged = { ...BUDGET, id: `${BUDGET.id}/${'a'.repeat(32)}` };
  const forger = world.sidecar('pod-3', operator.port);
  forger.client.start(forger.sink);
  await assert.rejects(forger.client.authority.ask(forged, window, 1n), /none of this workload/);
  await forger.client.close();
});
