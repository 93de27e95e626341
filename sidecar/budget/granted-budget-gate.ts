/** The budget gate of a sidecar: reserves every attempt on all its budgets out of grants, journals it, and settles what was used. */
import { partitionOf } from '#contract/policy/book-id';
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
import { type Journal, recover } from './journal.ts';
import { type OutlookDeps, outlookOf } from './outlook.ts';
import { MAX_PARTITIONS, PartitionBound } from './partition-bound.ts';
import { tokensAtMost } from './price.ts';
import { strictOf, underCeiling } from './price-ceiling.ts';
import { budgetExceeded, budgetUnavailable, priceUnknown, tooManyPartitions } from './refusal.ts';
import { type Admission, actualUse, attemptRecord, boundOf, settlementOf } from './settlement.ts';
import { budgetStopped } from './stopped.ts';
import type { UsageRecord } from './usage-record.ts';
import { type Hold, type Need, Wallet } from './wallet.ts';

const ASK_DEADLINE_MS = 2_000;
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
  readonly holds: readonly Hold[];
  readonly units: ReadonlyMap<string, PolicyBudget['unit']>;
}

interface Due {
  readonly budget: PolicyBudget;
  readonly period: BudgetPeriod;
  readonly need: Need;
}

class GrantedBudgetGate implements SidecarBudgetGate {
  readonly #journal: Journal;
  readonly #instance: string;
  readonly #now: () => number;
  readonly #hooks: BudgetHooks;
  readonly #wallet: Wallet;
  readonly #teller: GrantAsker;
  readonly #returns: GrantReturner;
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
    this.#tryRecover();
    this.#stopTicking = timers.every(TICK_MS, () => this.#tick());
  }

  async reserve(asked: AttemptEstimate): Promise<Reservation> {
    const attempt = underCeiling(asked);
    const dues = attempt.budgets.length === 0 ? [] : this.#dues(attempt);
    if (dues.length === 0) return once((outcome) => settlementOf(attempt, outcome));
    this.#mustBeReady(dues[0]?.budget);
    const startedUnixMs = this.#now();
    const holds = await this.#hold(attempt, dues);
    const units = new Map(dues.map(({ budget }) => [budget.id, budget.unit]));
    this.#number += 1;
    const admitted = { attempt, number: this.#number, holds, units, startedUnixMs };
    this.#dispatch(admitted);
    return once((outcome) => this.#settle(admitted, outcome));
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
      if (budget.stop !== undefined) throw budgetStopped(budget);
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

  #mustBeReady(budget: PolicyBudget | undefined): void {
    if (this.#closing) throw budgetUnavailable(budget, 'closing');
    if (!this.#tryRecover()) throw budgetUnavailable(budget, 'journal');
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
    const { attempt, number, holds, units } = admitted;
    const paid = holds.flatMap((hold) => {
      const actual = actualUse(attempt, { need: hold.need, unit: units.get(hold.need.budgetId), outcome });
      if (actual > hold.need.amount) this.#hooks.overrun?.(hold.need.budgetId, actual - hold.need.amount);
      return this.#wallet.settle(hold, actual, this.#now());
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
function once(settle: (outcome: AttemptOutcome) => Settlement): Reservation {
  let settled: Settlement | undefined;
  return {
    settle(outcome) {
      settled ??= settle(outcome);
      return settled;
    },
  };
}
