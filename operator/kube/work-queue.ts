/** Work by key: at most one run of a key at a time, changes while it waits or runs are one more run, a failure is retried alone. */
import type { Logger } from '#operator/telemetry/log';
import { Backoff } from './backoff.ts';
import { Debounce } from './debounce.ts';

export interface WorkQueueOptions {
  readonly name: string;
  /** True: it did what `spacingMs` is about, such as a write. */
  readonly process: (key: string) => Promise<boolean | undefined> | boolean | undefined;
  readonly log: Logger;
  /** Default 100 ms. */
  readonly quietMs?: number;
  /** Default 5 s. */
  readonly maxMs?: number;
  /** Least time between a run of one key that gave true and its next run, in milliseconds. Default 0. */
  readonly spacingMs?: number;
  /** Runs at the same time. Default 4. */
  readonly concurrency?: number;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #concurrency: number;
  readonly #waiting: Debounce;
  readonly #running = new Set<string>();
  readonly #backoffs = new Map<string, Backoff>();
  #timer: NodeJS.Timeout | undefined;
  #firesAt = 0;
  #closed = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    const { quietMs = 100, maxMs = 5_000, concurrency = 4 } = options;
    this.#concurrency = concurrency;
    this.#waiting = new Debounce({ quietMs, maxMs });
  }

  add(key: string): void {
    if (this.#closed) return;
    const dueAt = this.#waiting.touch(key, performance.now());
    // Thousands of keys may be added at once: only one that is due before the timer fires needs a look at the others.
    if (this.#timer === undefined || dueAt < this.#firesAt) this.#arm();
  }

  /** Adds the key and waits for no quiet spell. */
  addNow(key: string): void {
    if (this.#closed) return;
    this.#waiting.hasten(key, performance.now());
    this.#arm();
  }

  /** Adds the key after a wait, unless it is waiting already. */
  addLater(key: string, waitMs: number): void {
    if (this.#closed || this.#waiting.has(key)) return;
    this.#waiting.postpone(key, performance.now() + waitMs);
    this.#arm();
  }

  /** Takes no more work and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#running.size === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed || this.#running.size >= this.#concurrency) return;
    const nextAt = this.#waiting.nextAt(this.#running);
    if (nextAt === undefined) return;
    this.#firesAt = nextAt;
    this.#timer = setTimeout(() => this.#pump(), clamp(nextAt - performance.now()));
  }

  #pump(): void {
    const free = this.#concurrency - this.#running.size;
    // A timer may fire up to a millisecond early.
    for (const key of this.#waiting.take(performance.now() + 1, this.#running, free)) void this.#run(key);
    this.#arm();
  }

  async #run(key: string): Promise<void> {
    this.#running.add(key);
    try {
      const done = await this.#options.process(key);
      this.#backoffs.delete(key);
      if (done) this.#waiting.rest(key, performance.now() + (this.#options.spacingMs ?? 0));
    } catch (error) {
      this.#retry(key, error);
    }
    this.#running.delete(key);
    if (this.#running.size === 0) this.#idle?.resolve();
    this.#arm();
  }

  #retry(key: string, error: unknown): void {
    const backoff =
      this.#backoffs.get(key) ?? new Backoff({ baseMs: 500, capMs: 30_000, random: () => 0.5 + Math.random() / 2 });
    this.#backoffs.set(key, backoff);
    const waitMs = backoff.next();
    this.#options.log.warn({ err: error, queue: this.#options.name, key, waitMs }, 'work failed; trying again');
    if (!this.#closed) this.#waiting.postpone(key, performance.now() + waitMs);
  }
}

/** A timer of Node holds at most 24.8 days; what is due later is looked at again then. */
const clamp = (waitMs: number): number => Math.min(Math.max(0, waitMs), 2 ** 31 - 1);
