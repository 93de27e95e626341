/** Tells the operator what this sidecar has under way and waiting of what all pods share, and takes in how much of it is its own. */
import { isDeepStrictEqual } from 'node:util';
import type { Share, ShareDemand } from '#contract/policy/share-demand';
import type { Shares } from '#contract/wire/gen/remora/policy/v1/sync';
import { decodeShares, encodeDemands } from '#contract/wire/share-codec';
import type { Timers } from '#sidecar/time/timers';
import type { Send } from './grant-client.ts';

/** While nobody is held back. */
const FLUSH_MS = 2_000;
/** However much happens. */
const LEAST_GAP_MS = 250;
/** Whatever the operator says. */
const MAX_TTL_SECONDS = 600;

/** What is shared, as far as this process goes. */
export interface SharedUse {
  /** Called when something begins to wait, or is refused. */
  onNews: (() => void) | undefined;
  demands(): readonly ShareDemand[];
  /** What `demands` said last is on its way. */
  reported(): void;
  /** A stream begins, on which nothing was told yet. */
  connected(): void;
  /** In place of all that was told before. */
  tell(shares: readonly Share[], ttlMs: number): void;
}

export class ShareReporter {
  readonly #use: () => SharedUse;
  readonly #timers: Timers;
  readonly #cancelFlushes: () => void;
  #send: Send | undefined;
  /** On this stream; undefined: nothing yet. Who says nothing at all is told nothing. */
  #told: readonly ShareDemand[] | undefined;
  #toldVersion = 0;
  #version = 0;
  /** A report was made a moment ago; the function ends the wait for the next one. */
  #cancelGap: (() => void) | undefined;
  #isUrgent = false;

  /** `use` is asked for the first time when a stream begins. */
  constructor(use: () => SharedUse, timers: Timers) {
    this.#use = use;
    this.#timers = timers;
    this.#cancelFlushes = timers.every(FLUSH_MS, () => this.#flush());
  }

  connected(send: Send): void {
    this.#send = send;
    this.#told = undefined;
    this.#toldVersion = 0;
    this.#version = 0;
    const use = this.#use();
    use.connected();
    use.onNews = () => this.#flushSoon();
    this.#flush();
  }

  /** What was told last holds on. */
  disconnected(): void {
    this.#send = undefined;
    this.#cancelGap?.();
    this.#cancelGap = undefined;
    this.#isUrgent = false;
  }

  /** Confirmed at once: what was taken away is free for others only then. */
  told({ shares, ttlSeconds, version }: Shares): void {
    this.#version = version;
    this.#use().tell(decodeShares(shares), Math.min(ttlSeconds, MAX_TTL_SECONDS) * 1_000);
    this.#flushSoon();
  }

  close(): void {
    this.#cancelFlushes();
    this.disconnected();
  }

  #flushSoon(): void {
    this.#isUrgent = true;
    if (this.#cancelGap === undefined) this.#flush();
  }

  #flush(): void {
    this.#isUrgent = false;
    if (!this.#send) return;
    const demands = this.#use().demands();
    if (this.#version === this.#toldVersion && isDeepStrictEqual(demands, this.#told)) return;
    const value = { demands: encodeDemands(demands), version: this.#version };
    if (!this.#send({ $case: 'shareReport', value })) return;
    this.#use().reported();
    this.#told = demands;
    this.#toldVersion = this.#version;
    this.#cancelGap?.();
    this.#cancelGap = this.#timers.after(LEAST_GAP_MS, () => {
      this.#cancelGap = undefined;
      if (this.#isUrgent) this.#flush();
    });
  }
}
