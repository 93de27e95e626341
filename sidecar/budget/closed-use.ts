/**
 * What this pod spent, book by book, of grants whose return is durable. The books know that too; should one be set back by a restored
 * backup, this is what it is told.
 */
import type { ClosedUse } from '#treasury/grant-authority';

/** Beyond it the oldest is forgotten: only a book that is set back would miss it. */
const MAX_BOOKS = 4_000;

export type ClosedUses = Map<string, ClosedUse>;

export function addClosed(uses: ClosedUses, { budgetId, window, used }: ClosedUse): void {
  if (used === 0n) return;
  const name = `${budgetId} ${window}`;
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
