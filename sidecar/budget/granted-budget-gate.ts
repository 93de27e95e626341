/** The budget gate of a sidecar: reserves every attempt on all its budgets out of grants, journals it, and settles what was used. */
import { least } from '#contract/policy/money';
import type { PolicyBudget } from '#contract/policy/policy';
import { REAL_TIMERS, type Timers, withDeadline } from '#sidecar/time/timers';
import type { ClosedUse, GrantAuthority, GrantUsage } from '#treasury/grant-authority';
import type {
  AttemptEstimate,
  AttemptOutcome,
  BudgetGate,
  BudgetOutlook,
  Reservation,
  Settlement,
} from './budget-gate.ts';
import { DisownedGrants } from './disowned-grants.ts';
import { type Due, Dues, isHard } from './dues.ts';
import { GrantAsker } from './grant-asker.ts';
import { GrantKeeper } from './grant-keeper.ts';
import { GrantReturner } from './grant-returner.ts';
import { Holder } from './holder.ts';
import { spread } from './holds.ts';
import type { Journal } from './journal.ts';
import { type AttemptNumber, type Backlog, type JournalHooks, JournalKeeper } from './journal-keeper.ts';
import { LimitLines } from './limit-lines.ts';
import { type OutlookDeps, outlookOf } from './outlook.ts';
import { withFirstSlice } from './output-slice.ts';
import { underCeiling } from './price-ceiling.ts';
import { budgetUnavailable } from './refusal.ts';
import { type KeptRow, type RowText, recordOf, rowText } from './row-text.ts';
import { SeenLimits } from './seen-limits.ts';
import { type Admission, rowBeginning, rowEnd, settlementOf } from './settlement.ts';
import { StreamGrowth } from './stream-growth.ts';
import { UncoveredUse } from './uncovered-use.ts';
import { UNIT_USE, usedOf } from './unit-use.ts';
import type { AttemptEnd, UnnumberedRecord, UsageRecord } from './usage-record.ts';
import { type Hold, type Need, type Share, Wallet } from './wallet.ts';

const ASK_DEADLINE_MS = 2_000;
/** Of the about two seconds that kubelet leaves. */
const BOOK_LAST_MS = 500;
const TICK_MS = 1_000;

/** What a former process of this pod was asked for, and nobody will ever know more of. */
const LOST: AttemptEnd = { outcome: 'failed', failure: 'crash', totalMs: 0 };
const LOST_BILLING: AttemptOutcome = { usage: undefined, billing: 'unknown' };
const NOT_COUNTED: Pick<Admitted, 'dues' | 'holds' | 'hard'> = { dues: [], holds: [], hard: undefined };

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

/** `partitions`: values that limits were kept apart by in their present windows. `lines`: books that are asked for or were refused just now. */
type KeptCounts = Readonly<Record<'partitions' | 'lines' | 'grants' | 'returns', number>>;

export interface SidecarBudgetGate extends BudgetGate {
  /** Grants that are open, for Hello and diagnosis. */
  usage(): readonly GrantUsage[];
  /** What was spent of grants from which nothing is spent any more, for Hello. */
  closed(): readonly ClosedUse[];
  /** How much is remembered, which no caller can make grow without bound. */
  kept(): KeptCounts;
  /** Rows that history has not acknowledged, oldest first, also those of earlier instances. None while the journal cannot be written. */
  rows(limit: number): readonly KeptRow[];
  /** The same, read. */
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
  readonly begun: RowText;
  /** Of its limits, as they are at first. */
  readonly dues: readonly Due[];
  readonly holds: readonly Hold[];
  /** The first of its limits that must be proven; undefined: none. */
  readonly hard: PolicyBudget | undefined;
}

class GrantedBudgetGate implements SidecarBudgetGate {
  readonly #journal: JournalKeeper;
  readonly #now: () => number;
  readonly #hooks: BudgetHooks;
  readonly #wallet: Wallet;
  readonly #asker: GrantAsker;
  readonly #returns: GrantReturner;
  readonly #keeper: GrantKeeper;
  readonly #holder: Holder;
  readonly #uncovered: UncoveredUse;
  readonly #dues: Dues;
  readonly #seen: SeenLimits;
  readonly lines: LimitLines;
  readonly #stopTicking: () => void;
  readonly #looks: Omit<OutlookDeps, 'wallet' | 'nowMs'>;

