/** What a spender and its parent say to each other; amounts as text. */
import type { UsageRecord } from '#sidecar/budget/usage-record';

/** Begins the ids of requests that no budget pays for. */
export const FREE = 'free ';

/**
 * `spend`: until the budget is gone, or the process is. `cap`: until it was refused four times in a row. `idle`: a few requests, and
 * then nothing more. `end`: nothing but the end.
 */
export type SpenderMode = 'spend' | 'cap' | 'idle' | 'end';

export interface SpenderOptions {
  readonly journal: string;
  readonly instance: string;
  readonly amount: string;
  readonly mode: SpenderMode;
  /** The instant of this machine's clock that is noon for the spender. */
  readonly noonMs: number;
}

interface GrantText {
  readonly window: string;
  readonly id: string;
  readonly amount: string;
}

export interface FromSpender {
  readonly id: number;
  readonly body:
    | { readonly kind: 'ready' }
    | { readonly kind: 'ask'; readonly window: string; readonly needed: string }
    | { readonly kind: 'giveBack'; readonly window: string; readonly grantId: string; readonly final: string }
    | ({ readonly kind: 'shrink' } & GrantText)
    | { readonly kind: 'generate'; readonly requestId: string; readonly atMost: number }
    /** Wants nothing more: answered when it may end. */
    | { readonly kind: 'quiet' }
    | {
        readonly kind: 'done';
        readonly records: readonly (Pick<UsageRecord, 'instance' | 'seq' | 'billing' | 'outcome'> & {
          readonly requestId: string;
          readonly cost: string;
        })[];
        readonly open: number;
      };
}

export interface SpenderAnswer {
  readonly id: number;
  readonly granted?: { readonly id: string; readonly amount: string } | null;
  readonly tokens?: number;
}

export type ToSpender = SpenderAnswer | { readonly recall: { readonly id: string; readonly window: string } };
