/** Runs a task soon after it was asked for, at most once in a quarter of a second however often. */
import type { After } from '#treasury/open-book';

const SPACING_MS = 250;

export interface RoundsOptions {
  readonly task: () => void;
  /** Milliseconds, monotonic or Unix. */
  readonly now: () => number;
  readonly after: After;
}

export class Rounds {
  readonly #options: RoundsOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  soon(): void {
    if (this.#cancel !== undefined || this.#isStopped) return;
    const { now, after } = this.#options;
    // A clock that was set back must not make the next round wait for long.
    const waitMs = Math.min(SPACING_MS, Math.max(0, this.#lastMs + SPACING_MS - now()));
    this.#cancel = after(waitMs, () => this.#run());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #run(): void {
    this.#cancel = undefined;
    this.#lastMs = this.#options.now();
    this.#options.task();
  }
}
