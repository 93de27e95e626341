/** Runs a task soon after it was asked for, at most once in a quarter of a second however often. */
const SPACING_MS = 250;

export class Rounds {
  readonly #task: () => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(task: () => void) {
    this.#task = task;
  }

  soon(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const waitMs = Math.max(0, this.#lastMs + SPACING_MS - performance.now());
    this.#timer = setTimeout(() => this.#run(), waitMs).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#timer = undefined;
    this.#lastMs = performance.now();
    this.#task();
  }
}
