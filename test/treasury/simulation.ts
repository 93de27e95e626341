/**
 * A world of sidecars, two treasuries and one API server in which every message, write and crash happens when the test says.
 * After each step it checks the promise: settled + open grants ≤ limit, and what providers billed ≤ both.
 */
import assert from 'node:assert/strict';
import { limitOfBook, partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { Reservation } from '#sidecar/budget/budget-gate';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { Wallet } from '#sidecar/budget/wallet';
import type { Book } from '#treasury/book';
import { decodeBook } from '#treasury/book-codec';
import type { GrantAuthority } from '#treasury/grant-authority';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import type { LedgerObjects } from '#treasury/stores/cluster/ledger-objects';
import { type TakeRecall, Treasury } from '#treasury/treasury';
import { windowAt } from '#treasury/window';
import { attemptOf, billed, budgetOf, callerOf, NOTHING, UNKNOWN } from './budgets.ts';
import { TestClock } from './clock.ts';
import { type Faults, LedgerServer } from './ledger-server.ts';
import { MemoryDisk } from './memory-journal.ts';
import { ofTheLiving, openGrants, timersOfTheLiving } from './mortal.ts';
import { Network } from './network.ts';

/** What a planted bug replaces; nothing for the real engine. */
export interface Variant {
  readonly wallet?: () => Wallet;
  /** A restarted sidecar goes on with the grants of its journal. */
  readonly resumesGrants?: boolean;
  readonly objects?: (server: LedgerServer, objects: LedgerObjects) => LedgerObjects;
}

/** One step: what, and two numbers that choose among what is possible. */
export type Step = readonly [kind: StepKind, first: number, second: number];
export const STEP_KINDS = [
  'request',
  'deliver',
  'lose',
  'duplicate',
  'bill',
  'settle',
  'kill',
  'failover',
  'forfeit',
  'limit',
  'unnamed',
  'time',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** A request that a provider has; it may bill it until the end of days. */
interface Job {
  readonly requestId: string;
  readonly windows: readonly string[];
  readonly actual: bigint;
  state: 'running' | 'billed' | 'refused';
}

interface Running {
  readonly job: Job;
  readonly reservation: Reservation;
}

interface Sidecar {
  readonly index: number;
  readonly disk: MemoryDisk;
  starts: number;
  process: SidecarProcess;
}

interface SidecarProcess {
  alive: boolean;
  readonly instance: string;
  readonly gate: SidecarBudgetGate;
  readonly running: Running[];
}

const SIDECARS = 3;
/** Each has its own book of the limit that holds per user; requests that name nobody share one. */
const USERS = [undefined, 'ann', 'bob'];
const TREASURIES = 2;
/** 30 s before midnight, so that the hour and the day roll over during a run. */
const START = Date.UTC(2026, 10, 21, 23, 59, 30);

export class Simulation {
  readonly #variant: Variant;
  readonly #clock = new TestClock(START);
  readonly #server = new LedgerServer();
  readonly #network = new Network();
  readonly #jobs: Job[] = [];
  readonly #billed = new Map<string, bigint>();
  readonly #highest = new Map<string, bigint>();
  readonly #holders = new Set<string>();
  readonly #recallers = new Map<string, TakeRecall>();
  #budgets = [
    budgetOf('day', 400n),
    budgetOf('hour', 300n, { every: 'Hour', unit: 'tokens' }),
    budgetOf('each', 150n, { every: 'Hour', unit: 'tokens', per: ['user'] }),
  ];
  #treasuries: Treasury[];
  #sidecars: Sidecar[];
  #decoded: { readonly writes: number; readonly books: readonly Book[] } = { writes: 0, books: [] };
  #ids = 0;
  /** Nothing happened that makes the book count more than the provider did. */
  #exact = true;

  constructor(variant: Variant = {}) {
    this.#variant = variant;
    this.#noteLimits();
    this.#treasuries = Array.from({ length: TREASURIES }, () => this.#newTreasury());
    this.#sidecars = Array.from({ length: SIDECARS }, (_, index) => {
      const disk = new MemoryDisk();
      return { index, disk, starts: 0, process: this.#start(index, disk, 0) };
    });
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step[0] === 'deliver') await this.#deliver(step[1], step[2] % 12);
      else this.#apply(step);
      await soon();
      this.#check();
    }
    await this.#quiesce();
  }

  #apply([kind, first, second]: Step): void {
    if (kind === 'request') this.#request(pick(this.#sidecars, first), BigInt(1 + (second % 90)));
    else if (kind === 'lose') this.#lose(first);
    else if (kind === 'duplicate') this.#duplicate(first);
    else if (kind === 'bill') this.#bill(pick(this.#jobs, first));
    else if (kind === 'settle') this.#settle(pick(this.#sidecars, first), second);
    else if (kind === 'kill') this.#kill(pick(this.#sidecars, first));
    else if (kind === 'failover') this.#treasuries[first % TREASURIES] = this.#newTreasury();
    else if (kind === 'forfeit') this.#forfeit(first, second);
    else if (kind === 'limit') this.#limit(first, second);
    else if (kind === 'unnamed') this.#unnamed(first, second);
    else this.#clock.advance(second % 20 === 0 ? 70_000 : second * 20);
  }

  /** Some messages, in any order. */
  async #deliver(which: number, more: number): Promise<void> {
    for (let at = 0; at <= more && !this.#network.isEmpty; at++) {
      this.#network.deliver(which + at * 7);
      await soon();
      this.#check();
    }
  }

  // What a user does.

  #request(sidecar: Sidecar | undefined, atMost: bigint): void {
    if (sidecar === undefined) return;
    const { process } = sidecar;
    const budgets = atMost % 3n === 0n ? this.#budgets.slice(0, 1) : this.#budgets;
    const user = USERS[Number(atMost / 3n) % USERS.length];
    const attempt = attemptOf(budgets, Number(atMost), { caller: callerOf(user) });
    const books = budgets.map((budget) => partitionOf(budget, attempt));
    const windows = books.map((budget) => bookKey(budget.id, windowAt(budget.every, this.#clock.now()).id));
    const actual = (atMost * BigInt(1 + (this.#jobs.length % 4))) / 4n;
    process.gate.reserve(attempt).then(
      (reservation) => {
        if (!process.alive) return;
        const job: Job = { requestId: attempt.requestId, windows, actual, state: 'running' };
        this.#jobs.push(job);
        process.running.push({ job, reservation });
      },
      () => undefined,
    );
  }

  #bill(job: Job | undefined): void {
    if (job?.state !== 'running') return;
    job.state = 'billed';
    for (const window of job.windows) this.#billed.set(window, (this.#billed.get(window) ?? 0n) + job.actual);
  }

  #settle(sidecar: Sidecar | undefined, how: number): void {
    const running = take(sidecar?.process.running ?? [], how);
    if (running === undefined) return;
    const { job, reservation } = running;
    if (job.state === 'billed' && how % 5 !== 0) {
      reservation.settle(billed(Number(job.actual)));
      return;
    }
    if (job.state === 'running' && how % 2 === 0) {
      job.state = 'refused';
      reservation.settle(NOTHING);
      return;
    }
    this.#exact = false;
    reservation.settle(UNKNOWN);
  }

  #limit(which: number, amount: number): void {
    const index = which % this.#budgets.length;
    this.#budgets = this.#budgets.map((budget, at) =>
      at === index ? { ...budget, amount: String(100 + amount * 2) } : budget,
    );
    this.#noteLimits();
  }

  // What goes wrong.

  #lose(which: number): void {
    this.#exact = false;
    this.#network.lose(which);
  }

  #duplicate(which: number): void {
    if (this.#network.duplicate(which)) this.#exact = false;
  }

  #kill(sidecar: Sidecar | undefined): void {
    if (sidecar === undefined) return;
    this.#exact = false;
    sidecar.process.alive = false;
    sidecar.starts += 1;
    sidecar.process = this.#start(sidecar.index, sidecar.disk, sidecar.starts);
  }

  /** Also of holders that live and spend. */
  #forfeit(which: number, treasury: number): void {
    const holder = pick([...this.#holders], which);
    if (holder === undefined) return;
    this.#exact = false;
    pick(this.#treasuries, treasury)
      ?.forfeit(holder)
      .catch(() => undefined);
  }

  // How it is wired.

  #newTreasury(): Treasury {
    const faults: Faults = { before: () => this.#network.hop(), after: () => this.#network.hop() };
    const client = this.#server.client(faults);
    const objects = this.#variant.objects?.(this.#server, client) ?? client;
    const store = new ClusterGrantStore({
      objects,
      ownerOf: () => undefined,
      random: () => 0,
      wait: async () => undefined,
    });
    const newId = (): string => {
      this.#ids += 1;
      return `g${this.#ids}`;
    };
    const after = (ms: number, task: () => void): (() => void) => this.#clock.after(ms, task);
    const treasury = new Treasury({ store, now: this.#clock.now, newId, after });
    this.#listen(treasury);
    return treasury;
  }

  #start(index: number, disk: MemoryDisk, starts: number): SidecarProcess {
    const instance = `pod-${index}-${starts}`;
    this.#holders.add(instance);
    const resumed = this.#variant.resumesGrants === true ? openGrants(disk.text) : [];
    const wallet = this.#variant.wallet?.() ?? new Wallet();
    const running: Running[] = [];
    const life = { alive: true };
    const gate = createBudgetGate({
      authority: this.#authority(instance, life),
      journal: new Journal(ofTheLiving(disk.mount(), life)),
      instance,
      now: this.#clock.now,
      timers: timersOfTheLiving(this.#clock, life),
      wallet,
    });
    for (const grant of resumed) wallet.add(grant, this.#clock.now());
    return Object.assign(life, { instance, gate, running });
  }

  #authority(holder: string, life: { alive: boolean }): GrantAuthority {
    let asked = 0;
    const any = (): Treasury => {
      asked += 1;
      const treasury = this.#treasuries[asked % TREASURIES];
      assert.ok(treasury);
      return treasury;
    };
    return {
      ask: (budget, window, needed) => this.#call(life, () => any().ask(holder, budget, window, needed)),
      giveBack: (grant, final) => this.#call(life, () => any().giveBack(grant, grant.id, final)),
      shrink: (grant) =>
        void this.#call(life, () => any().shrink(grant, grant.id, grant.amount)).catch(() => undefined),
      onRecall: (take) => {
        this.#recallers.set(holder, (grant) => {
          const hear = (): void => {
            if (life.alive) take(grant);
          };
          this.#network.hop().then(hear, () => undefined);
          return life.alive;
        });
        for (const treasury of this.#treasuries) this.#listen(treasury);
      },
      report: (usages) => void this.#call(life, () => any().report(holder, usages)).catch(() => undefined),
    };
  }

  /** Every holder has its stream with every treasury. */
  #listen(treasury: Treasury): void {
    for (const [holder, take] of this.#recallers) treasury.recallsTo(holder, take);
  }

  /** The books are looked through for what a holder does not name. */
  #unnamed(which: number, treasury: number): void {
    const holder = pick([...this.#holders], which);
    if (holder === undefined) return;
    pick(this.#treasuries, treasury)
      ?.recallUnnamed(holder, this.#budgets, new Set())
      .catch(() => undefined);
  }

  /** Nobody hears what the dead say. */
  #call<T>(life: { alive: boolean }, work: () => Promise<T>): Promise<T> {
    return life.alive ? this.#network.call(work) : new Promise(() => undefined);
  }

  // What must hold.

  #noteLimits(): void {
    for (const { id, amount } of this.#budgets) {
      const known = this.#highest.get(id) ?? 0n;
      this.#highest.set(id, known > BigInt(amount) ? known : BigInt(amount));
    }
  }

  #check(): void {
    const counted = new Map<string, bigint>();
    for (const book of this.#books()) {
      const open = Object.values(book.grants).reduce((sum, { amount }) => sum + amount, 0n);
      const limit = this.#highest.get(limitOfBook(book.budgetId)) ?? 0n;
      counted.set(bookKey(book.budgetId, book.window), book.settled + open);
      assert.ok(book.settled >= 0n, 'settled less than nothing');
      assert.equal(book.overrun, 0n, 'more was spent than a grant allowed');
      assert.ok(book.settled + open <= limit, `${book.settled} settled + ${open} open > ${limit}`);
    }
    for (const [key, spent] of this.#billed) {
      const book = counted.get(key) ?? 0n;
      assert.ok(spent <= book, `${key}: the provider billed ${spent}, the book counts ${book}`);
    }
  }

  #books(): readonly Book[] {
    if (this.#decoded.writes !== this.#server.writes) {
      const books = this.#server.objects.map(({ spec }) => decodeBook(spec.book));
      this.#decoded = { writes: this.#server.writes, books };
    }
    return this.#decoded.books;
  }

  /** Lets everything end well, and then the book must say what the providers say. */
  async #quiesce(): Promise<void> {
    await this.#network.deliverAll(soon);
    for (const job of this.#jobs) this.#bill(job);
    for (const { process } of this.#sidecars) {
      for (const { job, reservation } of process.running.splice(0)) {
        reservation.settle(job.state === 'refused' ? NOTHING : billed(Number(job.actual)));
      }
    }
    const closing = this.#sidecars.map(({ process }) => process.gate.close());
    await this.#network.deliverAll(soon);
    await Promise.all(closing);
    await this.#network.deliverAll(soon);
    this.#check();
    this.#checkRecords();
    if (this.#exact) this.#checkExact();
  }

  /** Each attempt that was sent has exactly one record, whoever was killed. */
  #checkRecords(): void {
    const records = this.#sidecars.flatMap(({ process }) => process.gate.records(10_000));
    const requests = records.map(({ requestId }) => requestId);
    assert.equal(new Set(requests).size, requests.length, 'a record is doubled');
    assert.equal(new Set(records.map(({ instance, seq }) => `${instance} ${seq}`)).size, records.length);
    const recorded = new Set(requests);
    for (const { requestId } of this.#jobs) assert.ok(recorded.has(requestId), 'a record is lost');
  }

  #checkExact(): void {
    for (const book of this.#books()) {
      assert.deepEqual(Object.keys(book.grants), [], 'a grant is stranded');
      assert.equal(book.settled, this.#billed.get(bookKey(book.budgetId, book.window)) ?? 0n);
    }
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bookKey = (budgetId: PolicyBudget['id'], window: string): string => `${budgetId} ${window}`;
const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % from.length];
const take = <T>(from: T[], which: number): T | undefined => from.splice(which % from.length, 1)[0];
