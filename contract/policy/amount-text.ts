/** Amounts as people read them, by the unit of their limit. */
import type { BudgetUnit } from '#contract/resources/limit-names';
import { formatUsd } from './money.ts';

const NOUN: Record<Exclude<BudgetUnit, 'nanoUsd'>, string> = {
  tokens: 'token',
  inputTokens: 'input token',
  outputTokens: 'output token',
  requests: 'request',
};

const dollars = (text: string): string => `$${text}`;

/** `$0.50`, `3 requests`, `1 input token`. `money`: how dollars are written where not so. */
export const amountText = (unit: BudgetUnit, amount: bigint, money: (usd: string) => string = dollars): string =>
  unit === 'nanoUsd' ? money(formatUsd(amount)) : `${amount} ${NOUN[unit]}${amount === 1n ? '' : 's'}`;
