/**
 * What pods have under way and waiting of what is shared over the fleet, and how much each is told that it may have. A pod is heard of no
 * key that its policy does not name. In rounds: what was said since the last one is weighed together.
 */
import { MAX_SHARES, type PriorityCounts, type Share, type ShareDemand } from '#contract/policy/share-demand';
import { OwnBounds, type ShareBounds } from '#treasury/shares/share-bounds';
import { SharePool } from './share-pool.ts';
import { ShareSeat } from './share-seat.ts';

/** What a pod that is not heard may be using is free after this. */
export const SHARES_TTL_MS = 30_000;

export interface ToldShares {
  /** Increasing per pod; its reports confirm it. */
  readonly revision: number;
  readonly shares: readonly Share[];
}

export interface ShareReport {
  /** Of what is in force at the pod; 0: of nothing that was told on this stream. */
  readonly version: number;
  readonly demands: readonly ShareDemand[];
}

export interface ShareCount {
  readonly key: string;
  /** null: no bound. */
  readonly limit: number | null;
  readonly occupied: number;
  readonly waiting: PriorityCounts;
}

/** Each with the bound that is stated for it; null: none is. */
export type ShareKeys = ReadonlyMap<string, number | null>;

interface Member {
  keys: ShareKeys;
  readonly seats: Map<string, ShareSeat>;
  isConnected: boolean;
  /** Has reported on its stream. */
  isHeard: boolean;
  /** Since when it is not heard. */
  silentSinceMs: number;
  told: ToldShares;
}

const NO_KEYS: ShareKeys = new Map();
const NOTHING: ToldShares = { revision: 0, shares: [] };

export class ShareBoard {
  readonly #bounds: ShareBounds;
  readonly #members = new Map<string, Member>();
  readonly #pools = new Map<string, SharePool<Member>>();
  /** Keys of which something changed, or time may change something. */
  #due = new Set<string>();
  /** Heard, and to be told in the next round whatever it brings. */
  readonly #untold = new Set<Member>();

  constructor(bounds: ShareBounds = new OwnBounds()) {
    this.#bounds = bounds;
  }

