/** What budgets would say of an attempt, for whoever asks and sends nothing: nothing is reserved, granted or counted by it. */
import { partitionOf } from '#contract/policy/book-id';
import { formatUsd } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import { RemoraError } from '#sidecar/errors/remora-error';
import { type Timers, withDeadline } from '#sidecar/time/timers';
import type { BookLook, GrantAuthority } from '#treasury/grant-authority';
import { windowAt } from '#treasury/window';
import type { AttemptEstimate, BudgetOutlook } from './budget-gate.ts';
import { tokensAtMost } from './price.ts';
import { strictOf, underCeiling } from './price-ceiling.ts';
import { budgetExceeded, priceUnknown } from './refusal.ts';
import { boundOf } from './settlement.ts';
import { budgetStopped } from './stopped.ts';
import type { Wallet } from './wallet.ts';

export interface OutlookDeps {
  readonly wallet: Wallet;
  readonly authority: GrantAuthority;
  readonly timers: Timers;
  readonly askDeadlineMs: number;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Of every limit that applies to the attempt. */
export async function outlookOf(asked: AttemptEstimate, deps: OutlookDeps): Promise<readonly BudgetOutlook[]> {
  const attempt = underCeiling(asked);
  const budgets = new Map(attempt.budgets.map((budget) => [budget.id, budget]));
  return Promise.all([...budgets.values()].map((budget) => outlook(budget, attempt, deps)));
}

async function outlook(budget: PolicyBudget, attempt: AttemptEstimate, deps: OutlookDeps): Promise<BudgetOutlook> {
  const { wallet, nowMs } = deps;
  const counted = partitionOf(budget, attempt);
  const period = windowAt(budget.every, nowMs);
  const needed = budget.unit === 'tokens' ? tokensAtMost(attempt) : boundOf(attempt);
  const slack = wallet.slack(counted.id, period.id);
  const book = await lookAt(counted, period.id, deps);
  const remaining = book && book.remaining + slack;
  const known = { budget, needed, windowEndMs: period.endMs, held: slack, remaining };
  if (budget.stop !== undefined) return { ...known, refusal: budgetStopped(budget) };
  if (needed === null) return { ...known, refusal: priceUnknown(strictOf(attempt.budgets) ?? budget, attempt) };
  if (remaining === undefined)
    return needed > BigInt(budget.amount) ? { ...known, refusal: overLimit(budget, needed) } : known;
  if (needed <= remaining) return known;
  const reserved = book !== undefined && book.held > slack ? book.held - slack : 0n;
  const said = { budget: counted, attempt, needed, remaining, reserved, nowMs, windowEndMs: period.endMs };
  return { ...known, refusal: budgetExceeded(said) };
}

/** undefined: whoever grants cannot be asked for it, or does not answer. */
async function lookAt(
  budget: PolicyBudget,
  window: string,
  { authority, timers, askDeadlineMs }: OutlookDeps,
): Promise<BookLook | undefined> {
  if (authority.look === undefined) return undefined;
  return withDeadline(timers, askDeadlineMs, authority.look(budget, window)).catch(() => undefined);
}

const overLimit = ({ budget, limit, unit, amount }: PolicyBudget, needed: bigint): RemoraError => {
  const text = (value: bigint): string => (unit === 'nanoUsd' ? `$${formatUsd(value)}` : `${value} tokens`);
  return new RemoraError({
    code: 'budget_exceeded',
    message: `The request may use up to ${text(needed)}, which is more than all of the ${text(BigInt(amount))} of the limit ${limit} of the AIBudget ${budget}: ask for fewer output tokens, or have the limit raised.`,
    object: `AIBudget ${budget} limit ${limit}`,
  });
};
