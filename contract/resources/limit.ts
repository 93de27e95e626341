/** The one shape of a limit, of whatever kind states it: what it covers, what it is kept apart by, how much, and in which window. */
import { z } from 'zod';
import { dnsLabel, usd } from './fields.ts';
import { limitMatch, limitPer } from './limit-scope.ts';
import { type TwinRule, withRules } from './validation.ts';

export const BUDGET_WINDOWS = ['Minute', 'Hour', 'Day', 'Week', 'Month'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** Whether copies of requests for Shadow variants count against a limit. */
export const BUDGET_SHADOWS = ['Include', 'Exclude', 'Only'] as const;

export const limitFields = {
  name: dnsLabel('Name of the limit within this object: with it the identity of what is spent.'),
  match: limitMatch,
  per: limitPer,
  shadows: z
    .enum(BUDGET_SHADOWS)
    .default('Include')
    .describe(
      'Copies of requests that go to Shadow variants of AIRoutes. `Include`: they count as the requests do. `Exclude`: they do not count here, and no copy takes anything from requests. `Only`: nothing but copies counts, so that they have a cap of their own.',
    ),
  usd: usd('The cap in US dollars.').optional(),
  tokens: z
    .number()
    .int()
    .min(1)
    .max(1_000_000_000_000)
    .optional()
    .describe('The cap in tokens, input and output together.'),
  every: z
    .enum(BUDGET_WINDOWS)
    .describe('The window after which the limit starts anew, in UTC; weeks start on Monday.'),
  onExceeded: z.enum(['Reject']).default('Reject').describe('What happens at the cap: the request is answered 429.'),
};

export const LIMIT_RULES: readonly TwinRule<z.output<z.ZodObject<typeof limitFields>>>[] = [
  {
    rule: 'has(self.usd) != has(self.tokens)',
    message: 'exactly one of usd and tokens must be set',
    holds: ({ usd, tokens }) => (usd === undefined) !== (tokens === undefined),
  },
];

export const limit = withRules(z.object(limitFields), LIMIT_RULES);
export type Limit = z.infer<typeof limit>;
