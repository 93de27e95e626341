/** The grants of this sidecar between their coming and their going: taken when they are proven, given back when they are idle, over or asked for. */
import { limitOfBook } from '#contract/policy/book-id';
import type { PolicyBudget } from '#contract/policy/policy';
import type { Grant, GrantName } from '#treasury/grant-authority';
import { windowOf } from '#treasury/window';
import type { DisownedGrants } from './disowned-grants.ts';
import type { GrantReturner } from './grant-returner.ts';
import type { JournalKeeper } from './journal-keeper.ts';
import type { SeenLimits } from './seen-limits.ts';
import type { Wallet } from './wallet.ts';

const IDLE_MS = 60_000;
/** A grant of an ended window is kept this long for attempts that were admitted just before. */
const OVER_AFTER_MS = 10_000;

export interface GrantKeeperDeps {
  readonly wallet: Wallet;
  readonly journal: JournalKeeper;
  readonly returns: GrantReturner;
  readonly disowned: DisownedGrants;
  readonly seen: SeenLimits;
  /** A grant has shrunk to what it says now. */
  readonly onShrunk: (grant: Grant) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export class GrantKeeper {
  readonly #deps: GrantKeeperDeps;
  /** Limits that need not be proven. */
  readonly #soft = new Set<string>();
  #closing = false;
  #forgotAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: GrantKeeperDeps) {
    this.#deps = deps;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  /** A grant of it may be asked for from now on. */
  expect({ id, soft }: PolicyBudget): void {
    if (soft) this.#soft.add(limitOfBook(id));
    else this.#soft.delete(limitOfBook(id));
  }

  /** Journalled before anything is spent from it; one that cannot be, or comes too late, goes straight back. */
  accept(grant: Grant, exact: boolean): void {
    const { disowned, journal, returns, wallet, seen, now } = this.#deps;
    if (disowned.has(grant.id)) return;
    try {
      if (this.#closing) throw new Error('the sidecar is shutting down');
      journal.take(grant, !this.#soft.has(limitOfBook(grant.budgetId)));
    } catch (error) {
      returns.give([{ grant, final: 0n }]);
      throw error;
    }
    wallet.add(grant, now(), exact);
    seen.took(grant);
  }

  /** Somebody else needs what is idle here. */
  recall(named: GrantName): void {
    const { wallet, disowned, returns, seen, onShrunk } = this.#deps;
    if (!this.tryRecover()) return;
    const before = wallet.amountOf(named.id);
    const grant = wallet.shrink(named.id);
    if (grant === undefined) {
      disowned.disown(named);
      return;
    }
    seen.gaveBack({ grant: { ...grant, amount: before - grant.amount }, final: 0n });
    returns.shrink(grant);
    onShrunk(grant);
    this.giveBack();
  }

  /** What serves nobody any more; when it closes, whatever nobody has reserved. */
  giveBack(): void {
    const { wallet, returns, seen, now } = this.#deps;
    const nowMs = now();
    // Thousands of grants, one per user, lie in a handful of windows.
    const known = new Map<string, boolean>();
    const isOver = (window: string): boolean => {
      const over = known.get(window) ?? isWindowOver(window, nowMs);
      known.set(window, over);
      return over;
    };
    const closed = wallet.close({ nowMs, idleMs: this.#closing ? 0 : IDLE_MS, isOver });
    for (const one of closed) seen.gaveBack(one);
    returns.give(closed);
  }

  /** False while the journal of a former process cannot be read or closed. */
  tryRecover(): boolean {
    const { journal, returns } = this.#deps;
    if (journal.isOpen) return true;
    const closed = journal.open();
    if (closed !== undefined) returns.resend(closed);
    return closed !== undefined;
  }

  /** Every second. */
  tick(): void {
    if (!this.tryRecover()) return;
    this.giveBack();
    this.#forgetWindows();
    this.#deps.returns.tick();
  }

  close(): void {
    this.#closing = true;
    this.giveBack();
    this.#deps.returns.report(true);
  }

  /** Now and then: what was spent in a window that is over is asked for by nobody. */
  #forgetWindows(): void {
    const nowMs = this.#deps.now();
    if (Math.abs(nowMs - this.#forgotAtMs) < IDLE_MS) return;
    this.#forgotAtMs = nowMs;
    this.#deps.journal.forget((window) => isWindowOver(window, nowMs));
  }
}

const isWindowOver = (window: string, nowMs: number): boolean =>
  (windowOf(window)?.endMs ?? nowMs) + OVER_AFTER_MS < nowMs;
