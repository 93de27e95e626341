/** The budget gate of a sidecar: reserves every attempt on all its budgets out of grants, journals it, and settles what was used. */
import { partitionOf } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { RemoraError } from '#sidecar/errors/remora-error';
import { REAL_TIMERS, type Timers, withDeadline } from '#sidecar/time/timers';
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
import { type Journal, recover } from './journal.ts';
import { type OutlookDeps, outlookOf } from './outlook.ts';
import { MAX_PARTITIONS, PartitionBound } from './partition-bound.ts';
import { strictOf, underCeiling } from './price-ceiling.ts';
import { budgetExceeded, budgetUnavailable, isExceeded, priceUnknown, tooManyPartitions } from './refusal.ts';
import { type Admission, attemptRecord, settlementOf } from './settlement.ts';
import { goesOnWithout, UncoveredUse } from './uncovered-use.ts';
import { UNIT_USE } from './unit-use.ts';
import type { UsageRecord } from './usage-record.ts';
import { type Hold, type Need, Wallet } from './wallet.ts';

const ASK_DEADLINE_MS = 2_000;
/** Of the about two seconds that kubelet leaves. */
const BOOK_LAST_MS = 500;
const TICK_MS = 1_000;
const IDLE_MS = 60_000;
/** A grant of an ended window is kept this long for attempts that were admitted just before. */
const OVER_AFTER_MS = 10_000;
/** Others can be faster at a fresh grant only so often. */
const MAX_ROUNDS = 16;

/** What operators of a sidecar want to count; none may throw. */
interface BudgetHooks {
  /** A provider billed more than the enforced bound; `amount` is what came on top, in the unit of the budget. */
  overrun?(budgetId: string, amount: bigint): void;
  journalFailed?(): void;
  /** The journal of a former process was damaged; its open grants were counted as spent in full. */
  journalDamaged?(): void;
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
  /** Attempts that history has not acknowledged, oldest first, also those of earlier instances. */
  records(limit: number): readonly UsageRecord[];
  /** History has all records of the instance up to `seq`. */
  acknowledge(instance: string, seq: number): void;
  /** Gives back what is not reserved and waits for it, at most two seconds. The journal stays open: its opener closes it. */
  close(): Promise<void>;
}

export const createBudgetGate = (options: BudgetGateOptions): SidecarBudgetGate => new GrantedBudgetGate(options);

interface Admitted extends Admission {
  readonly number: number;
  readonly dues: readonly Due[];
  /** Of the dues, those that were granted. */
  readonly holds: readonly Hold[];
}

interface Due {
  readonly budget: PolicyBudget;
  readonly period: BudgetPeriod;
  readonly need: Need;
}

interface Held {
  readonly holds: readonly Hold[];
  /** Soft limits that had no room. */
  readonly wouldRefuse: readonly PolicyBudget[];
}

class GrantedBudgetGate implements SidecarBudgetGate {
  readonly #journal: Journal;
  readonly #instance: string;
  readonly #now: () => number;
  readonly #hooks: BudgetHooks;
  readonly #wallet: Wallet;
  readonly #teller: GrantAsker;
  readonly #returns: GrantReturner;
  readonly #uncovered: UncoveredUse;
  readonly #stopTicking: () => void;
  readonly #looks: Omit<OutlookDeps, 'wallet' | 'nowMs'>;
  readonly #partitions = new PartitionBound();
  #recovered = false;
  #closing = false;
  #number = 0;
  #seq = 0;

  constructor(options: BudgetGateOptions) {
    const { authority, journal, instance, now, hooks = {}, timers = REAL_TIMERS, wallet = new Wallet() } = options;
    const askDeadlineMs = options.askDeadlineMs ?? ASK_DEADLINE_MS;
    this.#journal = journal;
    this.#instance = instance;
    this.#now = now;
    this.#hooks = hooks;
    this.#wallet = wallet;
    this.#returns = new GrantReturner({ authority, journal, wallet, now, timers });
    this.#looks = { authority, timers, askDeadlineMs };
    const accept = (grant: Grant, exact: boolean): void => this.#accept(grant, exact);
    this.#teller = new GrantAsker({ authority, accept, now, timers, askDeadlineMs });
    this.#uncovered = new UncoveredUse({ asker: this.#teller, wallet, now });
    this.#tryRecover();
    this.#stopTicking = timers.every(TICK_MS, () => this.#tick());
  }

