/** How much of each key whoever divides it may give out: here by one's own knowledge alone, for who is alone with it. */
import { type PriorityCounts, sumOf } from '#contract/policy/share-demand';
import { type AdaptiveLimit, adapt, boundOf, noLimit } from './adaptive-limit.ts';

/** What is known of a key at one moment. */
export interface ShareLoad {
  readonly running: PriorityCounts;
  readonly waiting: PriorityCounts;
  /** Refusals for rate since the last time. */
  readonly throttled: number;
  /** Of the resource; null: none. */
  readonly stated: number | null;
  /** What those may be using to whom it is divided. */
  readonly occupied: number;
  /** What pods that came since the last time were given elsewhere. */
  readonly brought: number;
}

export interface ShareBounds {
  /** null: no bound. Called at each round of a key, with what is known now. */
  boundFor(key: string, load: ShareLoad, nowMs: number): number | null;
  /** Whether time alone may change the bound. */
  isMoving(key: string): boolean;
  /** Nobody has a part in it any more. */
  forget(key: string): void;
  /** Called when the bound of a key is another one than was said last. */
  onChange: ((key: string) => void) | undefined;
}

/** The stated limit, and below it what refusals tell. */
export class OwnBounds implements ShareBounds {
  onChange: ((key: string) => void) | undefined;
  readonly #adaptive = new Map<string, AdaptiveLimit>();

  boundFor(key: string, { running, waiting, throttled, stated }: ShareLoad, nowMs: number): number | null {
    const counts = { nowMs, running: sumOf(running), waiting: sumOf(waiting), throttled };
    const state = adapt(this.#adaptive.get(key) ?? noLimit(nowMs), counts);
    this.#adaptive.set(key, state);
    return boundOf(state.limit, stated);
  }

  isMoving(key: string): boolean {
    return (this.#adaptive.get(key)?.limit ?? null) !== null;
  }

  forget(key: string): void {
    this.#adaptive.delete(key);
  }
}
