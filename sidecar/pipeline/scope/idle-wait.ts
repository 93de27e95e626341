/** Whoever closes waits for what is still open, with a limit. */
import type { Deadlines } from './deadlines.ts';

export class IdleWait {
  readonly #deadlines: Deadlines;
  readonly #isIdle: () => boolean;
  #onIdle: (() => void) | undefined;

  constructor(deadlines: Deadlines, isIdle: () => boolean) {
    this.#deadlines = deadlines;
    this.#isIdle = isIdle;
  }

  /** Something that was open is not any more. */
  changed(): void {
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
  }

  /** Resolves when nothing is open, or after `ms`. */
  within(ms: number): Promise<void> {
    if (ms <= 0 || this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = this.#deadlines.in(ms, resolve);
      this.#onIdle = () => {
        this.#deadlines.cancel(limit);
        resolve();
      };
    });
  }
}
