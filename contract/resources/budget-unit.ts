/** What a limit can count: a row per unit, by the field that states the amount. What an attempt uses of each: `sidecar/budget/unit-use.ts`. */
import { z } from 'zod';
import { usd } from './fields.ts';
import type { BudgetUnit } from './limit-names.ts';
import type { TwinRule } from './validation.ts';

const count = (of: string) => z.number().int().min(1).max(1_000_000_000_000).optional().describe(`The cap in ${of}.`);

/** Exactly one is stated. */
export const limitAmounts = {
  usd: usd('The cap in US dollars.').optional(),
  tokens: count('tokens, input and output together'),
  inputTokens: count('input tokens, those read from a cache included'),
  outputTokens: count('output tokens, reasoning included'),
  requests: count(
    'requests, as a provider counts them: each attempt that is sent is one, also a retry, a fallback and one that fails',
  ),
};
type AmountField = keyof typeof limitAmounts;

const FIELDS = Object.keys(limitAmounts) as AmountField[];

export const unitOf = (field: AmountField): BudgetUnit => (field === 'usd' ? 'nanoUsd' : field);

export type LimitAmounts = { readonly [F in AmountField]?: z.infer<(typeof limitAmounts)[F]> | undefined };

/** The fields that are stated, which in a valid limit is one. */
export const statedAmounts = (limit: LimitAmounts): AmountField[] =>
  FIELDS.filter((field) => limit[field] !== undefined);

export const ONE_AMOUNT: TwinRule<LimitAmounts> = {
  rule: `[${FIELDS.map((field) => `has(self.${field})`).join(', ')}].exists_one(stated, stated)`,
  message: `exactly one of ${FIELDS.join(', ')} must be set`,
  holds: (limit) => statedAmounts(limit).length === 1,
};

/** Without it all runs would share one amount that never begins anew. */
export const RUN_IS_PER_RUN: TwinRule<{ readonly every: string; readonly per: readonly string[] }> = {
  rule: "self.every != 'Run' || (has(self.per) && 'run' in self.per)",
  message: 'every: Run needs run in per, so that each run of an agent has the amount',
  holds: ({ every, per }) => every !== 'Run' || per.includes('run'),
};
