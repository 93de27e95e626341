/**
 * Grants that the books say this sidecar holds and that never arrived here: given back, since nobody else can. What was disowned is not
 * taken when it comes after all, so that no clock and no order of messages is needed for that to be safe.
 */
import type { GrantName } from '#treasury/grant-authority';
import type { GrantReturner } from './grant-returner.ts';
import type { Journal } from './journal.ts';

/** Each is remembered for as long as the process lives; beyond them what never arrived stays spent. */
const MAX_DISOWNED = 4_096;

export class DisownedGrants {
  readonly #journal: Journal;
  readonly #returns: GrantReturner;
  readonly #ids = new Set<string>();

  constructor(journal: Journal, returns: GrantReturner) {
    this.#journal = journal;
    this.#returns = returns;
  }

  has(grantId: string): boolean {
    return this.#ids.has(grantId);
  }

  /** Of a grant that is not held. One that is on its way back is left alone, and so is each when the journal may have forgotten some. */
  disown(grant: GrantName): void {
    const { returns, lossy } = this.#journal.state;
    if (lossy || returns.has(grant.id)) return;
    if (!this.#ids.has(grant.id) && this.#ids.size >= MAX_DISOWNED) return;
    this.#ids.add(grant.id);
    this.#returns.resend([{ grant: { ...grant, amount: 0n }, final: 0n }]);
  }
}
