/** Mistakes that others have made with money, each planted in place of a shipped part: the simulation must find every one. */
import type { GrantTreasury } from '#operator/push/grant-requests';
import type { Hold, Need, Share, WalletAnswer } from '#sidecar/budget/wallet';
import { Wallet } from '#sidecar/budget/wallet';
import type { LedgerServer } from '#test/treasury/ledger-server';
import type { Grant, GrantAuthority } from '#treasury/grant-authority';
import type { LedgerObjects } from '#treasury/stores/cluster/ledger-objects';

export interface Bug {
  readonly wallet?: () => Wallet;
  /** A restarted sidecar goes on with the grants of its journal. */
  readonly resumesGrants?: boolean;
  readonly authority?: (authority: GrantAuthority) => GrantAuthority;
  readonly treasury?: (treasury: GrantTreasury) => GrantTreasury;
  readonly objects?: (server: LedgerServer, objects: LedgerObjects) => LedgerObjects;
}

class DoubleSettle extends Wallet {
  override settle(hold: Hold, actual: bigint, nowMs: number): readonly Share[] {
    super.settle(hold, 0n, nowMs);
    return super.settle(hold, actual, nowMs);
  }
}

class FloatMoney extends Wallet {
  override settle(hold: Hold, actual: bigint, nowMs: number): readonly Share[] {
    const dollars = Number(actual) / 1e9;
    return super.settle(hold, BigInt(Math.floor(dollars * 1e9)), nowMs);
  }
}

/** When a window begins, what is left of the grants of the one before is taken for fresh. */
class ResetAtBothEnds extends Wallet {
  readonly #known: Grant[] = [];

  override add(grant: Grant, nowMs: number, exact?: boolean): void {
    this.#known.push(grant);
    super.add(grant, nowMs, exact);
  }

  override reserve(needs: readonly Need[], nowMs: number): WalletAnswer {
    for (const { budgetId, window } of needs)
      for (const grant of this.#known)
        if (grant.budgetId === budgetId && grant.window !== window)
          super.add({ ...grant, id: `${grant.id} in ${window}`, window }, nowMs);
    return super.reserve(needs, nowMs);
  }
}

const withoutFence = (server: LedgerServer, objects: LedgerObjects): LedgerObjects => ({
  ...objects,
  replace: (object) => {
    const present = server.objects.find(({ metadata }) => metadata.name === object.metadata.name);
    return objects.replace({ ...object, metadata: present?.metadata ?? object.metadata });
  },
});

/** What comes back is thanked for and forgotten. */
const withoutRelease = (treasury: GrantTreasury): GrantTreasury =>
  new Proxy(treasury, {
    get: (of, name: keyof GrantTreasury) => (name === 'giveBack' ? async () => undefined : of[name].bind(of)),
  });

export const BUGS = {
  'missing-fence': { objects: withoutFence },
  'resumed-grants': { resumesGrants: true },
  'double-settle': { wallet: () => new DoubleSettle() },
  'lost-release': { treasury: withoutRelease },
  'float-money': { wallet: () => new FloatMoney() },
  'reset-at-both-ends': { wallet: () => new ResetAtBothEnds() },
} as const satisfies Readonly<Record<string, Bug>>;
