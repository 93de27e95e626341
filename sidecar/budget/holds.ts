/** What one attempt has reserved: a hold for each limit and each window in which it reserved something of it. */
import { least } from '#contract/policy/money';
import type { Hold, Need, Share } from './wallet.ts';

const isOf =
  ({ budgetId, window }: Need) =>
  ({ need }: Hold): boolean =>
    need.budgetId === budgetId && need.window === window;

/** Later holds of a limit come after earlier ones. */
export function addHolds(holds: readonly Hold[], added: readonly Hold[]): readonly Hold[] {
  const all = [...holds];
  for (const hold of added) {
    const at = all.findIndex(isOf(hold.need));
    const known = all[at];
    if (known === undefined) all.push(hold);
    else all[at] = joined(known, hold);
  }
  return all;
}

const joined = (one: Hold, other: Hold): Hold => ({
  need: { ...one.need, amount: one.need.amount + other.need.amount },
  shares: addShares(one.shares, other.shares),
});

/** One share for each grant, however often more was taken from it. */
function addShares(shares: readonly Share[], added: readonly Share[]): readonly Share[] {
  const amounts = new Map(shares.map(({ grantId, amount }) => [grantId, amount]));
  for (const { grantId, amount } of added) amounts.set(grantId, (amounts.get(grantId) ?? 0n) + amount);
  return [...amounts].map(([grantId, amount]) => ({ grantId, amount }));
}

/** In all windows together. */
export const heldOf = (holds: readonly Hold[], budgetId: string): bigint =>
  holds.reduce((sum, { need }) => (need.budgetId === budgetId ? sum + need.amount : sum), 0n);

export interface SpentHold {
  readonly hold: Hold;
  readonly actual: bigint;
}

/** Spreads what was used of each limit over its holds: the earliest window pays first, the last one what is left. `usedOf`: of all that a limit has reserved. */
export function spread(holds: readonly Hold[], usedOf: (need: Need) => bigint): readonly SpentHold[] {
  const left = new Map<string, bigint>();
  return holds.map((hold, index) => {
    const { budgetId, amount } = hold.need;
    const used = left.get(budgetId) ?? usedOf({ ...hold.need, amount: heldOf(holds, budgetId) });
    const isLast = !holds.some(({ need }, later) => later > index && need.budgetId === budgetId);
    const actual = isLast ? used : least(used, amount);
    left.set(budgetId, used - actual);
    return { hold, actual };
  });
}
