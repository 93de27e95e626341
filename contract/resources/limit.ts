/** The one shape of a limit, of whatever kind states it: what it covers, what it is kept apart by, how much, and in which window. */
import { z } from 'zod';
import { dnsLabel, labelValue, usd } from './fields.ts';
import { EXCESS_RULES, limitExcess } from './limit-excess.ts';
import { setOf, withRules } from './validation.ts';

export const BUDGET_WINDOWS = ['Minute', 'Hour', 'Day', 'Week', 'Month'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** The scopes a limit may match, in the order in which messages name them. */
export const BUDGET_SCOPES = ['team', 'project', 'environment', 'namespace'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** What a limit may hold for each value of. What the value of a request is says `policy/book-id.ts`. */
export const BUDGET_PARTITIONS = ['user'] as const;
export type BudgetPartition = (typeof BUDGET_PARTITIONS)[number];

/** Whether copies of requests for Shadow variants count against a limit. */
export const BUDGET_SHADOWS = ['Include', 'Exclude', 'Only'] as const;

export const limit = withRules(
  z.object({
    name: dnsLabel('Name of the limit within this AIBudget.'),
    match: z
      .object({
        team: labelValue('Label remora.dev/team of the namespace, else of the pod.').optional(),
        project: labelValue('Label remora.dev/project of the namespace, else of the pod.').optional(),
        environment: labelValue('Label remora.dev/environment of the namespace, else of the pod.').optional(),
        namespace: dnsLabel('Namespace of the pod.').optional(),
      })
      .default({})
      .describe(
        'Which workloads share this limit; all stated values must hold. Omitted: all that the AIBudget covers.',
      ),
    per: setOf(z.enum(BUDGET_PARTITIONS), { max: 8 })
      .default([])
      .describe(
        'The cap holds for each of these by itself: `[user]` gives every end user the whole amount. The user is that of the header ' +
          'x-remora-user, else of the body, as the app states it; requests without one share one amount. One pod counts at ' +
          'most 2000 users per window, and an AIBudget keeps at most 10000 books, one per user and window; what is beyond is ' +
          'refused. Books are kept for 2 windows after their own, at least 30 minutes and at most 48 hours. ' +
          'Omitted: all that match share one amount.',
      ),
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
    ...limitExcess,
  }),
  [
    {
      rule: 'has(self.usd) != has(self.tokens)',
      message: 'exactly one of usd and tokens must be set',
      holds: (limit) => (limit.usd === undefined) !== (limit.tokens === undefined),
    },
    ...EXCESS_RULES,
  ],
);
export type Limit = z.infer<typeof limit>;
