/** What this sidecar knows of limits without asking: what it took of each book in its window, and what the treasury said was left. */
import { least } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { Grant } from '#treasury/grant-authority';
import { type BudgetPeriod, windowOf } from '#treasury/window';
import type { ClosedGrant } from './wallet.ts';

/** The last that a Date can name (ECMA-262, 21.4.1.1): windows that end later never do. */
const LAST_MOMENT_MS = 8.64e15;
/** Books that are kept before the first look for windows that ended. */
const FEW = 64;

interface Seen {
  readonly window: string;
  /** Granted to this sidecar and not given back. */
  taken: bigint;
  /** What was left for all beside that when the treasury last said so; undefined: it never did. */
  told: bigint | undefined;
}

export class SeenLimits {
  /** The window that was asked for last, by id of the book. */
  readonly #books = new Map<string, Seen>();
  readonly #now: () => number;
  #sweepAt = FEW;
  /** A limit of requests or tokens holds for somebody; before nobody would ask. */
  isWanted = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  took({ budgetId, window, amount }: Grant): void {
    if (!this.isWanted) return;
    const seen = this.#of(budgetId, window);
    seen.taken += amount;
    if (seen.told !== undefined) seen.told -= amount;
  }

  gaveBack({ grant: { budgetId, window, amount }, final }: ClosedGrant): void {
    const seen = this.#books.get(budgetId);
    if (seen?.window !== window) return;
    seen.taken -= amount - final;
    if (seen.told !== undefined) seen.told += amount - final;
  }

  told(bookId: string, window: string, left: bigint): void {
    if (this.isWanted) this.#of(bookId, window).told = left;
  }

  /** `slack`: what could be reserved now out of what is in hand. */
  view(budget: PolicyBudget, period: BudgetPeriod, slack: bigint): LimitView | undefined {
    const { unit } = budget;
    if (unit === 'nanoUsd') return undefined;
    const limit = BigInt(budget.amount);
    const seen = this.#books.get(budget.id);
    const { taken, told } = seen?.window === period.id ? seen : UNSEEN;
    const left = told ?? limit - taken;
    const remaining = (left > 0n ? left : 0n) + slack;
    return {
      unit,
      limit: Number(limit),
      remaining: Number(least(remaining, limit)),
      ...(period.endMs <= LAST_MOMENT_MS && {
        resetMs: Math.max(0, period.endMs - this.#now()),
        resetUnixMs: period.endMs,
      }),
    };
  }

  #of(bookId: string, window: string): Seen {
    const known = this.#books.get(bookId);
    if (known?.window === window) return known;
    if (this.#books.size >= this.#sweepAt) this.#sweep();
    const seen: Seen = { window, taken: 0n, told: undefined };
    this.#books.set(bookId, seen);
    return seen;
  }

  #sweep(): void {
    const nowMs = this.#now();
    for (const [bookId, { window }] of this.#books)
      if ((windowOf(window)?.endMs ?? nowMs) <= nowMs) this.#books.delete(bookId);
    this.#sweepAt = Math.max(FEW, this.#books.size * 2);
  }
}

const UNSEEN = { taken: 0n, told: undefined };