  constructor(options: BudgetGateOptions) {
    const { authority, journal, instance, now, hooks = {}, timers = REAL_TIMERS, wallet = new Wallet() } = options;
    const askDeadlineMs = options.askDeadlineMs ?? ASK_DEADLINE_MS;
    const kept = new JournalKeeper({ journal, instance, now, hooks });
    const returns = new GrantReturner({
      ...{ authority, journal, wallet, now, timers },
      returned: ({ grant, final }) => this.#freed(grant, grant.amount - final),
    });
    const [lines, seen] = [new LimitLines({ now, timers }), new SeenLimits(now)];
    const asker = new GrantAsker({
      ...{ authority, now, timers, askDeadlineMs },
      accept: (grant, exact) => this.#keeper.accept(grant, exact),
    });
    const disowned = new DisownedGrants(journal, returns);
    this.#journal = kept;
    this.#now = now;
    this.#hooks = hooks;
    this.#wallet = wallet;
    this.#returns = returns;
    this.#asker = asker;
    this.#looks = { authority, timers, askDeadlineMs };
    this.#dues = new Dues(now);
    this.lines = lines;
    this.#seen = seen;
    this.#uncovered = new UncoveredUse({ asker, wallet, now });
    this.#holder = new Holder({ wallet, asker, returns, uncovered: this.#uncovered, lines, seen, now });
    this.#keeper = new GrantKeeper({
      ...{ wallet, journal: kept, returns, disowned, seen, now },
      onShrunk: (grant) => asker.recalled(grant),
    });
    this.#keeper.tryRecover();
    this.#stopTicking = timers.every(TICK_MS, () => this.#tick());
    authority.onRecall?.((grant) => this.#keeper.recall(grant));
  }

  async reserve(asked: AttemptEstimate): Promise<Reservation> {
    const bounded = underCeiling(asked);
    const attempt = withFirstSlice(bounded);
    const dues = this.#dues.of(attempt);
    const hard = dues.find(isHard)?.budget;
    this.#mustBeReady(dues, hard);
    // Nothing is granted before it is known what a former process spent; what is soft goes on uncounted.
    if (dues.length === 0 || !this.#journal.isOpen) return this.#uncounted(bounded);
    const startedUnixMs = this.#now();
    for (const due of dues) this.#expect(due);
    const { holds, wouldRefuse } = await this.#holder.hold(attempt, dues);
    if (!this.lines.isEmpty) for (const { budget } of dues) this.lines.leave(budget.id, attempt.requestId);
    const admitted = this.#admit({ attempt, startedUnixMs }, { dues, holds, hard });
    const reservation =
      attempt === bounded
        ? once((outcome, end) => this.#settle(admitted, outcome, end))
        : this.#growing(admitted, bounded.outputTokensAtMost);
    return {
      ...reservation,
      ...(wouldRefuse.length > 0 && { wouldRefuse }),
      ...(this.#seen.isWanted && { limits: () => this.#holder.views(dues) }),
    };
  }

  #expect({ budget }: Due): void {
    this.#keeper.expect(budget);
    if (budget.unit !== 'nanoUsd' && !budget.soft) this.#seen.isWanted = true;
  }

  keep(row: UnnumberedRecord): void {
    this.#journal.keep(row);
  }

  get backlog(): Backlog {
    return this.#journal.backlog;
  }

  look(attempt: AttemptEstimate): Promise<readonly BudgetOutlook[]> {
    return outlookOf(attempt, { ...this.#looks, wallet: this.#wallet, nowMs: this.#now() });
  }

  usage(): readonly GrantUsage[] {
    return this.#wallet.usage();
  }

  closed(): readonly ClosedUse[] {
    return this.#journal.closed();
  }

  kept(): KeptCounts {
    return {
      partitions: this.#dues.partitions,
      lines: this.#asker.size,
      grants: this.#wallet.size,
      returns: this.#returns.size,
    };
  }

  rows(limit: number): readonly KeptRow[] {
    return this.#journal.rows(limit);
  }

  records(limit: number): readonly UsageRecord[] {
    return this.rows(limit).map(recordOf);
  }

  acknowledge(instance: string, seq: number): void {
    this.#journal.acknowledge(instance, seq);
  }

  async close(): Promise<void> {
    if (this.#uncovered.isOwing) await this.#bookLast();
    this.#stopTicking();
    this.#looks.authority.leave?.();
    this.#keeper.close();
    await this.#returns.drained();
  }

  /** When it closes nothing more can be granted. */
  async #bookLast(): Promise<void> {
    const { timers } = this.#looks;
    await withDeadline(timers, BOOK_LAST_MS, this.#uncovered.book()).catch(() => undefined);
  }

  /** No limit counts it; its row is kept all the same. */
  #uncounted(attempt: AttemptEstimate): Reservation {
    const admitted = this.#admit({ attempt, startedUnixMs: this.#now() }, NOT_COUNTED);
    return once((outcome, end) => this.#settle(admitted, outcome, end));
  }

  /** Journalled before anything is sent, so that no crash loses the row. */
  #admit(admission: Admission, reserved: Pick<Admitted, 'dues' | 'holds' | 'hard'>): Admitted {
    const begun = rowText(rowBeginning(admission));
    const { attempt, startedUnixMs } = admission;
    const { dues, holds, hard } = reserved;
    const admitted = { attempt, startedUnixMs, begun, number: this.#journal.begin(), dues, holds, hard };
    this.#dispatch(admitted, reserved.holds, begun);
    return admitted;
  }

  #growing(admitted: Admitted, atMost: number): Reservation {
    const growth = new StreamGrowth<Due>(admitted, atMost, {
      dues: (attempt) => this.#dues.of(attempt),
      take: (needs) => this.#holder.take(needs),
      hold: async (attempt, dues) => (await this.#holder.hold(attempt, dues)).holds,
      // The last dispatch of a number counts.
      keep: (reserved, added) => this.#dispatch({ ...admitted, ...reserved }, added),
      release: (holds) => this.#holder.release(holds),
    });
    const reservation = once((outcome, end) => {
      growth.end();
      return this.#settle({ ...admitted, ...growth.reserved }, outcome, end);
    });
    return { ...reservation, growth };
  }

  #mustBeReady(dues: readonly Due[], hard: PolicyBudget | undefined): void {
    if (this.#keeper.isClosing && dues.length > 0) throw budgetUnavailable(dues[0]?.budget, 'closing');
    const stops = dues.find(({ budget }) => budget.operatorLoss === 'Stop')?.budget;
    if (stops !== undefined && this.#looks.authority.isReachable?.() === false)
      throw budgetUnavailable(stops, 'stopped');
    if (hard !== undefined && (!this.#keeper.tryRecover() || !this.#journal.proves))
      throw budgetUnavailable(hard, 'journal');
  }

  /** Before more is let through, too. What no hard limit pays for goes on without. `added`: what is released where that fails. */
  #dispatch(admitted: Admitted, added: readonly Hold[], begun?: RowText): void {
    const { number, holds, hard } = admitted;
    const ifLost = rowEnd(admitted, LOST_BILLING, { nowMs: admitted.startedUnixMs, end: LOST });
    const shares = holds.flatMap((hold) => hold.shares);
    try {
      this.#journal.dispatch(number, { shares, begun, ifLost, mustBeProven: hard !== undefined });
    } catch (error) {
      this.#holder.release(added);
      throw budgetUnavailable(hard, 'journal', error);
    }
  }

  #settle(admitted: Admitted, outcome: AttemptOutcome, end: AttemptEnd | undefined): Settlement {
    const { attempt, begun, number, holds } = admitted;
    const paid = holds.length === 0 ? [] : this.#pay(admitted, outcome);
    this.#owe(admitted, outcome);
    this.#journal.settle(number, { paid, begun, end: rowEnd(admitted, outcome, { nowMs: this.#now(), end }) });
    if (holds.length > 0) {
      this.#keeper.giveBack();
      this.#returns.report(false);
    }
    if (!this.lines.isEmpty) for (const { need } of holds) this.#unspent(need);
    return settlementOf(attempt, outcome);
  }

  #pay({ attempt, holds, dues: all }: Admitted, outcome: AttemptOutcome): Share[] {
    const dues = new Map(all.map((due) => [due.budget.id, due]));
    const used = ({ budgetId, amount }: Need): bigint => {
      const { budget, isSpared = false } = dues.get(budgetId) ?? {};
      const counted = usedOf(budget?.unit ?? 'nanoUsd', attempt, { outcome, reserved: amount });
      return isSpared ? least(counted, amount) : counted;
    };
    return spread(holds, used).flatMap(({ hold, actual }) => {
      const { budgetId, amount } = hold.need;
      if (actual > amount && !dues.get(budgetId)?.budget.soft) this.#hooks.overrun?.(budgetId, actual - amount);
      return this.#wallet.settle(hold, actual, this.#now());
    });
  }

  /** What was reserved and is in hand still; what goes back is told when it is there. */
  #unspent(need: Need): void {
    this.#freed(need, least(need.amount, this.#wallet.slack(need.budgetId, need.window)));
  }

  /** Whoever waits may have it, and what was said of the book a moment ago holds no more. */
  #freed(book: Pick<Need, 'budgetId' | 'window'>, amount: bigint): void {
    if (amount <= 0n) return;
    this.#asker.freed(book);
    this.lines.freed(book.budgetId, amount);
  }

  /** What went on without a grant is booked later. */
  #owe({ attempt, dues, holds }: Admitted, outcome: AttemptOutcome): void {
    if (holds.length === dues.length) return;
    for (const { budget, period } of dues) {
      if (holds.some(({ need }) => need.budgetId === budget.id)) continue;
      const reserved = UNIT_USE[budget.unit].atMost(attempt) ?? 0n;
      this.#uncovered.add(budget, period.id, usedOf(budget.unit, attempt, { outcome, reserved }));
    }
  }

  #tick(): void {
    this.#keeper.tick();
    if (this.#journal.isOpen) void this.#uncovered.book();
  }
}

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
