/**
 * What this pod spent, book by book, of grants whose return is durable. The books know that too; should one be set back by a restored
 * backup, this is what it is told.
 */
import type { ClosedUse } from '#treasury/grant-authority';
import type { ClosedGrant } from './wallet.ts';

/** Beyond it the oldest is forgotten: only a book that is set back would miss it. */
const MAX_BOOKS = 4_000;

type DurableUse = Omit<ClosedUse, 'closing'>;
export type ClosedUses = Map<string, DurableUse>;

const nameOf = ({ budgetId, window }: { readonly budgetId: string; readonly window: string }): string =>
  `${budgetId} ${window}`;

export function addClosed(uses: ClosedUses, { budgetId, window, used }: DurableUse): void {
  if (used === 0n) return;
  const name = nameOf({ budgetId, window });
  uses.set(name, { budgetId, window, used: used + (uses.get(name)?.used ?? 0n) });
  if (uses.size <= MAX_BOOKS) return;
  for (const oldest of uses.keys()) {
    uses.delete(oldest);
    return;
  }
}

export function forgetWindow(uses: ClosedUses, window: string): void {
  for (const [name, use] of uses) if (use.window === window) uses.delete(name);
}

/** Each window once. */
export const windowsOf = (uses: ClosedUses): ReadonlySet<string> =>
  new Set([...uses.values()].map(({ window }) => window));

/** All of it, together with what is on its way back. */
export function closedUses(durable: ClosedUses, returns: Iterable<ClosedGrant>): readonly ClosedUse[] {
  const uses = new Map([...durable].map(([name, use]): [string, ClosedUse] => [name, { ...use, closing: [] }]));
  for (const { grant, final } of returns) {
    const { id, budgetId, window } = grant;
    const { used, closing } = uses.get(nameOf(grant)) ?? { used: 0n, closing: [] };
    uses.set(nameOf(grant), { budgetId, window, used: used + final, closing: [...closing, { id, final }] });
  }
  return [...uses.values()];
}
