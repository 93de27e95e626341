/** A pod with its sidecar: the shipped gate, journal, wallet and stream client in one process that can be killed, over a disk that outlives it. */
import type { PolicyBudget } from '#contract/policy/policy';
import type { Reservation } from '#sidecar/budget/budget-gate';
import { createBudgetGate, type SidecarBudgetGate } from '#sidecar/budget/granted-budget-gate';
import { Journal } from '#sidecar/budget/journal';
import { Wallet } from '#sidecar/budget/wallet';
import { SharedGates } from '#sidecar/pipeline/admission/shared-gates';
import type { LastKnownGoodStore } from '#sidecar/policy/last-known-good';
import type { Dial } from '#sidecar/sync/connection';
import { SyncClient } from '#sidecar/sync/sync-client';
import type { TestClock } from '#test/treasury/clock';
import { MemoryDisk } from '#test/treasury/memory-journal';
import { ofTheLiving, openGrants, timersOfTheLiving } from '#test/treasury/mortal';
import type { Bug } from './bugs.ts';
import type { Job } from './job.ts';
import type { Random } from './random.ts';
import type { Wire } from './wire.ts';

/** What a pod needs of the world. */
export interface PodWorld {
  readonly clock: TestClock;
  readonly random: Random;
  readonly bug: Bug;
  /** To one of the operators, which accepts the stream of this pod. */
  readonly dial: (podUid: string, events: Parameters<Dial>[1]) => Wire;
}

export interface Running {
  readonly job: Job;
  readonly reservation: Reservation;
  /** A stream waits for more at most once at a time. */
  isAsking: boolean;
}

interface Process {
  alive: boolean;
  readonly gate: SidecarBudgetGate;
  readonly client: SyncClient;
  readonly running: Running[];
}

const SILENT = { info: () => undefined, warn: () => undefined };

export class Pod {
  readonly uid: string;
  readonly disk = new MemoryDisk();
  /** Of the policy that the sidecar runs. */
  budgets: readonly PolicyBudget[] = [];
  /** How far its clock is off. */
  skewMs = 0;
  wire: Wire | undefined;
  readonly #world: PodWorld;
  readonly #lastKnownGood: LastKnownGoodStore;
  #starts = 0;
  #process: Process;

  constructor(index: number, world: PodWorld) {
    this.uid = `pod-${index}`;
    this.#world = world;
    let kept: ReturnType<LastKnownGoodStore['read']>;
    this.#lastKnownGood = {
      read: () => kept,
      write(value) {
        kept = value;
      },
    };
    this.#process = this.#start();
  }

  readonly now = (): number => this.#world.clock.now() + this.skewMs;

  get gate(): SidecarBudgetGate {
    return this.#process.gate;
  }

  /** Requests that are at a provider. */
  get running(): Running[] {
    return this.#process.running;
  }

  get isAlive(): boolean {
    return this.#process.alive;
  }

  /** Of a request that is let through: to whom the reservation belongs may be dead by now. */
  lifeNow(): () => boolean {
    const process = this.#process;
    return () => process.alive;
  }

  /** kill -9, and kubelet starts the container again. */
  restart(): void {
    this.#process.alive = false;
    this.wire?.sidecarDied();
    this.wire = undefined;
    this.#process = this.#start();
  }

  /** As when the pod is told to stop. */
  async leave(): Promise<void> {
    const { gate, client } = this.#process;
    await Promise.all([gate.close(), client.settle(1_500)]);
  }

  #start(): Process {
    this.#starts += 1;
    const instance = `${this.uid}.${this.#starts}`;
    const { clock, random, bug } = this.#world;
    const life = { alive: true };
    this.disk.onTorn = () => {
      life.alive = false;
    };
    const timers = timersOfTheLiving(clock, life);
    const wallet = bug.wallet?.() ?? new Wallet();
    const resumed = bug.resumesGrants === true ? openGrants(this.disk.text) : [];
    const shared = new SharedGates({ nowMs: clock.now, timers, isAlone: false });
    const client = new SyncClient({
      address: 'operator:0',
      caPem: '',
      tokenFile: '',
      instance,
      build: 'simulation',
      lastKnownGood: this.#lastKnownGood,
      unfit: () => [],
      shared: () => shared,
      outbox: {
        grants: () => gate.usage(),
        pending: (atMost) => gate.rows(atMost),
        acknowledge: (of, seq) => gate.acknowledge(of, seq),
      },
      closed: () => gate.closed(),
      log: SILENT,
      dial: async (_peer, events) => this.#dial(life, events),
      now: clock.now,
      random: random.share,
      timers,
    });
    const gate = createBudgetGate({
      authority: bug.authority?.(client.authority) ?? client.authority,
      journal: new Journal(ofTheLiving(this.disk.mount(), life)),
      instance,
      now: this.now,
      timers,
      wallet,
    });
    for (const grant of resumed) wallet.add(grant, this.now());
    client.start({
      applyPolicy: ({ budgets }) => {
        if (life.alive) this.budgets = budgets;
        return { applied: true };
      },
      applyCredentials: () => undefined,
      applyHints: () => undefined,
    });
    return Object.assign(life, { gate, client, running: [] });
  }

  #dial(life: { readonly alive: boolean }, events: Parameters<Dial>[1]): Wire {
    const wire = this.#world.dial(this.uid, {
      onMessage: (message) => life.alive && events.onMessage(message),
      onEnd: (reason) => life.alive && events.onEnd(reason),
    });
    if (life.alive) this.wire = wire;
    else wire.sidecarDied();
    return wire;
  }
}