  /** A stream of the pod begins. What it had on a former one stays taken until it says what it has. `keys` of its policy; undefined without one. */
  join(podUid: string, keys: ShareKeys | undefined, nowMs: number): void {
    if (!this.#members.has(podUid))
      this.#members.set(podUid, {
        ...{ keys: NO_KEYS, seats: new Map(), told: NOTHING },
        ...{ isConnected: true, isHeard: false, silentSinceMs: nowMs },
      });
    this.#silence(podUid, { isConnected: true, nowMs });
    this.scope(podUid, keys);
  }

  /** The pod's policy changes. */
  scope(podUid: string, keys: ShareKeys = NO_KEYS): void {
    const member = this.#members.get(podUid);
    if (!member) return;
    member.keys = keys;
    for (const key of member.seats.keys()) if (!keys.has(key)) this.#unseat(key, member);
    for (const key of keys.keys()) {
      this.#seat(key, member);
      this.#due.add(key);
    }
  }

  /** In place of all that the pod said before. The first one of a stream also says what the pod takes to be its own. */
  report(podUid: string, { version, demands }: ShareReport): void {
    const member = this.#members.get(podUid);
    if (!member) return;
    const byKey = new Map(demands.map((demand) => [demand.key, demand]));
    for (const [key, seat] of member.seats) {
      const demand = byKey.get(key);
      if (!member.isHeard) this.#pool(key).brought += seat.begin(demand?.units ?? 0);
      else if (demand && seat.isNew) this.#claim(key, member, demand.units);
      else if (!demand && seat.isIdle) continue;
      seat.confirm(version);
      seat.report(demand);
      this.#pool(key).throttled += demand?.throttled ?? 0;
      this.#due.add(key);
    }
    if (!member.isHeard) this.#untold.add(member);
    member.isHeard = true;
  }

  /** The stream ended. The pod goes on with what it was told, and may come back. */
  leave(podUid: string, nowMs: number): void {
    this.#silence(podUid, { isConnected: false, nowMs });
  }

  /** There is no such pod any more, and nothing that it may be using. */
  gone(podUid: string): void {
    const member = this.#members.get(podUid);
    if (member) this.#remove(podUid, member);
  }

  /** What the pods are told from now on. Returns whom that changes. */
  round(nowMs: number): string[] {
    this.#expire(nowMs);
    const due = this.#due;
    const changed = new Set(this.#untold);
    this.#due = new Set();
    this.#untold.clear();
    for (const key of due) this.#divide(key, nowMs, changed);
    for (const member of changed) member.told = toldOf(member);
    return [...this.#members].filter(([, member]) => changed.has(member)).map(([podUid]) => podUid);
  }

  /** The bound of a key may be another one. */
  look(key: string): void {
    this.#due.add(key);
  }

  /** Whether another round may change something though nobody says anything. */
  get isMoving(): boolean {
    return this.#due.size > 0;
  }

  /** What the pod should know, as of the last round, if that told of it. null: it has not said yet what it has. */
  toldTo(podUid: string): ToldShares | null {
    const member = this.#members.get(podUid);
    return member?.isHeard ? member.told : null;
  }

  /** Of this moment, of each key that has a bound or is in use. */
  counts(): ShareCount[] {
    return [...this.#pools.values()]
      .map(({ key, bound, occupied, waiting }) => ({ key, limit: bound, occupied, waiting }))
      .filter(({ limit, occupied }) => limit !== null || occupied > 0);
  }

  #divide(key: string, nowMs: number, changed: Set<Member>): void {
    const pool = this.#pools.get(key);
    if (!pool) return;
    for (const [member, units] of pool.divide({ nowMs, bounds: this.#bounds })) {
      const seat = pool.seats.get(member);
      if (!seat || seat.units === units) continue;
      seat.tell(units, member.told.revision + 1);
      changed.add(member);
    }
    if (pool.isShort || this.#bounds.isMoving(key)) this.#due.add(key);
  }

  #silence(podUid: string, { isConnected, nowMs }: { readonly isConnected: boolean; readonly nowMs: number }): void {
    const member = this.#members.get(podUid);
    if (!member) return;
    if (member.isHeard) member.silentSinceMs = nowMs;
    member.isHeard = false;
    member.isConnected = isConnected;
    this.#untold.delete(member);
    for (const [key, seat] of member.seats) {
      seat.fallSilent();
      this.#due.add(key);
    }
  }

  #claim(key: string, member: Member, units: number): void {
    const seat = member.seats.get(key);
    if (seat) this.#pool(key).brought += seat.claim(units);
    this.#untold.add(member);
  }

  #expire(nowMs: number): void {
    for (const [podUid, member] of this.#members) {
      if (member.isHeard || nowMs - member.silentSinceMs < SHARES_TTL_MS) continue;
      if (!member.isConnected) this.#remove(podUid, member);
      else for (const [key, seat] of member.seats) if (seat.clear()) this.#due.add(key);
    }
  }

  #remove(podUid: string, member: Member): void {
    for (const key of member.seats.keys()) this.#unseat(key, member);
    this.#members.delete(podUid);
    this.#untold.delete(member);
  }

  #seat(key: string, member: Member): void {
    if (member.seats.has(key)) return;
    const seat = new ShareSeat();
    member.seats.set(key, seat);
    this.#pool(key).seats.set(member, seat);
  }

  #unseat(key: string, member: Member): void {
    if (member.isHeard && member.seats.get(key)?.units !== null) this.#untold.add(member);
    member.seats.delete(key);
    const pool = this.#pool(key);
    pool.seats.delete(member);
    this.#due.add(key);
    if (pool.seats.size > 0) return;
    this.#pools.delete(key);
    this.#bounds.forget(key);
  }

  #pool(key: string): SharePool<Member> {
    const pool = this.#pools.get(key) ?? new SharePool<Member>(key);
    this.#pools.set(key, pool);
    return pool;
  }
}

function toldOf({ seats, told }: Member): ToldShares {
  const shares: Share[] = [];
  for (const [key, { units }] of seats) if (units !== null && shares.length < MAX_SHARES) shares.push({ key, units });
  return { revision: told.revision + 1, shares };
}
