/** Holds what an attempt may use, over all its limits or over none: out of the grants that are here, else by asking for more. */
import type { PolicyBudget } from '#contract/policy/policy';
import type { RemoraError } from '#sidecar/errors/remora-error';
import type { AttemptEstimate } from './budget-gate.ts';
import type { Due } from './dues.ts';
import { type Denial, type GrantAsker, leftOf } from './grant-asker.ts';
import type { GrantReturner } from './grant-returner.ts';
import { budgetExceeded, budgetUnavailable, isExceeded } from './refusal.ts';
import { goesOnWithout, type UncoveredUse } from './uncovered-use.ts';
import type { Hold, Need, Wallet } from './wallet.ts';

/** Others can be faster at a fresh grant only so often. */
const MAX_ROUNDS = 16;

export interface Held {
  readonly holds: readonly Hold[];
  /** Soft limits that had no room. */
  readonly wouldRefuse: readonly PolicyBudget[];
}

export interface HolderDeps {
  readonly wallet: Wallet;
  readonly asker: GrantAsker;
  readonly returns: GrantReturner;
  readonly uncovered: UncoveredUse;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class Holder {
  readonly #deps: HolderDeps;

  constructor(deps: HolderDeps) {
    this.#deps = deps;
  }

  /** Throws RemoraError `budget_exceeded`, `rate_limit_exceeded` or `budget_unavailable`; then nothing is held. */
  async hold(attempt: AttemptEstimate, dues: readonly Due[]): Promise<Held> {
    let granted = dues;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const answer = this.#reserve(granted);
      if (answer.reserved) return { holds: answer.holds, wouldRefuse: this.#beyond(dues, answer.holds) };
      const short = new Map(answer.missing.map((need) => [need.budgetId, need.amount]));
      const asked = granted;
      const fetched = await Promise.allSettled(asked.map((due) => this.#fetch(attempt, due, short.get(due.budget.id))));
      throwWeightiest(fetched);
      if (fetched.some((result) => result.status === 'fulfilled' && !result.value))
        granted = asked.filter((_due, index) => isGranted(fetched[index]));
    }
    const hard = granted.find(({ budget }) => !budget.soft);
    if (hard !== undefined) throw budgetUnavailable(hard.budget, 'slow');
    return { holds: [], wouldRefuse: [] };
  }

  /** At once, or undefined. */
  take(needs: readonly Need[]): readonly Hold[] | undefined {
    const answer = this.#deps.wallet.reserve(needs, this.#deps.now());
    return answer.reserved ? answer.holds : undefined;
  }

  release(holds: readonly Hold[]): void {
    for (const hold of holds) this.#deps.wallet.settle(hold, 0n, this.#deps.now());
  }

  #reserve(dues: readonly Due[]) {
    return this.#deps.wallet.reserve(
      dues.map(({ need }) => need),
      this.#deps.now(),
    );
  }

  /** False: the attempt goes on without a grant of it. */
  async #fetch(attempt: AttemptEstimate, due: Due, missing: bigint | undefined): Promise<boolean> {
    const { returns, asker, uncovered } = this.#deps;
    if (missing === undefined) return true;
    if (uncovered.has(due.need)) return false;
    // A denial is reckoned by what was reported; without this our own spending would look as if others held it.
    returns.report(true);
    try {
      const answer = await asker.want(due.budget, due.period.id, missing);
      if (answer === 'granted') return true;
      throw this.#refusal(attempt, due, answer);
    } catch (reason) {
      if (!goesOnWithout(due.budget, reason)) throw reason;
      uncovered.add(due.budget, due.period.id, 0n);
      return false;
    }
  }

  /** Of soft limits those that pay out of what goes beyond their amount. */
  #beyond(dues: readonly Due[], holds: readonly Hold[]): readonly PolicyBudget[] {
    if (!dues.some(({ budget }) => budget.soft)) return NO_BUDGETS;
    return dues.flatMap(({ budget, need }) => {
      const shares = holds.find((hold) => hold.need === need)?.shares ?? [];
      return budget.soft && shares.some(({ grantId }) => this.#deps.wallet.isBeyond(grantId)) ? [budget] : [];
    });
  }

  #refusal(attempt: AttemptEstimate, { budget, period, need }: Due, denial: Denial): RemoraError {
    const slack = this.#deps.wallet.slack(budget.id, period.id);
    return budgetExceeded({
      budget,
      attempt,
      needed: need.amount,
      remaining: leftOf(denial) + slack,
      reserved: denial.held > slack ? denial.held - slack : 0n,
      nowMs: this.#deps.now(),
      windowEndMs: period.endMs,
    });
  }
}

/** Of several limits that refuse, the one that lasts longest: what another one's Retry-After says would not help. */
function throwWeightiest(results: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length === 0) return;
  throw reasons.reduce((weightiest, reason) => (waitOf(reason) > waitOf(weightiest) ? reason : weightiest));
}

/** A run's limit never begins anew. */
const waitOf = (reason: unknown): number =>
  isExceeded(reason) ? (reason.details.retryAfterMs ?? Number.POSITIVE_INFINITY) : -1;

const isGranted = (result: PromiseSettledResult<boolean> | undefined): boolean =>
  result?.status === 'fulfilled' && result.value;

const NO_BUDGETS: readonly PolicyBudget[] = [];
