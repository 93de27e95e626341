/** One replica of the operator as far as money goes: the shipped streams, treasury and store, in a process that can be killed. */

import { policyHash } from '#contract/policy/hash';
import type { Policy } from '#contract/policy/policy';
import { UsageIntake } from '#operator/history/usage-intake';
import { PodStreams } from '#operator/push/pod-streams';
import { type PreparedPolicy, preparePolicy } from '#operator/push/prepared-policy';
import type { TestClock } from '#test/treasury/clock';
import type { LedgerServer } from '#test/treasury/ledger-server';
import { timersOfTheLiving } from '#test/treasury/mortal';
import type { After } from '#treasury/open-book';
import { ClusterGrantStore } from '#treasury/stores/cluster/cluster-store';
import { LedgerIndex } from '#treasury/stores/cluster/ledger-index';
import { Treasury } from '#treasury/treasury';
import type { Bug } from './bugs.ts';
import type { Hops } from './hops.ts';
import type { Wire } from './wire.ts';

export interface ControlPlaneWorld {
  readonly clock: TestClock;
  readonly hops: Hops;
  readonly server: LedgerServer;
  readonly bug: Bug;
  readonly newId: () => string;
  /** The history of usage took these rows: it keeps each once. */
  readonly keep: (rows: readonly unknown[]) => void;
}

const WORKLOAD = 'shop/app';
const TICK_MS = 1_000;
const NEVER = new Promise<never>(() => undefined);
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export class ControlPlane {
  readonly treasury: Treasury;
  /** How far its clock is off. */
  skewMs = 0;
  readonly #life = { alive: true };
  readonly #streams: PodStreams;
  readonly #wires = new Set<Wire>();
  readonly #clock: TestClock;
  #wanted: PreparedPolicy | undefined;

  constructor(world: ControlPlaneWorld) {
    const { clock, newId } = world;
    this.#clock = clock;
    const timers = timersOfTheLiving(clock, this.#life);
    const after = timers.after.bind(timers);
    this.treasury = new Treasury({ store: this.#store(world), now: this.now, newId, after, hasPeers: true });
    const intake = this.#intake(world, after);
    this.#streams = new PodStreams({
      treasury: world.bug.treasury?.(this.treasury) ?? this.treasury,
      tls: {},
      events: { onState: () => undefined, onDisconnect: () => undefined },
      keepUsage: (records, peer) => intake.take(records, peer),
      log: SILENT,
      now: clock.now,
      after,
    });
    timers.every(TICK_MS, () => this.#streams.tick());
  }

  readonly now = (): number => this.#clock.now() + this.skewMs;

  publish(policy: Policy): void {
    const pushed = { policy, hash: policyHash(policy), credentials: new Map() };
    this.#wanted = preparePolicy(pushed, this.#wanted);
    this.#streams.want(WORKLOAD, this.#wanted);
  }

  accept(podUid: string, wire: Wire): void {
    for (const known of this.#wires) if (known.isOver) this.#wires.delete(known);
    this.#wires.add(wire);
    const identity = { namespace: 'shop', podName: podUid, podUid, serviceAccount: 'app', workloadKey: WORKLOAD };
    this.#streams.open(wire.call, identity, { startedAtMs: this.#clock.now(), wanted: this.#wanted ?? null });
  }

  /** kill -9. What it has asked of the API server may still be done. */
  die(): void {
    this.#life.alive = false;
    for (const wire of this.#wires) wire.operatorDied();
  }

  /** Rows are kept when the history is asked, and its answer may come late or never. */
  #intake({ hops, keep }: ControlPlaneWorld, after: After): UsageIntake {
    const store = {
      append: async (rows: readonly unknown[]) => {
        await hops.hop();
        keep(rows);
        await hops.hop();
        return { added: rows.length, repeated: 0, bad: 0, late: 0 };
      },
    };
    return new UsageIntake({ store, now: this.now, log: SILENT, onRows: () => undefined, after });
  }

  #store({ server, hops, bug }: ControlPlaneWorld): ClusterGrantStore {
    const whenAlive = (): Promise<void> => (this.#life.alive ? hops.hop() : NEVER);
    const client = server.client({
      before: whenAlive,
      after: () => hops.hop().then(() => (this.#life.alive ? undefined : NEVER)),
    });
    const objects = bug.objects?.(server, client) ?? client;
    const ledgers = new LedgerIndex();
    server.watch((object) => this.#life.alive && ledgers.apply(object));
    return new ClusterGrantStore({ objects, ledgers, ownerOf: () => undefined, random: () => 0, wait: whenAlive });
  }
}
