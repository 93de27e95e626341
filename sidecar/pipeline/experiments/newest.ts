/** The newest numbers of a series, in a fixed place. */
export class Newest {
  /** Of all that are held. */
  sum = 0;
  #values: Float64Array | undefined;
  readonly #most: number;
  #next = 0;
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.#most;
  }

  add(value: number): void {
    this.#values ??= new Float64Array(this.#most);
    this.sum += value - (this.isFull ? (this.#values[this.#next] ?? 0) : 0);
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#most;
    this.#size = Math.min(this.#size + 1, this.#most);
  }

  /** Rising. */
  sorted(): Float64Array {
    return (this.#values ?? new Float64Array()).slice(0, this.#size).sort();
  }
}

/** Of rising numbers, at least one; `share` is in (0, 1]: so many of them are at most what is returned. */
export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? Number.NaN;
