/** The grants this sidecar holds. Reserving over several budgets, settling and closing each happen within one tick, so that nothing can race. */
import { least } from '#contract/policy/money';
import type { Grant, GrantUsage } from '#treasury/grant-authority';

export interface Need {
  readonly budgetId: string;
  readonly window: string;
  readonly amount: bigint;
}

/** What a reservation takes of one grant. */
export interface Share {
  readonly grantId: string;
  readonly amount: bigint;
}

/** The shares that together cover one need. */
export interface Hold {
  readonly need: Need;
  readonly shares: readonly Share[];
}

export type WalletAnswer =
  | { readonly reserved: true; readonly holds: readonly Hold[] }
  /** What is missing of each need that the grants cannot cover; `amount` is above 0. */
  | { readonly reserved: false; readonly missing: readonly Need[] };

export interface ClosedGrant {
  readonly grant: Grant;
  /** All that was ever spent from it. */
  readonly final: bigint;
}

interface HeldGrant {
  /** Its amount is what is left of it after recalls. */
  grant: Grant;
  /** It was sized to exactly one need because the cap is near: it goes back as soon as nothing is reserved. */
  readonly exact: boolean;
  used: bigint;
  reserved: bigint;
  /** Something was reserved from it once. */
  served: boolean;
  lastUsedMs: number;
}

export interface CloseRule {
  readonly nowMs: number;
  /** Unused for this long. */
  readonly idleMs: number;
  /** Whether the window of a grant is over. */
  readonly isOver: (window: string) => boolean;
}

const slackOf = ({ grant, used, reserved }: HeldGrant): bigint => {
  const slack = grant.amount - used - reserved;
  return slack > 0n ? slack : 0n;
};

const purseName = ({ budgetId, window }: { budgetId: string; window: string }): string => `${budgetId} ${window}`;

export class Wallet {
  readonly #grants = new Map<string, HeldGrant>();
  readonly #purses = new Map<string, Set<HeldGrant>>();

  get size(): number {
    return this.#grants.size;
  }

  /** A grant that is held already changes nothing. */
  add(grant: Grant, nowMs: number, exact = false): void {
    if (this.#grants.has(grant.id)) return;
    const held: HeldGrant = { grant, exact, used: 0n, reserved: 0n, served: false, lastUsedMs: nowMs };
    this.#grants.set(grant.id, held);
    const purse = this.#purses.get(purseName(grant)) ?? new Set();
    this.#purses.set(purseName(grant), purse.add(held));
  }

  /** What could be reserved now. */
  slack(budgetId: string, window: string): bigint {
    return this.#purse({ budgetId, window }).reduce((sum, held) => sum + slackOf(held), 0n);
  }

  /** Reserves every need or none. Each need names another budget. */
  reserve(needs: readonly Need[], nowMs: number): WalletAnswer {
    const missing = needs.flatMap((need) => {
      const short = need.amount - this.slack(need.budgetId, need.window);
      return short > 0n ? [{ ...need, amount: short }] : [];
    });
    if (missing.length > 0) return { reserved: false, missing };
    return { reserved: true, holds: needs.map((need) => ({ need, shares: this.#take(need, nowMs) })) };
  }

  /**
   * Ends a reservation at what was really spent and says which grant pays how much. More than was reserved is booked as
   * well: from other slack of the same budget, else beyond the grant.
   */
  settle(hold: Hold, actual: bigint, nowMs: number): readonly Share[] {
    let left = actual;
    const paid = new Map<string, bigint>();
    const pay = (held: HeldGrant, amount: bigint): void => {
      if (amount <= 0n) return;
      held.used += amount;
      left -= amount;
      paid.set(held.grant.id, (paid.get(held.grant.id) ?? 0n) + amount);
    };
    let last: HeldGrant | undefined;
    for (const { grantId, amount } of hold.shares) {
      const held = this.#grants.get(grantId);
      if (held === undefined) continue;
      held.reserved -= amount;
      held.lastUsedMs = nowMs;
      pay(held, least(left, amount));
      last = held;
    }
    for (const held of this.#purse(hold.need)) pay(held, least(left, slackOf(held)));
    if (last !== undefined) pay(last, left);
    return [...paid].map(([grantId, amount]) => ({ grantId, amount }));
  }

  /** Takes out the grants that serve nobody any more: nothing reserved, and used up, exact, idle or of an ended window. */
  close({ nowMs, idleMs, isOver }: CloseRule): readonly ClosedGrant[] {
    const closed: ClosedGrant[] = [];
    for (const held of this.#grants.values()) {
      if (held.reserved > 0n) continue;
      // The clock was set back: idle time begins anew, instead of hours from now.
      if (held.lastUsedMs > nowMs) held.lastUsedMs = nowMs;
      const spent = held.used >= held.grant.amount || (held.exact && held.served);
      const idle = held.lastUsedMs + idleMs <= nowMs;
      if (spent || idle || isOver(held.grant.window)) closed.push(this.#remove(held));
    }
    return closed;
  }

  /** Gives up what is neither used nor reserved. The grant as it is then; undefined when it is not held. */
  shrink(grantId: string): Grant | undefined {
    const held = this.#grants.get(grantId);
    if (held === undefined) return undefined;
    if (slackOf(held) > 0n) held.grant = { ...held.grant, amount: held.used + held.reserved };
    return held.grant;
  }

  usage(): readonly GrantUsage[] {
    return [...this.#grants.values()].map(({ grant, used, reserved }) => ({
      grantId: grant.id,
      budgetId: grant.budgetId,
      window: grant.window,
      amount: grant.amount,
      used,
      reserved,
    }));
  }

  /** 0 for a grant that is not held. */
  amountOf(grantId: string): bigint {
    return this.#grants.get(grantId)?.grant.amount ?? 0n;
  }

  /** Of a soft limit: what is taken from it goes beyond the amount. */
  isBeyond(grantId: string): boolean {
    return this.#grants.get(grantId)?.grant.isBeyond === true;
  }

  #purse(of: { budgetId: string; window: string }): readonly HeldGrant[] {
    return [...(this.#purses.get(purseName(of)) ?? [])];
  }

  #take(need: Need, nowMs: number): readonly Share[] {
    let left = need.amount;
    const shares: Share[] = [];
    for (const held of this.#purse(need)) {
      const amount = least(slackOf(held), left);
      if (amount === 0n) continue;
      held.reserved += amount;
      held.served = true;
      held.lastUsedMs = nowMs;
      left -= amount;
      shares.push({ grantId: held.grant.id, amount });
    }
    return shares;
  }

  #remove(held: HeldGrant): ClosedGrant {
    this.#grants.delete(held.grant.id);
    const purse = this.#purses.get(purseName(held.grant));
    purse?.delete(held);
    if (purse?.size === 0) this.#purses.delete(purseName(held.grant));
    return { grant: held.grant, final: held.used };
  }
}
