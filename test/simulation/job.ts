/** A request that a provider has: it may bill it until the end of days, whatever becomes of who asked. */

import { nanoOfPico } from '#contract/policy/money';
import type { PolicyBudget, PolicyPrice } from '#contract/policy/policy';
import type { BookKey } from '#treasury/grant-store';

/** In which a token costs no whole number of nano-dollars. */
export const PRICE: PolicyPrice = { inputPico: '1234567', cachedInputPico: '1234567', outputPico: '1234567' };

export interface Counted extends BookKey {
  readonly unit: PolicyBudget['unit'];
}

export interface Job {
  readonly requestId: string;
  /** Where it counts. */
  readonly books: readonly Counted[];
  /** What the provider makes of it; of a stream, as far as it has flown. */
  tokens: number;
  /** It may go on in the next window, which pays for what comes then. */
  readonly isStream: boolean;
  state: 'running' | 'billed' | 'refused';
}

export const amountIn = (unit: PolicyBudget['unit'], tokens: number): bigint =>
  unit === 'nanoUsd' ? nanoOfPico(BigInt(tokens) * BigInt(PRICE.outputPico)) : BigInt(tokens);

export const keyOf = ({ budgetId, window }: BookKey): string => `${budgetId} ${window}`;
