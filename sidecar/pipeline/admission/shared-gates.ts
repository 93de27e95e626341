/** All that this process shares with others, by share key: what it asks for, and what it is told. */
import type { Policy } from '#contract/policy/policy';
import type { Share, ShareDemand } from '#contract/policy/share-demand';
import { shareKeysOf, widerShareKey } from '#contract/policy/share-key';
import { SharedGate, type SharedGateDeps } from './shared-gate.ts';

interface Told {
  readonly units: ReadonlyMap<string, number>;
  readonly untilMs: number;
}

const NONE: ReadonlyMap<string, number | null> = new Map();

export class SharedGates {
  readonly #deps: SharedGateDeps;
  readonly #gates = new Map<string, SharedGate>();
  /** Those that hold somebody back, or would. */
  readonly bounding = new Set<SharedGate>();
  /** As told last on the present stream. */
  #told: Told | undefined;
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
      // What is tried at a model is tried at its provider.
      const wider = widerShareKey(key);
      gate = new SharedGate(key, wider === undefined ? undefined : this.gateOf(wider), this.#deps);
      gate.state(this.#named.get(key) ?? undefined);
      if (this.#told !== undefined) gate.tell(this.#told.units.get(key), this.#told.untilMs);
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
  tell(shares: readonly Share[], ttlMs: number): void {
    const untilMs = this.#deps.nowMs() + ttlMs;
    const units = new Map(shares.map((share) => [share.key, share.units]));
    this.#told = { units, untilMs };
    for (const [key, gate] of this.#gates) gate.tell(units.get(key), untilMs);
  }

  /** A stream begins: what an earlier one told holds on where it is used. */
  connected(): void {
    this.#told = undefined;
    for (const gate of this.#gates.values()) gate.connected();
  }

  /** Of what there is something to say of. */
  demands(): ShareDemand[] {
    return [...this.#gates.values()]
      .filter(({ isToTell }) => isToTell)
      .map(({ key, running, waiting, throttled, units }) => ({
        ...{ key, waiting, throttled, units },
        running: { ...running },
      }));
  }

  /** What `demands` said last is on its way. */
  reported(): void {
    for (const gate of this.#gates.values()) gate.reported();
  }
}
