/** When a key that keeps changing is due: after a quiet spell, yet never later than a maximum after its first change. Pure. */
export interface DebounceOptions {
  readonly quietMs: number;
  readonly maxMs: number;
}

interface Pending {
  readonly firstAt: number;
  readonly dueAt: number;
}

export class Debounce {
  readonly #options: DebounceOptions;
  readonly #pending = new Map<string, Pending>();
  /** Keys with the time before which they are not due again. */
  readonly #resting = new Map<string, number>();

  constructor(options: DebounceOptions) {
    this.#options = options;
  }

  /** Notes a change of `key`; many changes are one entry. Returns when it is due. */
  touch(key: string, now: number): number {
    const firstAt = Math.min(this.#pending.get(key)?.firstAt ?? now, now);
    const { quietMs, maxMs } = this.#options;
    const dueAt = Math.max(Math.min(now + quietMs, firstAt + maxMs), this.#resting.get(key) ?? 0);
    this.#pending.set(key, { firstAt, dueAt });
    return dueAt;
  }

  /** Makes `key` due at once, whatever changes of it follow. */
  hasten(key: string, now: number): void {
    this.#pending.set(key, { firstAt: now - this.#options.maxMs, dueAt: Math.max(now, this.#resting.get(key) ?? 0) });
  }

  /** `key` is not due before `until`, whatever changes. */
  rest(key: string, until: number): void {
    this.#resting.set(key, until);
    const pending = this.#pending.get(key);
    if (pending && pending.dueAt < until) this.#pending.set(key, { ...pending, dueAt: until });
  }

  /** Puts `key` off until `dueAt`, for a retry; a newer change makes it due by the usual rule. */
  postpone(key: string, dueAt: number): void {
    this.#pending.set(key, { firstAt: dueAt, dueAt });
  }

  /** Takes out the keys that are due and not `held`, oldest first and at most `limit`. */
  take(now: number, held: ReadonlySet<string>, limit = Number.POSITIVE_INFINITY): string[] {
    for (const [key, until] of this.#resting) if (until <= now) this.#resting.delete(key);
    const due = [...this.#pending]
      .filter(([key, pending]) => pending.dueAt <= now && !held.has(key))
      .sort((a, b) => a[1].firstAt - b[1].firstAt)
      .slice(0, limit)
      .map(([key]) => key);
    for (const key of due) this.#pending.delete(key);
    return due;
  }

  /** The earliest due time of a key that is not `held`. */
  nextAt(held: ReadonlySet<string>): number | undefined {
    let next: number | undefined;
    for (const [key, { dueAt }] of this.#pending) {
      if (!held.has(key) && (next === undefined || dueAt < next)) next = dueAt;
    }
    return next;
  }

  has(key: string): boolean {
    return this.#pending.has(key);
  }

  get size(): number {
    return this.#pending.size;
  }
}
