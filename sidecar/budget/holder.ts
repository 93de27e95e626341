/** Holds what an attempt may use, over all its limits or over none: out of the grants that are here, else by asking for more. */
import { least } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import type { LimitView } from '#sidecar/canonical/limit-view';
import type { AttemptEstimate } from './budget-gate.ts';
import { type Due, isHard } from './dues.ts';
import { type Denial, type GrantAsker, leftOf } from './grant-asker.ts';
import type { GrantReturner } from './grant-returner.ts';
import type { LimitLines } from './limit-lines.ts';
import { type LimitRefused, type LimitRefusedFacts, weightier } from './limit-refused.ts';
import { budgetExceeded, budgetUnavailable } from './refusal.ts';
import type { SeenLimits } from './seen-limits.ts';
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
  readonly lines: LimitLines;
  readonly seen: SeenLimits;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class Holder {
  readonly #deps: HolderDeps;

  constructor(deps: HolderDeps) {
    this.#deps = deps;
  }

  /** Throws LimitRefused and RemoraError `budget_unavailable`; then nothing is held. */
  async hold(attempt: AttemptEstimate, dues: readonly Due[]): Promise<Held> {
    if (!this.#deps.lines.isEmpty) this.#mustBeNext(attempt, dues);
    let granted = dues;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const answer = this.#reserve(granted, round === 0);
      if (answer.reserved) return { holds: answer.holds, wouldRefuse: this.#beyond(dues, answer.holds) };
      const short = new Map(answer.missing.map((need) => [need.budgetId, need.amount]));
      const asked = granted;
      const fetched = await Promise.allSettled(asked.map((due) => this.#fetch(attempt, due, short.get(due.budget.id))));
      throwWeightiest(fetched);
      if (fetched.some((result) => result.status === 'fulfilled' && !result.value))
        granted = asked.filter((_due, index) => isGranted(fetched[index]));
    }
    const hard = granted.find(isHard);
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

  /** A limit that lowered the request covers what is in hand, once more was asked for. */
  #reserve(dues: readonly Due[], isFirst: boolean) {
    const { wallet, now } = this.#deps;
    const needOf = ({ need, isSpared }: Due): Need =>
      isSpared && !isFirst ? { ...need, amount: least(need.amount, wallet.slack(need.budgetId, need.window)) } : need;
    return wallet.reserve(dues.map(needOf), now());
  }

  /** Nobody overtakes those who wait. */
  #mustBeNext(attempt: AttemptEstimate, dues: readonly Due[]): void {
    for (const due of dues) {
      const ahead = isHard(due) ? this.#deps.lines.ahead(due.budget.id, attempt.requestId) : undefined;
      if (ahead !== undefined) throw this.#refused(attempt, due, ahead);
    }
  }

  /** False: the attempt goes on without a grant of it. */
  async #fetch(attempt: AttemptEstimate, due: Due, missing: bigint | undefined): Promise<boolean> {
    const { returns, asker, uncovered } = this.#deps;
    if (missing === undefined) return true;
    if (uncovered.has(due.need)) return false;
    // A denial is reckoned by what was reported; without this our own spending would look as if others held it.
    returns.report(true);
    if (due.isSpared) return this.#fetchWhatIsLeft(due, missing);
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

  /** What cannot be had is not counted, whatever the reason. */
  async #fetchWhatIsLeft({ budget, period }: Due, missing: bigint): Promise<true> {
    const { asker } = this.#deps;
    try {
      const answer = await asker.want(budget, period.id, missing);
      const left = answer === 'granted' ? 0n : leftOf(answer);
      if (left > 0n) await asker.want(budget, period.id, left);
    } catch {
      // The limit refuses nothing any more.
    }
    return true;
  }

  #refusal(attempt: AttemptEstimate, due: Due, denial: Denial): LimitRefused {
    const { wallet, seen } = this.#deps;
    const { budget, period } = due;
    const slack = wallet.slack(budget.id, period.id);
    const left = leftOf(denial);
    seen.told(budget.id, period.id, left);
    return this.#refused(attempt, due, {
      remaining: left + slack,
      reserved: denial.held > slack ? denial.held - slack : 0n,
    });
  }

  #refused(
    attempt: AttemptEstimate,
    { budget, period, need }: Due,
    { remaining, reserved }: Pick<LimitRefusedFacts, 'remaining' | 'reserved'>,
  ): LimitRefused {
    return budgetExceeded({
      ...{ budget, attempt, needed: need.amount, remaining, reserved },
      nowMs: this.#deps.now(),
      windowEndMs: period.endMs,
      view: this.#view(budget, period),
    });
  }

  #view(budget: PolicyBudget, period: Due['period']): LimitView | undefined {
    const { seen, wallet } = this.#deps;
    return seen.view(budget, period, wallet.slack(budget.id, period.id));
  }

  /** Of limits of requests and tokens, as this sidecar knows them now. */
  views(dues: readonly Due[]): readonly LimitView[] {
    return dues.flatMap((due) => (isHard(due) ? (this.#view(due.budget, due.period) ?? []) : []));
  }
}

function throwWeightiest(results: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) throw reasons.reduce(weightier);
}

const isGranted = (result: PromiseSettledResult<boolean> | undefined): boolean =>
  result?.status === 'fulfilled' && result.value;

const NO_BUDGETS: readonly PolicyBudget[] = [];
