/** One coarse timer for all waits of the process: thousands of streams cost one interval, and moving a deadline costs one assignment. */

import { SlotList, type Slotted } from './slot-list.ts';

/** How late a deadline may be noticed. */
const TICK_MS = 25;
/** Time in which nothing ran counts as this much: a process that was stopped, or stuck in one piece of work, cannot have heard an answer. */
const LONGEST_GAP_MS = 250;

export class Deadline implements Slotted {
  slot = -1;
  /** On the monotonic clock. */
  atMs: number;
  readonly onPass: () => void;

  constructor(atMs: number, onPass: () => void) {
    this.atMs = atMs;
    this.onPass = onPass;
  }
}

export class Deadlines {
  readonly #open = new SlotList<Deadline>();
  readonly #clockMs: () => number;
  #seenMs: number;
  #lostMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `nowMs` must be monotonic: a step of the wall clock may neither cut nor stretch a wait. While somebody waits it is read each tick. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#clockMs = nowMs;
    this.#seenMs = nowMs();
  }

  /** Milliseconds that this process could use, by which all waits are measured; what happened while it was paused is no one's delay. */
  nowMs(): number {
    const now = this.#clockMs();
    const passed = now - this.#seenMs;
    this.#seenMs = now;
    if (passed > LONGEST_GAP_MS) this.#lostMs += passed - LONGEST_GAP_MS;
    return now - this.#lostMs;
  }

  /** Calls `onPass` once, `TICK_MS` late at most, unless cancelled before. */
  in(ms: number, onPass: () => void): Deadline {
    const deadline = new Deadline(this.nowMs() + ms, onPass);
    this.#open.add(deadline);
    // Not unref'd while somebody waits: a wait must end even when nothing else keeps the process alive.
    this.#timer ??= setInterval(() => this.tick(), TICK_MS);
    return deadline;
  }

  cancel(deadline: Deadline): void {
    this.#open.remove(deadline);
  }

  /** Moves an open deadline to `ms` from now; a passed one stays passed. */
  postpone(deadline: Deadline, ms: number): void {
    deadline.atMs = this.nowMs() + ms;
  }

  remainingMs(deadline: Deadline): number {
    return deadline.atMs - this.nowMs();
  }

  get size(): number {
    return this.#open.size;
  }

  /** Called by the timer; public for tests with a clock of their own. */
  tick(): void {
    const now = this.nowMs();
    for (const deadline of this.#open.toArray()) {
      // One that passed before may have cancelled this one.
      if (deadline.atMs > now || deadline.slot < 0) continue;
      this.#open.remove(deadline);
      deadline.onPass();
    }
    if (this.#open.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
