/** What a spender and its parent say to each other; amounts as text. */
import type { UsageRecord } from '#sidecar/budget/usage-record';

/** Begins the ids of requests that no budget pays for. */
export const FREE = 'free ';

export interface FromSpender {
  readonly id: number;
  readonly body:
    | { readonly kind: 'ready' }
    | { readonly kind: 'ask'; readonly window: string; readonly needed: string }
    | { readonly kind: 'giveBack'; readonly window: string; readonly grantId: string; readonly final: string }
    | { readonly kind: 'generate'; readonly requestId: string; readonly atMost: number }
    | {
        readonly kind: 'done';
        readonly records: readonly (Pick<UsageRecord, 'instance' | 'seq' | 'billing' | 'outcome'> & {
          readonly requestId: string;
          readonly cost: string;
        })[];
        readonly open: number;
      };
}

export interface ToSpender {
  readonly id: number;
  readonly granted?: { readonly id: string; readonly amount: string } | null;
  readonly tokens?: number;
}
