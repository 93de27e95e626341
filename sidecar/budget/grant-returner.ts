/** Gives closed grants back until the authority has them durably, and reports what the open ones have used. */

import { type Timers, withDeadline } from '#sidecar/time/timers';
import type { Grant, GrantAuthority, GrantUsage } from '#treasury/grant-authority';
import type { Journal } from './journal.ts';
import type { ClosedGrant, Wallet } from './wallet.ts';

const RETURN_DEADLINE_MS = 5_000;
const DRAIN_MS = 2_000;
const REPORT_EVERY_MS = 5_000;
/** A use that grew by this share of its grant is reported at once. */
const REPORT_AT_PERCENT = 20n;

export interface GrantReturnerOptions {
  readonly authority: GrantAuthority;
  readonly journal: Journal;
  readonly wallet: Wallet;
  readonly now: () => number;
  readonly timers: Timers;
  /** Told when it can be granted anew. */
  readonly returned?: (closed: ClosedGrant) => void;
}

export class GrantReturner {
  readonly #options: GrantReturnerOptions;
  readonly #waiting = new Map<string, ClosedGrant>();
  readonly #sending = new Map<string, Promise<void>>();
  #reported = new Map<string, bigint>();
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GrantReturnerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Journals that nothing is spent from them any more, then sends them. */
  give(closed: readonly ClosedGrant[]): void {
    for (const { grant, final } of closed) {
      this.#options.journal.appendSoon({ type: 'close', grantId: grant.id, final });
    }
    this.resend(closed);
  }

  /** Sends what is closed in the journal already. */
  resend(closed: readonly ClosedGrant[]): void {
    for (const one of closed) this.#waiting.set(one.grant.id, one);
    for (const one of closed) this.#send(one);
  }

  /** Journals that no more than its amount is spent from the grant, then tells it; when the journal refuses nothing is told. */
  shrink(grant: Grant): void {
    try {
      this.#options.journal.append({ type: 'shrink', grantId: grant.id, amount: grant.amount });
    } catch {
      return;
    }
    this.#options.authority.shrink?.(grant);
  }

  /** Every second: what failed is tried again. */
  tick(): void {
    try {
      this.#options.journal.flush();
    } catch {
      // The next write tries again.
    }
    for (const one of this.#waiting.values()) this.#send(one);
    this.report(this.#reportedAtMs + REPORT_EVERY_MS <= this.#options.now());
  }

  /** Sends the use of every grant when it is due, or when one grew by a fifth of its grant. */
  report(due: boolean): void {
    const usages = this.#options.wallet.usage();
    const grown = usages.filter(({ grantId, used }) => used > (this.#reported.get(grantId) ?? 0n));
    if (grown.length === 0 || !(due || grown.some((usage) => this.#grewMuch(usage)))) return;
    this.#options.authority.report(grown);
    this.#reported = new Map(usages.map(({ grantId, used }) => [grantId, used]));
    this.#reportedAtMs = this.#options.now();
  }

  /** Waits at most two seconds for what is on its way; the rest is returned by the next start out of the journal. */
  async drained(): Promise<void> {
    const all = Promise.allSettled(this.#sending.values());
    await withDeadline(this.#options.timers, DRAIN_MS, all).catch(() => undefined);
  }

  #grewMuch({ grantId, used }: GrantUsage): boolean {
    const amount = this.#options.wallet.amountOf(grantId);
    return (used - (this.#reported.get(grantId) ?? 0n)) * 100n >= amount * REPORT_AT_PERCENT;
  }

  /** What the journal does not hold is not told: a restart would book those attempts anew, at their bounds. */
  #send({ grant, final }: ClosedGrant): void {
    if (this.#sending.has(grant.id) || this.#options.journal.isBehind) return;
    const sent = this.#deliver(grant, final).finally(() => this.#sending.delete(grant.id));
    this.#sending.set(grant.id, sent);
  }

  async #deliver(grant: Grant, final: bigint): Promise<void> {
    const { authority, journal, timers, returned } = this.#options;
    try {
      await withDeadline(timers, RETURN_DEADLINE_MS, authority.giveBack(grant, final));
      this.#waiting.delete(grant.id);
      journal.appendSoon({ type: 'returned', grantId: grant.id });
      returned?.({ grant, final });
    } catch {
      // Stays waiting; the next tick tries again.
    }
  }
}
