/** The seats of one key, and how its bound is parted among them in a round. */
import { NO_COUNTS, type PriorityCounts, plus, sumOf } from '#contract/policy/share-demand';
import { divide, type Holder } from '#treasury/shares/divide';
import type { ShareBounds, ShareLoad } from '#treasury/shares/share-bounds';
import type { ShareSeat } from './share-seat.ts';

/** Whose seat it is. */
export interface SeatHolder {
  /** Has reported on its stream, so that it can be told. */
  readonly isHeard: boolean;
  /** What its policy states of each key that it names; null: nothing. */
  readonly keys: ReadonlyMap<string, number | null>;
}

export interface Round {
  readonly nowMs: number;
  readonly bounds: ShareBounds;
}

/** What a long pause between two rounds counts for at most. */
const MAX_ELAPSED_S = 1;

export class SharePool<H extends SeatHolder> {
  readonly key: string;
  readonly seats = new Map<H, ShareSeat>();
  /** Refusals since the last round. */
  throttled = 0;
  /** What pods that came since then had been given elsewhere. */
  brought = 0;
  /** As of the last round; null: none. */
  bound: number | null = null;
  #roundAtMs = Number.NEGATIVE_INFINITY;

  constructor(key: string) {
    this.key = key;
  }

  /** What each holder that can be told may have from now on; null: as much as it likes. */
  divide({ nowMs, bounds }: Round): Map<H, number | null> {
    this.bound = bounds.boundFor(this.key, this.#load(), nowMs);
    this.throttled = 0;
    this.brought = 0;
    const elapsedS = Math.min(MAX_ELAPSED_S, (nowMs - this.#roundAtMs) / 1_000);
    this.#roundAtMs = nowMs;
    if (this.bound === null) return new Map([...this.#heard()].map(([holder]) => [holder, null]));
    const holders = new Map([...this.#heard()].map(([holder, seat]) => [holder, holderOf(seat)]));
    const portions = divide(Math.max(0, this.bound - this.#silentlyOccupied()), holders, elapsedS);
    for (const [holder, { credit }] of portions) this.#creditOf(holder, credit);
    return new Map([...portions].map(([holder, { units }]) => [holder, units]));
  }

  /** Whether time alone may change what holders should be told: not all is there that is wanted, so that parts are had in turns. */
  get isShort(): boolean {
    const { bound } = this;
    return bound !== null && this.occupied + sumOf(this.waiting) > bound;
  }

  get occupied(): number {
    return total([...this.seats.values()].map(({ occupied }) => occupied));
  }

  get waiting(): PriorityCounts {
    return [...this.seats.values()].reduce((sum, { waiting }) => plus(sum, waiting), NO_COUNTS);
  }

  #load(): ShareLoad {
    const { throttled, brought, waiting, occupied } = this;
    const running = [...this.seats.values()].reduce((sum, seat) => plus(sum, seat.running), NO_COUNTS);
    return {
      throttled,
      brought,
      waiting,
      occupied,
      running,
      stated: this.#stated(),
    };
  }

  /** The least, while some have a policy that says otherwise than that of others. */
  #stated(): number | null {
    const all = [...this.#heard()].map(([{ keys }]) => keys.get(this.key) ?? null).filter((each) => each !== null);
    return all.length > 0 ? Math.min(...all) : null;
  }

  #silentlyOccupied(): number {
    return total([...this.seats].map(([{ isHeard }, { occupied }]) => (isHeard ? 0 : occupied)));
  }

  *#heard(): Iterable<readonly [H, ShareSeat]> {
    for (const entry of this.seats) if (entry[0].isHeard) yield entry;
  }

  #creditOf(holder: H, credit: number): void {
    const seat = this.seats.get(holder);
    if (seat) seat.credit = credit;
  }
}

const holderOf = ({ demand, units, occupied, credit }: ShareSeat): Holder => ({
  ...{ demand, occupied, credit },
  units: units ?? 0,
});

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
