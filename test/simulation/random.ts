/** Numbers that a seed decides: the same seed, the same world. xorshift32 (Marsaglia 2003), after a mix that keeps neighbouring seeds apart. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bf03635) | 1;
    for (let warm = 0; warm < 8; warm++) this.below(2);
  }

  /** In [0, n). */
  below(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % n;
  }

  /** In [0, 1). */
  readonly share = (): number => this.below(1_000_000) / 1_000_000;

  /** True once in `n`. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.below(from.length)];
  }

  take<T>(from: T[]): T | undefined {
    return from.length === 0 ? undefined : from.splice(this.below(from.length), 1)[0];
  }
}
