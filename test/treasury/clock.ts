/** Time that only a test moves, and the timers that hang on it. */
import type { Timers } from '#sidecar/time/timers';

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly task: () => void;
}

export class TestClock implements Timers {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  readonly now = (): number => this.#nowMs;

  after(ms: number, task: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + ms, everyMs: undefined, task });
  }

  every(ms: number, task: () => void): () => void {
    return this.#add({ atMs: this.#nowMs + ms, everyMs: ms, task });
  }

  /** Moves on and runs what became due, in its order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#due(untilMs); next !== undefined; next = this.#due(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.atMs += next.everyMs;
      next.task();
    }
    this.#nowMs = untilMs;
  }

  /** When the next timer rings; undefined: none is set. */
  nextMs(): number | undefined {
    let next: number | undefined;
    for (const { atMs } of this.#timers) if (next === undefined || atMs < next) next = atMs;
    return next === undefined ? undefined : Math.max(next, this.#nowMs);
  }

  /** To any instant, back as well; no timer runs. */
  jump(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #due(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.atMs <= untilMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    return first;
  }
}