  async reserve(asked: AttemptEstimate): Promise<Reservation> {
    const attempt = underCeiling(asked);
    const dues = attempt.budgets.length === 0 ? [] : this.#dues(attempt);
    if (dues.length === 0) return once((outcome) => settlementOf(attempt, outcome));
    this.#mustBeReady(dues);
    const startedUnixMs = this.#now();
    const { holds, wouldRefuse } = await this.#hold(attempt, dues);
    this.#number += 1;
    const admitted = { attempt, number: this.#number, dues, holds, startedUnixMs };
    this.#dispatch(admitted);
    const reservation = once((outcome) => this.#settle(admitted, outcome));
    return wouldRefuse.length === 0 ? reservation : { ...reservation, wouldRefuse };
  }

  look(attempt: AttemptEstimate): Promise<readonly BudgetOutlook[]> {
    return outlookOf(attempt, { ...this.#looks, wallet: this.#wallet, nowMs: this.#now() });
  }

  usage(): readonly GrantUsage[] {
    return this.#wallet.usage();
  }

  records(limit: number): readonly UsageRecord[] {
    return this.#journal.state.records.slice(0, limit);
  }

  acknowledge(instance: string, seq: number): void {
    this.#journal.appendSoon({ type: 'acknowledged', instance, seq });
  }

  async close(): Promise<void> {
    if (this.#uncovered.isOwing) await this.#bookLast();
    this.#closing = true;
    this.#stopTicking();
    this.#closeGrants(0);
    this.#returns.report(true);
    await this.#returns.drained();
  }

  /** When it closes nothing more can be granted. */
  async #bookLast(): Promise<void> {
    const { timers } = this.#looks;
    await withDeadline(timers, BOOK_LAST_MS, this.#uncovered.book()).catch(() => undefined);
  }

  /** What each budget has to cover, once per budget. Free attempts need nothing. */
  #dues(attempt: AttemptEstimate): readonly Due[] {
    const nowMs = this.#now();
    const budgets = new Map(attempt.budgets.map((budget) => [budget.id, budget]));
    return [...budgets.values()].flatMap((budget) => {
      const amount = UNIT_USE[budget.unit].atMost(attempt);
      if (amount === null && !budget.soft) throw priceUnknown(strictOf(attempt.budgets) ?? budget, attempt);
      // A soft limit counts what can be counted.
      if (amount === null || amount === 0n) return [];
      const period = windowAt(budget.every, nowMs, budget.timezone);
      const counted = this.#counted(attempt, budget, period);
      if (counted === undefined) return [];
      return [{ budget: counted, period, need: { budgetId: counted.id, window: period.id, amount } }];
    });
  }

  /** The limit as it holds for this attempt; undefined: a soft one that has too many partitions. */
  #counted(attempt: AttemptEstimate, budget: PolicyBudget, period: BudgetPeriod): PolicyBudget | undefined {
    const counted = partitionOf(budget, attempt);
    if (counted === budget) return counted;
    const nowMs = this.#now();
    // Runs have no window that would end.
    const span = budget.every === 'Run' ? windowAt('Day', nowMs) : period;
    if (this.#partitions.admits(budget.id, counted.id, span)) return counted;
    if (budget.soft) return undefined;
    throw tooManyPartitions({ budget, most: MAX_PARTITIONS, nowMs, windowEndMs: span.endMs });
  }

  #mustBeReady(dues: readonly Due[]): void {
    const budget = dues[0]?.budget;
    if (this.#closing) throw budgetUnavailable(budget, 'closing');
    const stops = dues.find((due) => due.budget.operatorLoss === 'Stop')?.budget;
    if (stops !== undefined && this.#looks.authority.isReachable?.() === false)
      throw budgetUnavailable(stops, 'stopped');
    if (!this.#tryRecover()) throw budgetUnavailable(budget, 'journal');
  }

  async #hold(attempt: AttemptEstimate, dues: readonly Due[]): Promise<Held> {
    let granted = dues;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const needs = granted.map(({ need }) => need);
      const answer = this.#wallet.reserve(needs, this.#now());
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

  /** False: the attempt goes on without a grant of it. */
  async #fetch(attempt: AttemptEstimate, due: Due, missing: bigint | undefined): Promise<boolean> {
    if (missing === undefined) return true;
    if (this.#uncovered.has(due.need)) return false;
    // A denial is reckoned by what was reported; without this our own spending would look as if others held it.
    this.#returns.report(true);
    try {
      const answer = await this.#teller.want(due.budget, due.period.id, missing);
      if (answer === 'granted') return true;
      throw this.#refusal(attempt, due, answer);
    } catch (reason) {
      if (!goesOnWithout(due.budget, reason)) throw reason;
      this.#uncovered.add(due.budget, due.period.id, 0n);
      return false;
    }
  }

  /** Of soft limits those that pay out of what goes beyond their amount. */
  #beyond(dues: readonly Due[], holds: readonly Hold[]): readonly PolicyBudget[] {
    if (!dues.some(({ budget }) => budget.soft)) return NO_BUDGETS;
    return dues.flatMap(({ budget, need }) => {
      const shares = holds.find((hold) => hold.need === need)?.shares ?? [];
      return budget.soft && shares.some(({ grantId }) => this.#wallet.isBeyond(grantId)) ? [budget] : [];
    });
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

  /** Journalled before anything is sent. */
  #dispatch(admitted: Admitted): void {
    const { number, holds } = admitted;
    const ifLost = attemptRecord(admitted, { usage: undefined, billing: 'unknown' }, this.#now());
    try {
      this.#journal.append({ type: 'dispatch', number, shares: holds.flatMap(({ shares }) => shares), ifLost });
    } catch (error) {
      for (const hold of holds) this.#wallet.settle(hold, 0n, this.#now());
      this.#hooks.journalFailed?.();
      throw budgetUnavailable(admitted.attempt.budgets[0], 'journal', error);
    }
  }

  #settle(admitted: Admitted, outcome: AttemptOutcome): Settlement {
    const { attempt, number, dues, holds } = admitted;
    const paid = dues.flatMap(({ budget, period, need }) => {
      const actual = UNIT_USE[budget.unit].used(attempt, outcome) ?? need.amount;
      const hold = holds.find((one) => one.need === need);
      if (hold === undefined) this.#uncovered.add(budget, period.id, actual);
      else if (actual > need.amount && !budget.soft) this.#hooks.overrun?.(budget.id, actual - need.amount);
      return hold === undefined ? [] : this.#wallet.settle(hold, actual, this.#now());
    });
    this.#seq += 1;
    const record = { ...attemptRecord(admitted, outcome, this.#now()), instance: this.#instance, seq: this.#seq };
    if (!this.#journal.appendSoon({ type: 'settle', number, paid, record })) this.#hooks.journalFailed?.();
    this.#closeGrants(this.#closing ? 0 : IDLE_MS);
    this.#returns.report(false);
    return settlementOf(attempt, outcome);
  }

  /** A grant is journalled before anything is spent from it; one that cannot be, or comes too late, goes straight back. */
  #accept(grant: Grant, exact: boolean): void {
    try {
      if (this.#closing) throw new Error('the sidecar is shutting down');
      this.#journal.append({ type: 'grant', grant, used: 0n });
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
    if (this.#recovered) return true;
    try {
      const { returns, records } = recover(this.#journal, this.#instance, this.#now());
      this.#recovered = true;
      for (const { instance, seq } of records) if (instance === this.#instance) this.#seq = Math.max(this.#seq, seq);
      if (this.#journal.damaged) this.#hooks.journalDamaged?.();
      this.#returns.resend(returns);
    } catch {
      this.#hooks.journalFailed?.();
    }
    return this.#recovered;
  }

  #tick(): void {
    if (!this.#tryRecover()) return;
    this.#closeGrants(IDLE_MS);
    this.#returns.tick();
    void this.#uncovered.book();
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

/** A second call returns the first result. */
function once(settle: (outcome: AttemptOutcome) => Settlement): Reservation {
  let settled: Settlement | undefined;
  return {
    settle(outcome) {
      settled ??= settle(outcome);
      return settled;
    },
  };
}
