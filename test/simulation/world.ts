/**
 * Pods with their sidecars, two replicas of the operator and one API server, all in one process and in made-up time: every message,
 * write, timer, crash and clock is the seed's. After each operation the promise is checked.
 */
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { buildPolicy, buildTarget } from '#test/support/build-policy';
import { attemptOf, billed, budgetOf, callerOf, NOTHING, UNKNOWN } from '#test/treasury/budgets';
import { TestClock } from '#test/treasury/clock';
import { LedgerServer } from '#test/treasury/ledger-server';
import { windowAt } from '#treasury/window';
import type { Bug } from './bugs.ts';
import { ControlPlane } from './control-plane.ts';
import { Hops } from './hops.ts';
import { Invariants } from './invariants.ts';
import { type Job, PRICE } from './job.ts';
import { Pod, type PodWorld } from './pod.ts';
import { Random } from './random.ts';
import { Wire } from './wire.ts';

const PODS = 3;
const OPERATORS = 2;
/** Each has its own book of the limit that holds per user; requests that name nobody share one. */
const USERS = [undefined, 'ann', 'bob'];
/** 30 s before midnight, so that the hour and the day roll over during a run. */
const START = Date.UTC(2026, 10, 21, 23, 59, 30);
const TARGET = buildTarget('remora-system', 'mock/echo', { price: PRICE });
const LARGEST_REQUEST = 90;
/** Several slices. */
const LARGEST_STREAM = 3_000;

