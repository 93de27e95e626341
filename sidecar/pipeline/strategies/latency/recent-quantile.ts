/** The 95th percentile of what was observed lately, in a bounded space: counts per logarithmic bucket, of this window and the one before it. */

const FASTEST_MS = 10;
const BUCKETS_PER_OCTAVE = 8;
/** Up to eleven minutes; what is above counts in the last one. */
const BUCKETS = 16 * BUCKETS_PER_OCTAVE;
/** What is older than two of these is forgotten. */
const WINDOW_MS = 5 * 60_000;
/** With fewer observations a percentile would be chance. */
const ENOUGH = 10;
const QUANTILE = 0.95;

export class RecentQuantile {
  #counts = new Uint32Array(BUCKETS);
  #former = new Uint32Array(BUCKETS);
  #total = 0;
  #formerTotal = 0;
  #window = 0;

  observe(ms: number, nowMs: number): void {
    this.#turn(nowMs);
    const bucket = Math.ceil(BUCKETS_PER_OCTAVE * Math.log2(Math.max(ms, FASTEST_MS) / FASTEST_MS));
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** Milliseconds, to about 9 %; undefined with too few observations to say. */
  p95(nowMs: number): number | undefined {
    this.#turn(nowMs);
    const total = this.#total + this.#formerTotal;
    if (total < ENOUGH) return undefined;
    let left = QUANTILE * total;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = (this.#counts[bucket] ?? 0) + (this.#former[bucket] ?? 0);
      if (left <= count) return boundOf(bucket - 1 + left / count);
      left -= count;
    }
    return boundOf(BUCKETS);
  }

  #turn(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    const passed = window - this.#window;
    if (passed <= 0) return;
    this.#window = window;
    const spare = this.#former.fill(0);
    this.#former = passed === 1 ? this.#counts : this.#counts.fill(0);
    this.#formerTotal = passed === 1 ? this.#total : 0;
    this.#counts = spare;
    this.#total = 0;
  }
}

/** Upper bound of a bucket; a part of one is a point within the next. */
const boundOf = (bucket: number): number => FASTEST_MS * 2 ** (Math.max(0, bucket) / BUCKETS_PER_OCTAVE);
