/** The reservation of a stream, which is extended while it flows. */
import type { AttemptEstimate, Growth } from './budget-gate.ts';
import { addHolds, heldOf } from './holds.ts';
import type { Hold, Need } from './wallet.ts';

/** What an attempt has reserved, and as what it is booked should it never settle. */
export interface Reserved {
  readonly attempt: AttemptEstimate;
  /** One for each limit and window. */
  readonly holds: readonly Hold[];
}

export interface GrowthDeps<D extends { readonly need: Need }> {
  /** What each limit has to cover of an attempt, in its window now. */
  readonly dues: (attempt: AttemptEstimate) => readonly D[];
  /** Out of the wallet, at once, all or nothing. */
  readonly take: (needs: readonly Need[]) => readonly Hold[] | undefined;
  /** As the first reservation: asks where the wallet has too little. */
  readonly hold: (attempt: AttemptEstimate, dues: readonly D[]) => Promise<readonly Hold[]>;
  /** Journals it before it counts; what was added is released where that fails. Throws `budget_unavailable`. */
  readonly keep: (reserved: Reserved, added: readonly Hold[]) => void;
  readonly release: (holds: readonly Hold[]) => void;
}

export class StreamGrowth<D extends { readonly need: Need }> implements Growth {
  readonly atMost: number;
  readonly #deps: GrowthDeps<D>;
  #reserved: Reserved;
  #isOver = false;

  /** `atMost`: output tokens. */
  constructor(reserved: Reserved, atMost: number, deps: GrowthDeps<D>) {
    this.#reserved = reserved;
    this.atMost = atMost;
    this.#deps = deps;
  }

  get reserved(): Reserved {
    return this.#reserved;
  }

  get outputTokens(): number {
    return this.#reserved.attempt.outputTokensAtMost;
  }

  extend(outputTokens: number): boolean {
    if (this.#isOver) return false;
    const attempt = this.#grown(outputTokens);
    try {
      const holds = this.#deps.take(this.#missing(attempt).map(({ need }) => need));
      if (holds !== undefined) this.#keep(attempt, holds);
      return holds !== undefined;
    } catch {
      // Why not is said to whoever asks.
      return false;
    }
  }

  async ask(outputTokens: number): Promise<void> {
    const attempt = this.#grown(outputTokens);
    const holds = await this.#deps.hold(attempt, this.#missing(attempt));
    // What comes after the end is for others.
    if (this.#isOver) this.#deps.release(holds);
    else this.#keep(attempt, holds);
  }

  /** It is settled: nothing is added any more. */
  end(): void {
    this.#isOver = true;
  }

  #grown(outputTokens: number): AttemptEstimate {
    return { ...this.#reserved.attempt, outputTokensAtMost: Math.min(outputTokens, this.atMost) };
  }

  /** A limit whose window has begun anew meanwhile pays in it for what comes from now on. */
  #missing(attempt: AttemptEstimate): readonly D[] {
    return this.#deps.dues(attempt).flatMap((due) => {
      const amount = due.need.amount - heldOf(this.#reserved.holds, due.need.budgetId);
      return amount > 0n ? [{ ...due, need: { ...due.need, amount } }] : [];
    });
  }

  #keep(attempt: AttemptEstimate, added: readonly Hold[]): void {
    const reserved = { attempt, holds: addHolds(this.#reserved.holds, added) };
    this.#deps.keep(reserved, added);
    this.#reserved = reserved;
  }
}
