/** Counts of the last while, kept in buckets of which the oldest is forgotten whole: the same few numbers whatever the traffic. */

export interface Span {
  readonly bucketMs: number;
  readonly buckets: number;
}

export class RecentCounts {
  readonly #kinds: number;
  readonly #span: Span;
  readonly #nowMs: () => number;
  /** Bucket after bucket, in each one count per kind. */
  readonly #counts: Uint32Array;
  readonly #sums: Uint32Array;
  #slot: number;

  /** Counts `kinds` things, numbered from 0. `nowMs` is monotonic. */
  constructor(kinds: number, span: Span, nowMs: () => number) {
    this.#kinds = kinds;
    this.#span = span;
    this.#nowMs = nowMs;
    this.#counts = new Uint32Array(kinds * span.buckets);
    this.#sums = new Uint32Array(kinds);
    this.#slot = this.#slotOfNow();
  }

  add(kind: number): void {
    this.#advance();
    const at = this.#indexOf(this.#slot, kind);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sums[kind] = (this.#sums[kind] ?? 0) + 1;
  }

  sum(kind: number): number {
    this.#advance();
    return this.#sums[kind] ?? 0;
  }

  /** Of the bucket that is open now. */
  latest(kind: number): number {
    this.#advance();
    return this.#counts[this.#indexOf(this.#slot, kind)] ?? 0;
  }

  get isEmpty(): boolean {
    this.#advance();
    return this.#sums.every((sum) => sum === 0);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#sums.fill(0);
  }

  #advance(): void {
    const slot = this.#slotOfNow();
    if (slot === this.#slot) return;
    if (slot - this.#slot >= this.#span.buckets) this.clear();
    else for (let passed = this.#slot + 1; passed <= slot; passed += 1) this.#forget(passed);
    this.#slot = slot;
  }

  #forget(slot: number): void {
    for (let kind = 0; kind < this.#kinds; kind += 1) {
      const at = this.#indexOf(slot, kind);
      this.#sums[kind] = (this.#sums[kind] ?? 0) - (this.#counts[at] ?? 0);
      this.#counts[at] = 0;
    }
  }

  #slotOfNow = (): number => Math.floor(this.#nowMs() / this.#span.bucketMs);

  #indexOf = (slot: number, kind: number): number => (slot % this.#span.buckets) * this.#kinds + kind;
}
