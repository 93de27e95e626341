/** How long to wait before the next try: full jitter under a doubling ceiling, never longer than the cap, never giving up. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait in milliseconds after one more failure. `atLeastMs` is what the server asked for. */
  next(atLeastMs = 0): number {
    const { baseMs, capMs, random } = this.#options;
    const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return Math.max(atLeastMs, Math.floor(random() * ceiling));
  }

  reset(): void {
    this.#failures = 0;
  }
}
