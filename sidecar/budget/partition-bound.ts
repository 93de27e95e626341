/** How many partitions of a limit, such as users, one pod may count against in one window: callers choose their names, and each costs a book. */
import type { BudgetPeriod } from '#treasury/window';

export const MAX_PARTITIONS = 2_000;

interface Seen {
  readonly period: BudgetPeriod;
  readonly bookIds: Set<string>;
}

export class PartitionBound {
  readonly #byLimit = new Map<string, Seen>();

  get size(): number {
    return [...this.#byLimit.values()].reduce((sum, { bookIds }) => sum + bookIds.size, 0);
  }

  /** False for one more than MAX_PARTITIONS; those that were seen before in this window are always admitted. */
  admits(limitId: string, bookId: string, period: BudgetPeriod): boolean {
    const { bookIds } = this.#seen(limitId, period);
    if (!bookIds.has(bookId) && bookIds.size >= MAX_PARTITIONS) return false;
    bookIds.add(bookId);
    return true;
  }

  #seen(limitId: string, period: BudgetPeriod): Seen {
    const known = this.#byLimit.get(limitId);
    if (known?.period.id === period.id) return known;
    for (const [id, { period: past }] of this.#byLimit) if (past.endMs <= period.startMs) this.#byLimit.delete(id);
    const fresh: Seen = { period, bookIds: new Set() };
    this.#byLimit.set(limitId, fresh);
    return fresh;
  }
}
