/**
 * How long a target takes, as a decaying average that a slow answer raises at once (Finagle's "Peak EWMA", which Linkerd balances by
 * too). It also decays while nobody asks the target, so that one that was slow is tried again.
 */

/** After so long an observation counts for 37 %, as in Finagle. */
const DECAY_MS = 10_000;
/**
 * Between two looks no more time counts than this. A pod with a request a minute would otherwise forget between any two requests what it
 * knew, and share its traffic evenly between a fast target and a slow one.
 */
const MOST_BETWEEN_LOOKS_MS = 1_000;

export class PeakEwma {
  #ms: number | undefined;
  #lookedAtMs = 0;

  observe(ms: number, nowMs: number): void {
    const known = this.#ms;
    const fresh = this.#share(nowMs);
    this.#ms = known === undefined || ms > known ? ms : known * (1 - fresh) + ms * fresh;
  }

  /** undefined before the first observation. Decays with each look, by the time since the last one. */
  look(nowMs: number): number | undefined {
    if (this.#ms === undefined) return undefined;
    this.#ms *= 1 - this.#share(nowMs);
    return this.#ms;
  }

  /** What a look would see; changes nothing. */
  peek(nowMs: number): number | undefined {
    return this.#ms === undefined ? undefined : this.#ms * (1 - shareOver(this.#lookedAtMs, nowMs));
  }

  /** As it was last seen. Changes nothing. */
  get ms(): number | undefined {
    return this.#ms;
  }

  /** How much of what is known is over. */
  #share(nowMs: number): number {
    const share = shareOver(this.#lookedAtMs, nowMs);
    this.#lookedAtMs = nowMs;
    return share;
  }
}

function shareOver(beginMs: number, nowMs: number): number {
  const passedMs = Math.min(Math.max(0, nowMs - beginMs), MOST_BETWEEN_LOOKS_MS);
  return 1 - Math.exp(-passedMs / DECAY_MS);
}
