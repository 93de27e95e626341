/** What a sidecar asks for budget: the operator over the Sync stream, or the treasury in the same process when standalone. */
import type { PolicyBudget } from '#contract/policy/policy';

/** Which grant, of which book. */
export interface GrantName {
  readonly id: string;
  readonly budgetId: string;
  readonly window: string;
}

/** A slice of one limit in one window, held by one sidecar instance. It counts as spent until its holder gives it back. */
export interface Grant extends GrantName {
  readonly amount: bigint;
  /** Of a soft limit: what is spent from it goes beyond the amount. */
  readonly isBeyond?: true;
}

export type GrantAnswer =
  | { readonly granted: true; readonly grant: Grant }
  /** The limit leaves less than was needed. */
  | { readonly granted: false; readonly limit: bigint; readonly spent: bigint; readonly held: bigint };

/** What a holder spent of the grants of one book from which it spends nothing any more. */
export interface ClosedUse {
  readonly budgetId: string;
  readonly window: string;
  readonly used: bigint;
  /** Those of them whose return may not be durable yet, and what of `used` is theirs. */
  readonly closing: readonly { readonly id: string; readonly final: bigint }[];
}

export interface GrantUsage {
  readonly grantId: string;
  readonly budgetId: string;
  readonly window: string;
  /** All of it; absent where nobody said. */
  readonly amount?: bigint;
  readonly used: bigint;
  readonly reserved: bigint;
}

/** The authority was reached and grants nothing, whatever is left. The message is a sentence for who asked. */
export class GrantRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'GrantRefused';
  }
}

/** What is known of one book now. */
export interface BookLook {
  readonly spent: bigint;
  /** Granted and not reported as spent. */
  readonly held: bigint;
  /** What can still be granted. */
  readonly remaining: bigint;
}

export interface GrantAuthority {
  /** Rejects with GrantRefused, and with another error when the authority cannot be reached before its own deadline. */
  ask(budget: PolicyBudget, window: string, needed: bigint): Promise<GrantAnswer>;
  /** Resolves once the return is durable. Idempotent by grant id. */
  giveBack(grant: Grant, final: bigint): Promise<void>;
  /**
   * The holder spends no more than the amount of this grant from now on, and keeps it. Only ever down. Best effort: what is lost stays
   * granted until the grant is given back. Absent: grants are given back whole.
   */
  shrink?(grant: Grant): void;
  /** From now on `take` is called with each grant that somebody else needs. Absent: nothing is called back. */
  onRecall?(take: (grant: GrantName) => void): void;
  /**
   * The holder asks for nothing any more: asks that wait are rejected, and what is granted for them all the same goes back. Absent: they are
   * answered, and the holder gives that back itself.
   */
  leave?(): void;
  /** Best effort; cumulative, so that a repeated or lost report changes nothing. */
  report(usage: readonly GrantUsage[]): void;
  /** Absent: it is in the same process. */
  isReachable?(): boolean;
  /** Changes nothing. Absent where it cannot be asked. */
  look?(budget: PolicyBudget, window: string): Promise<BookLook>;
}
