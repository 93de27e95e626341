/**
 * Use that went on without a grant, since none could be had and its limit refuses nothing then: kept in memory, and booked as soon as
 * something is granted again. While it is owed nobody waits for the authority. What a crash forgets is in the records all the same.
 */
import type { PolicyBudget } from '#contract/policy/policy';
import { windowOf } from '#treasury/window';
import { type GrantAsker, leftOf } from './grant-asker.ts';
import { BudgetUnavailable } from './refusal.ts';
import type { Need, Wallet } from './wallet.ts';

/** Of limits, partitions and windows; beyond it what goes on is not booked. */
const MAX_OWED = 2_000;
/** Asks of one second. */
const MAX_ASKS = 100;
const LONGEST_WAIT_MS = 30_000;
/** As long as something can be granted of a window after its end. */
const LATE_MS = 10 * 60_000;

interface Owed {
  /** The limit as it holds for the partition. */
  readonly budget: PolicyBudget;
  readonly window: string;
  amount: bigint;
  isAsking: boolean;
  /** After an ask that failed; doubles each time. */
  waitMs: number;
  notBeforeMs: number;
}

export interface UncoveredDeps {
  readonly asker: GrantAsker;
  readonly wallet: Wallet;
  readonly now: () => number;
}

const nameOf = (budgetId: string, window: string): string => `${budgetId} ${window}`;

/** Whether an attempt goes on where nothing was granted, for this reason. */
export function goesOnWithout({ soft, operatorLoss }: PolicyBudget, reason: unknown): boolean {
  if (soft) return true;
  const isAway = reason instanceof BudgetUnavailable && (reason.reason === 'unreachable' || reason.reason === 'slow');
  return isAway && operatorLoss === 'Allow';
}

export class UncoveredUse {
  readonly #deps: UncoveredDeps;
  readonly #owed = new Map<string, Owed>();

  constructor(deps: UncoveredDeps) {
    this.#deps = deps;
  }

  /** The authority granted nothing a moment ago. */
  has({ budgetId, window }: Pick<Need, 'budgetId' | 'window'>): boolean {
    return this.#owed.size > 0 && this.#owed.has(nameOf(budgetId, window));
  }

  get isOwing(): boolean {
    return this.#owed.size > 0;
  }

  /** `amount` is 0 where an attempt only begins. */
  add(budget: PolicyBudget, window: string, amount: bigint): void {
    const name = nameOf(budget.id, window);
    const known = this.#owed.get(name);
    if (known !== undefined) known.amount += amount;
    else if (this.#owed.size < MAX_OWED)
      this.#owed.set(name, { budget, window, amount, isAsking: false, waitMs: 1_000, notBeforeMs: 0 });
  }

  /** Every second: asks for what is owed, the longest owed first. Never rejects. */
  async book(): Promise<void> {
    const nowMs = this.#deps.now();
    const due = [...this.#owed].filter(([, { isAsking, notBeforeMs }]) => !isAsking && notBeforeMs <= nowMs);
    await Promise.all(due.slice(0, MAX_ASKS).map(([name, owed]) => this.#settle(name, owed)));
  }

  async #settle(name: string, owed: Owed): Promise<void> {
    owed.isAsking = true;
    if (owed.amount > 0n && !this.#isPast(owed))
      await this.#pay(owed).catch((reason: unknown) => this.#failed(owed, reason));
    else owed.amount = 0n;
    owed.isAsking = false;
    if (owed.amount === 0n) this.#owed.delete(name);
  }

  #isPast(owed: Owed): boolean {
    return (windowOf(owed.window)?.endMs ?? 0) + LATE_MS < this.#deps.now();
  }

  async #pay(owed: Owed): Promise<void> {
    const { asker, wallet, now } = this.#deps;
    const { budget, window, amount } = owed;
    const answer = await asker.want(budget, window, amount);
    // A hard cap that has less left pays with all of it, and what is beyond shows as overrun.
    const covered = answer === 'granted' ? amount : leftOf(answer);
    if (covered > 0n && answer !== 'granted') await asker.want(budget, window, covered);
    const taken = covered > 0n ? wallet.reserve([{ budgetId: budget.id, window, amount: covered }], now()) : undefined;
    // Others were faster at the fresh grant: the next second tries again.
    if (taken?.reserved === false) return;
    for (const hold of taken?.holds ?? []) wallet.settle(hold, amount, now());
    owed.amount -= amount;
  }

  #failed(owed: Owed, reason: unknown): void {
    // The treasury will never grant it: its window is gone there.
    if (reason instanceof BudgetUnavailable && reason.reason === 'clock') owed.amount = 0n;
    owed.notBeforeMs = this.#deps.now() + owed.waitMs;
    owed.waitMs = Math.min(LONGEST_WAIT_MS, 2 * owed.waitMs);
  }
}
