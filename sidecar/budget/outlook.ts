/** What budgets would say of an attempt, for whoever asks and sends nothing: nothing is reserved, granted or counted by it. */
import { amountText } from '#contract/policy/amount-text';
import { ownerText, partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { RemoraError } from '#sidecar/errors/remora-error';
import { type Timers, withDeadline } from '#sidecar/time/timers';
import type { BookLook, GrantAuthority } from '#treasury/grant-authority';
import { windowAt } from '#treasury/window';
import type { AttemptEstimate, BudgetOutlook } from './budget-gate.ts';
import { withFirstSlice } from './output-slice.ts';
import { strictOf, underCeiling } from './price-ceiling.ts';
import { budgetExceeded, exceededCode, priceUnknown } from './refusal.ts';
import { budgetStopped } from './stopped.ts';
import { UNIT_USE } from './unit-use.ts';
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
  const attempt = withFirstSlice(underCeiling(asked));
  const budgets = new Map(attempt.budgets.map((budget) => [budget.id, budget]));
  return Promise.all([...budgets.values()].map((budget) => outlook(budget, attempt, deps)));
}

async function outlook(budget: PolicyBudget, attempt: AttemptEstimate, deps: OutlookDeps): Promise<BudgetOutlook> {
  const { wallet, nowMs } = deps;
  const counted = partitionOf(budget, attempt);
  const period = windowAt(budget.every, nowMs, budget.timezone);
  const needed = UNIT_USE[budget.unit].atMost(attempt);
  const slack = wallet.slack(counted.id, period.id);
  const book = await lookAt(counted, period.id, deps);
  const remaining = book && book.remaining + slack;
  const known = { budget, needed, windowEndMs: period.endMs, held: slack, remaining };
  if (budget.stop !== undefined) return { ...known, refusal: budgetStopped(budget) };
  if (budget.soft || budget.id === attempt.spared?.id) return known;
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

function overLimit(limited: PolicyBudget, needed: bigint): RemoraError {
  const { limit, unit, amount } = limited;
  return new RemoraError({
    code: exceededCode(limited),
    message: `The request may use up to ${amountText(unit, needed)}, which is more than all of the ${amountText(unit, BigInt(amount))} of the limit ${limit} of the ${ownerText(limited)}: ask for less, or have the limit raised.`,
    object: `${ownerText(limited)} limit ${limit}`,
  });
}