export class World {
  readonly random: Random;
  readonly clock = new TestClock(START);
  readonly server = new LedgerServer();
  readonly hops = new Hops();
  readonly invariants: Invariants;
  readonly jobs: Job[] = [];
  readonly pods: Pod[];
  readonly operators: ControlPlane[];
  readonly bug: Bug;
  isForfeited = false;
  #wires: Wire[] = [];
  #ids = 0;
  #budgets: readonly PolicyBudget[] = [
    budgetOf('day', 12_000_000n),
    budgetOf('hour', 8_000n, { every: 'Hour', unit: 'tokens' }),
    budgetOf('each', 4_000n, { every: 'Hour', unit: 'tokens', per: ['user'] }),
  ];

  constructor(seed: number, bug: Bug = {}) {
    this.random = new Random(seed);
    this.bug = bug;
    this.invariants = new Invariants(this.server);
    this.invariants.allow(this.#budgets);
    this.operators = Array.from({ length: OPERATORS }, () => this.#newOperator());
    const world: PodWorld = {
      clock: this.clock,
      random: this.random,
      bug,
      dial: (uid, events) => this.#dial(uid, events),
    };
    this.pods = Array.from({ length: PODS }, (_, index) => new Pod(index, world));
  }

  /** Streams on which something is under way. */
  get wires(): readonly Wire[] {
    this.#wires = this.#wires.filter((wire) => !wire.isOver);
    return this.#wires;
  }

  check(): void {
    for (const pod of this.pods) if (!pod.isAlive) pod.restart();
    this.invariants.check();
  }

  // What a user does.

  request(): void {
    const { random } = this;
    const pod = random.pick(this.pods);
    if (pod === undefined || pod.budgets.length === 0) return;
    const isSliced = random.once(4);
    const tokens = 1 + random.below(isSliced ? LARGEST_STREAM : LARGEST_REQUEST);
    const budgets = random.once(3) ? pod.budgets.slice(0, 1) : pod.budgets;
    const attempt = attemptOf(budgets, tokens, {
      ...{ target: TARGET, caller: callerOf(random.pick(USERS)), labels: { namespace: 'shop' } },
      ...(isSliced && { isSliced }),
    });
    const books = budgets.map((budget) => ({
      budgetId: partitionOf(budget, attempt).id,
      window: windowAt(budget.every, pod.now()).id,
      unit: budget.unit,
    }));
    this.invariants.asked(attempt.requestId, books);
    const isAlive = pod.lifeNow();
    pod.gate.reserve(attempt).then(
      (reservation) => {
        if (!isAlive()) return;
        const used = 1 + random.below(Math.min(tokens, reservation.growth?.outputTokens ?? tokens));
        const job: Job = { requestId: attempt.requestId, books, tokens: used, isStream: isSliced, state: 'running' };
        this.jobs.push(job);
        this.invariants.sent(job);
        pod.running.push({ job, reservation, isAsking: false });
      },
      () => undefined,
    );
  }

  bill(job = this.random.pick(this.jobs)): void {
    if (job?.state !== 'running') return;
    job.state = 'billed';
    this.invariants.billed(job);
  }

  settle(pod = this.random.pick(this.pods)): void {
    const running = this.random.take(pod?.running ?? []);
    if (running === undefined) return;
    const { job, reservation } = running;
    if (job.state === 'billed' && !this.random.once(5)) reservation.settle(billed(job.tokens));
    else if (job.state === 'running' && this.random.once(2)) {
      job.state = 'refused';
      reservation.settle(NOTHING);
    } else
      reservation.settle(
        reservation.growth === undefined ? UNKNOWN : { ...UNKNOWN, deliveredTokensAtMost: job.tokens },
      );
  }

  /** More of a stream flows: at once where it is reserved, else when it may. */
  flow(): void {
    const pod = this.random.pick(this.pods);
    const running = this.random.pick(pod?.running.filter(({ reservation }) => reservation.growth !== undefined) ?? []);
    const growth = running?.reservation.growth;
    if (running === undefined || growth === undefined || running.isAsking || running.job.state !== 'running') return;
    const { job } = running;
    const isAlive = pod?.lifeNow();
    const wanted = Math.min(growth.atMost, growth.outputTokens + 1 + this.random.below(LARGEST_STREAM / 4));
    const flown = (): void => {
      if (isAlive?.() && pod?.running.includes(running) && job.state === 'running')
        job.tokens = Math.min(growth.outputTokens, wanted);
    };
    if (growth.extend(wanted)) {
      flown();
      return;
    }
    running.isAsking = true;
    const answered = (): void => {
      running.isAsking = false;
    };
    void growth
      .ask(wanted)
      .then(flown, () => undefined)
      .then(answered);
  }

  limit(): void {
    const { random } = this;
    const at = random.below(this.#budgets.length);
    const of = (budget: PolicyBudget): bigint =>
      BigInt(1_000 + random.below(10_000)) * (budget.unit === 'tokens' ? 1n : 1_234n);
    this.#budgets = this.#budgets.map((budget, index) =>
      index === at ? { ...budget, amount: String(of(budget)) } : budget,
    );
    this.invariants.allow(this.#budgets);
    for (const operator of this.operators) operator.publish(this.#policy());
  }

  // What the network does.

  deliver(): void {
    const wire = this.random.pick(this.wires.filter(({ underway }) => underway > 0));
    wire?.deliver(this.random.below(2));
  }

  hop(): void {
    if (this.hops.underway > 0) this.hops.pass(this.random.below(this.hops.underway));
  }

  loseHop(): void {
    if (this.hops.underway > 0) this.hops.fail(this.random.below(this.hops.underway));
  }

  cut(): void {
    this.random.pick(this.wires)?.cut();
  }

  freeze(): void {
    const wire = this.random.pick(this.wires);
    if (wire !== undefined) wire.isFrozen = true;
  }

  // What goes wrong.

  killSidecar(): void {
    this.random.pick(this.pods)?.restart();
  }

  killOperator(): void {
    const at = this.random.below(OPERATORS);
    this.operators[at]?.die();
    this.operators[at] = this.#newOperator();
  }

  fillDisk(): void {
    const pod = this.random.pick(this.pods);
    if (pod !== undefined) pod.disk.full = !pod.disk.full;
  }

  /** In the middle of its next write to the journal. */
  tearDisk(): void {
    const pod = this.random.pick(this.pods);
    pod?.disk.tearNext(this.random.share());
  }

  /** Of a sidecar, by up to two hours, either way. */
  jumpClock(): void {
    const pod = this.random.pick(this.pods);
    if (pod !== undefined) pod.skewMs = this.random.once(2) ? 0 : (this.random.below(4 * 3_600) - 2 * 3_600) * 1_000;
  }

  /** The operator takes a pod for gone, rightly or not. */
  forfeit(): void {
    const pod = this.random.pick(this.pods);
    const operator = this.random.pick(this.operators);
    if (pod === undefined) return;
    this.isForfeited = true;
    operator?.treasury.forfeit(pod.uid).catch(() => undefined);
  }

  /** Everybody can reach everybody, has room, and knows what time it is. */
  heal(): void {
    for (const wire of this.wires) wire.isFrozen = false;
    for (const pod of this.pods) Object.assign(pod, { skewMs: 0 }).disk.full = false;
  }

  #policy() {
    return buildPolicy({ budgets: [...this.#budgets] });
  }

  #newOperator(): ControlPlane {
    const newId = (): string => {
      this.#ids += 1;
      return `g${this.#ids}`;
    };
    const keep = (rows: readonly unknown[]): void => this.invariants.kept(rows);
    const { clock, hops, server, bug } = this;
    const operator = new ControlPlane({ clock, hops, server, bug, newId, keep });
    operator.publish(this.#policy());
    return operator;
  }

  #dial(podUid: string, events: ConstructorParameters<typeof Wire>[0]): Wire {
    const wire = new Wire(events);
    this.#wires.push(wire);
    this.random.pick(this.operators)?.accept(podUid, wire);
    return wire;
  }
}
