/** The budget gate of a sidecar: reserves every attempt on all its budgets out of grants, journals it, and settles what was used. */
import { limitOfBook, partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import { RemoraError } from '#sidecar/errors/remora-error';
import { REAL_TIMERS, type Timers } from '#sidecar/time/timers';
import type { Grant, GrantAuthority, GrantUsage } from '#treasury/grant-authority';
import { type BudgetPeriod, windowAt, windowOf } from '#treasury/window';
import type {
  AttemptEstimate,
  AttemptOutcome,
  BudgetGate,
  BudgetOutlook,
  Reservation,
  Settlement,
} from './budget-gate.ts';
import { type Denial, GrantAsker, leftOf } from './grant-asker.ts';
import { GrantReturner } from './grant-returner.ts';
import { spread } from './holds.ts';
import type { Journal } from './journal.ts';
import { type AttemptNumber, type Backlog, type JournalHooks, JournalKeeper } from './journal-keeper.ts';
import { type OutlookDeps, outlookOf } from './outlook.ts';
import { withFirstSlice } from './output-slice.ts';
import { MAX_PARTITIONS, PartitionBound } from './partition-bound.ts';
import { tokensAtMost } from './price.ts';
import { strictOf, underCeiling } from './price-ceiling.ts';
import { budgetExceeded, budgetUnavailable, priceUnknown, tooManyPartitions } from './refusal.ts';
import { type Admission, actualUse, attemptRecord, boundOf, settlementOf } from './settlement.ts';
import { StreamGrowth } from './stream-growth.ts';
import type { AttemptEnd, UnnumberedRecord, UsageRecord } from './usage-record.ts';
import { type Hold, type Need, Wallet } from './wallet.ts';

const ASK_DEADLINE_MS = 2_000;
const TICK_MS = 1_000;
const IDLE_MS = 60_000;
/** A grant of an ended window is kept this long for attempts that were admitted just before. */
const OVER_AFTER_MS = 10_000;
/** Others can be faster at a fresh grant only so often. */
const MAX_ROUNDS = 16;

/** What a former process of this pod was asked for, and nobody will ever know more of. */
const LOST: AttemptEnd = { outcome: 'failed', failure: 'crash', totalMs: 0 };
const LOST_BILLING: AttemptOutcome = { usage: undefined, billing: 'unknown' };
const NO_HOLDS: readonly Hold[] = [];
const NO_UNITS: Admitted['units'] = new Map();

/** Whether spending on it must be proven after a crash; without a journal a soft limit is counted in memory alone. */
const isHard = (budget: PolicyBudget): boolean => !('soft' in budget && budget.soft === true);

/** What operators of a sidecar want to count; none may throw. */
interface BudgetHooks extends JournalHooks {
  /** A provider billed more than the enforced bound; `amount` is what came on top, in the unit of the budget. */
  overrun?(budgetId: string, amount: bigint): void;
}

export interface BudgetGateOptions {
  readonly authority: GrantAuthority;
  readonly journal: Journal;
  /** This start of this sidecar; never the same twice. */
  readonly instance: string;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly hooks?: BudgetHooks;
  readonly timers?: Timers;
  /** Default 2 s. */
  readonly askDeadlineMs?: number;
  readonly wallet?: Wallet;
}

export interface SidecarBudgetGate extends BudgetGate {
  /** Grants that are open, for Hello and diagnosis. */
  usage(): readonly GrantUsage[];
  /** Rows that history has not acknowledged, oldest first, also those of earlier instances. */
  records(limit: number): readonly UsageRecord[];
  readonly backlog: Backlog;
  /** History has all records of the instance up to `seq`. */
  acknowledge(instance: string, seq: number): void;
  /** Gives back what is not reserved and waits for it, at most two seconds. The journal stays open: its opener closes it. */
  close(): Promise<void>;
}

export const createBudgetGate = (options: BudgetGateOptions): SidecarBudgetGate => new GrantedBudgetGate(options);

interface Admitted extends Admission {
  readonly number: AttemptNumber;
  readonly holds: readonly Hold[];
  readonly units: ReadonlyMap<string, PolicyBudget['unit']>;
  /** The first of its limits that must be proven; undefined: none. */
  readonly hard: PolicyBudget | undefined;
}

interface Due {
  readonly budget: PolicyBudget;
  readonly period: BudgetPeriod;
  readonly need: Need;
}

class GrantedBudgetGate implements SidecarBudgetGate {
  readonly #keeper: JournalKeeper;
  readonly #now: () => number;
  readonly #hooks: BudgetHooks;
  readonly #wallet: Wallet;
  readonly #teller: GrantAsker;
  readonly #returns: GrantReturner;
  readonly #stopTicking: () => void;
  readonly #looks: Omit<OutlookDeps, 'wallet' | 'nowMs'>;
  readonly #partitions = new PartitionBound();
  /** Limits that are not proven. */
  readonly #soft = new Set<string>();
  #closing = false;

  constructor(options: BudgetGateOptions) {
    const { authority, journal, instance, now, hooks = {}, timers = REAL_TIMERS, wallet = new Wallet() } = options;
    const askDeadlineMs = options.askDeadlineMs ?? ASK_DEADLINE_MS;
    this.#keeper = new JournalKeeper({ journal, instance, now, hooks });
    this.#now = now;
    this.#hooks = hooks;
    this.#wallet = wallet;
    this.#returns = new GrantReturner({ authority, journal, wallet, now, timers });
    this.#looks = { authority, timers, askDeadlineMs };
    const accept = (grant: Grant, exact: boolean): void => this.#accept(grant, exact);
    this.#teller = new GrantAsker({ authority, accept, now, timers, askDeadlineMs });
    this.#tryRecover();
    this.#stopTicking = timers.every(TICK_MS, () => this.#tick());
  }

  async reserve(asked: AttemptEstimate): Promise<Reservation> {
    const bounded = underCeiling(asked);
    const attempt = withFirstSlice(bounded);
    const dues = attempt.budgets.length === 0 ? [] : this.#dues(attempt);
    const hard = dues.find(({ budget }) => isHard(budget))?.budget;
    this.#mustBeReady(dues, hard);
    // Nothing is granted before it is known what a former process spent; what is soft goes on uncounted.
    if (dues.length === 0 || !this.#keeper.isOpen) return this.#uncounted(bounded);
    const startedUnixMs = this.#now();
    const holds = await this.#hold(attempt, dues);
    const units = new Map(dues.map(({ budget }) => [budget.id, budget.unit]));
    const admitted = { attempt, number: this.#keeper.begin(), holds, units, hard, startedUnixMs };
    this.#dispatch(admitted, holds);
    if (attempt === bounded) return once((outcome, end) => this.#settle(admitted, outcome, end));
    const growth = this.#growth(admitted, bounded.outputTokensAtMost);
    const reservation = once((outcome, end) => {
      growth.end();
      return this.#settle({ ...admitted, ...growth.reserved }, outcome, end);
    });
    return { ...reservation, growth };
  }

  keep(row: UnnumberedRecord): void {
    this.#keeper.keep(row);
  }

  get backlog(): Backlog {
    return this.#keeper.backlog;
  }

  /** No limit counts it; its row is kept all the same. */
  #uncounted(attempt: AttemptEstimate): Reservation {
    const nothing = { holds: NO_HOLDS, units: NO_UNITS, hard: undefined };
    const admitted = { attempt, number: this.#keeper.begin(), ...nothing, startedUnixMs: this.#now() };
    this.#dispatch(admitted, NO_HOLDS);
    return once((outcome, end) => this.#settle(admitted, outcome, end));
  }

  #growth(admitted: Admitted, atMost: number): StreamGrowth<Due> {
    return new StreamGrowth(admitted, atMost, {
      dues: (attempt) => this.#dues(attempt),
      take: (needs) => {
        const answer = this.#wallet.reserve(needs, this.#now());
        return answer.reserved ? answer.holds : undefined;
      },
      hold: (attempt, dues) => this.#hold(attempt, dues),
      // The last dispatch of a number counts.
      keep: (reserved, added) => this.#dispatch({ ...admitted, ...reserved }, added),
      release: (holds) => this.#release(holds),
    });
  }

  look(attempt: AttemptEstimate): Promise<readonly BudgetOutlook[]> {
    return outlookOf(attempt, { ...this.#looks, wallet: this.#wallet, nowMs: this.#now() });
  }

  usage(): readonly GrantUsage[] {
    return this.#wallet.usage();
  }

  records(limit: number): readonly UsageRecord[] {
    return this.#keeper.records(limit);
  }

  acknowledge(instance: string, seq: number): void {
    this.#keeper.acknowledge(instance, seq);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#stopTicking();
    this.#closeGrants(0);
    this.#returns.report(true);
    await this.#returns.drained();
  }

  /** What each budget has to cover, once per budget. Free attempts need nothing. */
  #dues(attempt: AttemptEstimate): readonly Due[] {
    const nowMs = this.#now();
    const atMost = boundOf(attempt);
    const budgets = new Map(attempt.budgets.map((budget) => [budget.id, budget]));
    return [...budgets.values()].flatMap((budget) => {
      const amount = budget.unit === 'tokens' ? tokensAtMost(attempt) : atMost;
      if (amount === null) throw priceUnknown(strictOf(attempt.budgets) ?? budget, attempt);
      if (amount === 0n) return [];
      const period = windowAt(budget.every, nowMs);
      const counted = this.#counted(attempt, budget, period);
      return [{ budget: counted, period, need: { budgetId: counted.id, window: period.id, amount } }];
    });
  }

  /** The limit as it holds for this attempt. */
  #counted(attempt: AttemptEstimate, budget: PolicyBudget, period: BudgetPeriod): PolicyBudget {
    const counted = partitionOf(budget, attempt);
    if (counted === budget || this.#partitions.admits(budget.id, counted.id, period)) return counted;
    const nowMs = this.#now();
    throw tooManyPartitions({ budget, most: MAX_PARTITIONS, nowMs, windowEndMs: period.endMs });
  }

  #mustBeReady(dues: readonly Due[], hard: PolicyBudget | undefined): void {
    if (this.#closing && dues.length > 0) throw budgetUnavailable(dues[0]?.budget, 'closing');
    if (hard !== undefined && (!this.#tryRecover() || !this.#keeper.proves)) throw budgetUnavailable(hard, 'journal');
  }

  async #hold(attempt: AttemptEstimate, dues: readonly Due[]): Promise<readonly Hold[]> {
    const needs = dues.map(({ need }) => need);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const answer = this.#wallet.reserve(needs, this.#now());
      if (answer.reserved) return answer.holds;
      const short = new Map(answer.missing.map((need) => [need.budgetId, need.amount]));
      const fetched = await Promise.allSettled(dues.map((due) => this.#fetch(attempt, due, short.get(due.budget.id))));
      throwWeightiest(fetched);
    }
    throw budgetUnavailable(dues[0]?.budget, 'slow');
  }

  async #fetch(attempt: AttemptEstimate, due: Due, missing: bigint | undefined): Promise<void> {
    if (missing === undefined) return;
    // A denial is reckoned by what was reported; without this our own spending would look as if others held it.
    this.#returns.report(true);
    if (!isHard(due.budget)) this.#soft.add(limitOfBook(due.budget.id));
    const answer = await this.#teller.want(due.budget, due.period.id, missing);
    if (answer !== 'granted') throw this.#refusal(attempt, due, answer);
  }

  #refusal(attempt: AttemptEstimate, { budget, period, need }: Due, denial: Denial): RemoraError {
    const slack = this.#wallet.slack(budget.id, period.id);
    return budgetExceeded({
      budget,
      attempt,
      needed: need.amount,
      remaining: leftOf(denial) + slack,
      reserved: denial.held > slack ? denial.held - slack : 0n,
      nowMs: this.#now(),
      windowEndMs: period.endMs,
    });
  }

  /**
   * Journalled before anything is sent, and before more is let through, so that no crash loses the row. What no hard limit pays for goes on
   * without. `added`: what is released where that fails.
   */
  #dispatch(admitted: Admitted, added: readonly Hold[]): void {
    const { number, holds, hard } = admitted;
    const ifLost = attemptRecord(admitted, LOST_BILLING, { nowMs: admitted.startedUnixMs, end: LOST });
    const shares = holds.flatMap((hold) => hold.shares);
    try {
      this.#keeper.dispatch(number, { shares, ifLost, mustBeProven: hard !== undefined });
    } catch (error) {
      this.#release(added);
      throw budgetUnavailable(hard, 'journal', error);
    }
  }

  #release(holds: readonly Hold[]): void {
    for (const hold of holds) this.#wallet.settle(hold, 0n, this.#now());
  }

  #settle(admitted: Admitted, outcome: AttemptOutcome, end: AttemptEnd | undefined): Settlement {
    const { attempt, number, holds, units } = admitted;
    const used = (need: Need): bigint => actualUse(attempt, { need, unit: units.get(need.budgetId), outcome });
    const paid = spread(holds, used).flatMap(({ hold, actual }) => {
      if (actual > hold.need.amount) this.#hooks.overrun?.(hold.need.budgetId, actual - hold.need.amount);
      return this.#wallet.settle(hold, actual, this.#now());
    });
    this.#keeper.settle(number, paid, attemptRecord(admitted, outcome, { nowMs: this.#now(), end }));
    if (holds.length > 0) {
      this.#closeGrants(this.#closing ? 0 : IDLE_MS);
      this.#returns.report(false);
    }
    return settlementOf(attempt, outcome);
  }

  /** A grant is journalled before anything is spent from it; one that cannot be, or comes too late, goes straight back. */
  #accept(grant: Grant, exact: boolean): void {
    try {
      if (this.#closing) throw new Error('the sidecar is shutting down');
      this.#keeper.take(grant, !this.#soft.has(limitOfBook(grant.budgetId)));
    } catch (error) {
      this.#returns.give([{ grant, final: 0n }]);
      throw error;
    }
    this.#wallet.add(grant, this.#now(), exact);
  }

  #closeGrants(idleMs: number): void {
    const nowMs = this.#now();
    // Thousands of grants, one per user, lie in a handful of windows.
    const known = new Map<string, boolean>();
    const isOver = (window: string): boolean => {
      const over = known.get(window) ?? (windowOf(window)?.endMs ?? nowMs) + OVER_AFTER_MS < nowMs;
      known.set(window, over);
      return over;
    };
    this.#returns.give(this.#wallet.close({ nowMs, idleMs, isOver }));
  }

  /** False while the journal of a former process cannot be read or closed. */
  #tryRecover(): boolean {
    if (this.#keeper.isOpen) return true;
    const returns = this.#keeper.open();
    if (returns !== undefined) this.#returns.resend(returns);
    return returns !== undefined;
  }

  #tick(): void {
    if (!this.#tryRecover()) return;
    this.#closeGrants(IDLE_MS);
    this.#returns.tick();
  }
}

/** Of several limits that refuse, the one that lasts longest: what another one's Retry-After says would not help. */
function throwWeightiest(results: readonly PromiseSettledResult<void>[]): void {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length === 0) return;
  throw reasons.reduce((weightiest, reason) => (waitOf(reason) > waitOf(weightiest) ? reason : weightiest));
}

const waitOf = (reason: unknown): number =>
  reason instanceof RemoraError && reason.code === 'budget_exceeded' ? (reason.details.retryAfterMs ?? 0) : -1;

/** A second call returns the first result. */
function once(settle: Reservation['settle']): Reservation {
  let settled: Settlement | undefined;
  return {
    settle(outcome, end) {
      settled ??= settle(outcome, end);
      return settled;
    },
  };
}
