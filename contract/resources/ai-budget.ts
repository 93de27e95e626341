/** AIBudget: money, tokens and requests with a hard edge. Every limit that matches a request applies. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { limitAmounts, ONE_AMOUNT, RUN_IS_PER_RUN } from './budget-unit.ts';
import {
  AGE_COLUMN,
  conditions,
  dnsLabel,
  type KindDefinition,
  labelValue,
  objectMeta,
  timeZone,
  usd,
} from './fields.ts';
import { mapOf, setOf, withRules } from './validation.ts';

export const BUDGET_WINDOWS = ['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Run'] as const;
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number];

/** The scopes a limit may match, in the order in which messages name them. */
export const BUDGET_SCOPES = ['team', 'project', 'environment', 'namespace'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** What a limit may hold for each value of. What the value of a request is says `policy/book-id.ts`. */
export const BUDGET_PARTITIONS = ['user', 'run'] as const;
export type BudgetPartition = (typeof BUDGET_PARTITIONS)[number];

/** Whether copies of requests for Shadow variants count against a limit. */
export const BUDGET_SHADOWS = ['Include', 'Exclude', 'Only'] as const;

const limit = withRules(
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
    ...limitAmounts,
    every: z
      .enum(BUDGET_WINDOWS)
      .describe(
        'The window after which the limit starts anew, by the clocks of `timezone`; weeks start on Monday. `Run`: never, so that the ' +
          'amount holds for a whole run of an agent, however long; needs `run` in `per`. A run of which nothing is granted for 7 days begins anew.',
      ),
    onExceeded: z
      .enum(['Reject', 'Alert'])
      .default('Reject')
      .describe(
        'What happens at the cap. `Reject`: the request is answered 429. `Alert`: nothing; all is counted, and what would have been refused shows in status, metrics and logs.',
      ),
  }),
  [ONE_AMOUNT, RUN_IS_PER_RUN],
);

export const OPERATOR_LOSSES = ['SpendGrant', 'Stop', 'Allow'] as const;

const UNKNOWN_PRICES = ['Reject', 'Ceiling'] as const;

const priceCeiling = z.object({
  inputUsdPerMillion: usd('What a million input tokens of any kind count in US dollars.'),
  outputUsdPerMillion: usd('What a million output tokens of any kind count in US dollars.'),
});

const aiBudgetSpec = withRules(
  z.object({
    limits: mapOf(limit, { min: 1, max: 32 }).describe('Every limit that matches a request applies.'),
    timezone: timeZone.describe(
      'Whose clocks say when windows begin, as in the IANA data base: an Hour, Day, Week or Month begins when they show its first minute, so that a day may have 23 or 25 hours.',
    ),
    mode: z
      .enum(['Enforce', 'Shadow'])
      .default('Enforce')
      .describe('`Shadow`: no limit refuses anything, as if each had `onExceeded: Alert`.'),
    operatorLoss: z
      .enum(OPERATOR_LOSSES)
      .default('SpendGrant')
      .describe(
        'What a sidecar does while it cannot reach the operator. `SpendGrant`: it spends what it holds, then refuses. `Stop`: it refuses at once. `Allow`: it spends what it holds, then goes on beyond the cap; what was used is counted when the operator is back.',
      ),
    unknownPrice: z
      .enum(UNKNOWN_PRICES)
      .default('Reject')
      .describe(
        'What happens under a limit in US dollars where nobody knows the price of a target. `Reject`: the request is refused. `Ceiling`: its tokens count at `priceCeiling`, and the cost is marked as estimated; where several AIBudgets apply, all must say so, and the dearest holds. What is not billed by tokens is refused in any case.',
      ),
    priceCeiling: priceCeiling.optional().describe('With unknownPrice Ceiling only: the price to count by.'),
  }),
  [
    {
      rule: "has(self.priceCeiling) == (has(self.unknownPrice) && self.unknownPrice == 'Ceiling')",
      message: 'priceCeiling is required when unknownPrice is Ceiling and must be omitted otherwise',
      holds: ({ priceCeiling: stated, unknownPrice }) => (stated !== undefined) === (unknownPrice === 'Ceiling'),
    },
  ],
);

const limitStatus = z.object({
  name: z.string().max(63),
  spent: z
    .string()
    .max(32)
    .describe(
      'What settled in this window, in the unit of the limit; of a limit with `per` these are the figures of whoever spent most. More than the limit where it only alerts.',
    ),
  granted: z.string().max(32).describe('Held by sidecars and not yet spent.'),
  remaining: z.string().max(32).describe('Limit less spent and granted.'),
  percent: z.number().int().describe('Spent in percent of the limit.'),
  windowStart: z.string().max(64).optional().describe('Absent where windows are runs.'),
  windowEnd: z.string().max(64).optional(),
});

const aiBudgetStatus = z.object({
  observedGeneration: z.number().int().optional(),
  spent: z.string().max(32).optional().describe('Of the limit that is used most.'),
  remaining: z.string().max(32).optional(),
  percent: z.string().max(8).optional(),
  limits: mapOf(limitStatus, { max: 32 }).optional(),
  conditions,
});

export const aiBudget = z.object({
  kind: z.literal(KIND.budget),
  metadata: objectMeta,
  spec: aiBudgetSpec,
  status: aiBudgetStatus.optional(),
});
export type AIBudget = z.infer<typeof aiBudget>;
export type AIBudgetLimit = z.infer<typeof limit>;
export type AIBudgetLimitStatus = z.infer<typeof limitStatus>;

export const AI_BUDGET: KindDefinition = {
  kind: KIND.budget,
  plural: 'aibudgets',
  shortNames: ['aib'],
  description: 'AIBudget caps money, tokens and requests, with a hard edge.',
  printerColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Spent', type: 'string', jsonPath: '.status.spent' },
    { name: 'Remaining', type: 'string', jsonPath: '.status.remaining' },
    { name: 'Percent', type: 'string', jsonPath: '.status.percent' },
    AGE_COLUMN,
  ],
  spec: aiBudgetSpec,
  status: aiBudgetStatus,
};
