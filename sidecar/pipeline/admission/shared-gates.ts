/** All that this process shares with others, by share key: what it asks for, and what it is told. */
import type { Policy } from '#contract/policy/policy';
import { shareKeysOf } from '#contract/policy/share-key';
import type { Priority } from '#contract/resources/route-concurrency';
import { SharedGate, type SharedGateDeps } from './shared-gate.ts';

/** What is under way and waits of one key, and what was refused since it was last reported. */
export interface ShareUse {
  readonly key: string;
  readonly running: Readonly<Record<Priority, number>>;
  readonly waiting: Readonly<Record<Priority, number>>;
  readonly throttled: number;
  /** How many this process takes to be its own. */
  readonly units: number;
}

export interface ToldShare {
  readonly key: string;
  readonly units: number;
}

/** What is tried at a model is tried at its provider. */
const WIDER = /^(provider:[^/]+\/[^/]+)\/./;
const NONE: ReadonlyMap<string, number | null> = new Map();

export class SharedGates {
  readonly #deps: SharedGateDeps;
  readonly #gates = new Map<string, SharedGate>();
  /** Those that hold somebody back, or would. */
  readonly bounding = new Set<SharedGate>();
  /** What the policy names, and how much of it is stated. */
  #named = NONE;
  /** Who wants to hear at once of what waits or is refused. */
  onNews: (() => void) | undefined;

  constructor(deps: Omit<SharedGateDeps, 'onNews' | 'bounding'>) {
    this.#deps = { ...deps, bounding: this.bounding, onNews: () => this.onNews?.() };
  }

  gateOf(key: string): SharedGate {
    let gate = this.#gates.get(key);
    if (gate === undefined) {
      const wider = WIDER.exec(key)?.[1];
      gate = new SharedGate(key, wider === undefined ? undefined : this.gateOf(wider), this.#deps);
      gate.state(this.#named.get(key) ?? undefined);
      this.#gates.set(key, gate);
    }
    return gate;
  }

  /** A policy is in force: its bounds hold from now on, and what it does not name is forgotten when it is over. */
  stated(policy: Policy): void {
    this.#named = shareKeysOf(policy);
    for (const [key, gate] of this.#gates) {
      gate.state(this.#named.get(key) ?? undefined);
      if (this.#named.has(key) || gate.isInUse) continue;
      this.#gates.delete(key);
      this.bounding.delete(gate);
    }
  }

  /** In place of all that was told before. */
  tell(shares: readonly ToldShare[], ttlMs: number): void {
    const untilMs = this.#deps.nowMs() + ttlMs;
    const told = new Map(shares.map(({ key, units }) => [key, units]));
    for (const key of told.keys()) if (this.#named.has(key)) this.gateOf(key);
    for (const [key, gate] of this.#gates) gate.tell(told.get(key), untilMs);
  }

  connected(): void {
    for (const gate of this.#gates.values()) gate.connected();
  }

  /** Of what there is something to say of. */
  uses(): ShareUse[] {
    return [...this.#gates.values()]
      .filter(({ isToTell }) => isToTell)
      .map(({ key, running, waiting, throttled, units }) => ({
        ...{ key, waiting, throttled, units },
        running: { ...running },
      }));
  }

  /** What `uses` said last has arrived. */
  reported(): void {
    for (const gate of this.#gates.values()) gate.reported();
  }
}
