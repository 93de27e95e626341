/** AIBudget: money and tokens with a hard edge. Every limit that matches a request applies. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { alertAtPercent, alertDelivery, budgetAlerts, MAX_DELIVERIES } from './budget-alerts.ts';
import { AGE_COLUMN, conditions, dnsLabel, type KindDefinition, labelValue, objectMeta, usd } from './fields.ts';
import { atomicListOf, mapOf, setOf, withRules } from './validation.ts';

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
    alertAtPercent: alertAtPercent.optional(),
  }),
  [
    {
      rule: 'has(self.usd) != has(self.tokens)',
      message: 'exactly one of usd and tokens must be set',
      holds: (limit) => (limit.usd === undefined) !== (limit.tokens === undefined),
    },
  ],
);

const UNKNOWN_PRICES = ['Reject', 'Ceiling'] as const;

const priceCeiling = z.object({
  inputUsdPerMillion: usd('What a million input tokens of any kind count in US dollars.'),
  outputUsdPerMillion: usd('What a million output tokens of any kind count in US dollars.'),
});

const aiBudgetSpec = withRules(
  z.object({
    limits: mapOf(limit, { min: 1, max: 32 }).describe('Every limit that matches a request applies.'),
    unknownPrice: z
      .enum(UNKNOWN_PRICES)
      .default('Reject')
      .describe(
        'What happens under a limit in US dollars where nobody knows the price of a target. `Reject`: the request is refused. `Ceiling`: its tokens count at `priceCeiling`, and the cost is marked as estimated; where several AIBudgets apply, all must say so, and the dearest holds. What is not billed by tokens is refused in any case.',
      ),
    priceCeiling: priceCeiling.optional().describe('With unknownPrice Ceiling only: the price to count by.'),
    alerts: budgetAlerts.optional(),
    stop: z
      .boolean()
      .default(false)
      .describe(
        'The kill switch. `true`: every request that a limit of this AIBudget covers is refused with `budget_stopped`, whatever was spent, until it is `false` again. What is under way goes on to its end, and nothing is tried again for it.',
      ),
    stopInFlight: z
      .boolean()
      .default(false)
      .describe('With `stop`: what is under way is ended, too, streams by an error event.'),
    stopReason: z.string().min(1).max(256).optional().describe('Why it is stopped. Whoever is refused reads it.'),
  }),
  [
    {
      rule: "has(self.priceCeiling) == (has(self.unknownPrice) && self.unknownPrice == 'Ceiling')",
      message: 'priceCeiling is required when unknownPrice is Ceiling and must be omitted otherwise',
      holds: ({ priceCeiling: stated, unknownPrice }) => (stated !== undefined) === (unknownPrice === 'Ceiling'),
    },
    {
      rule: '!has(self.alerts) || self.limits.exists(limit, has(limit.alertAtPercent))',
      message: 'alerts needs a limit with alertAtPercent, which says when they are sent',
      holds: ({ alerts, limits }) => alerts === undefined || limits.some((one) => one.alertAtPercent !== undefined),
    },
  ],
);

const limitStatus = z.object({
  name: z.string().max(63),
  spent: z
    .string()
    .max(32)
    .describe(
      'US dollars or tokens that settled in this window; of a limit with `per` these are the figures of whoever spent most.',
    ),
  granted: z.string().max(32).describe('Held by sidecars and not yet spent.'),
  remaining: z.string().max(32).describe('Limit less spent and granted.'),
  percent: z.number().int().describe('Spent in percent of the limit.'),
  windowStart: z.string().max(64),
  windowEnd: z.string().max(64),
  alerted: atomicListOf(z.number().int(), { max: 8 })
    .optional()
    .describe('Percentages of `alertAtPercent` that were passed and told in this window.'),
});

const aiBudgetStatus = z.object({
  observedGeneration: z.number().int().optional(),
  spent: z.string().max(32).optional().describe('Of the limit that is used most.'),
  remaining: z.string().max(32).optional(),
  percent: z.string().max(8).optional(),
  limits: mapOf(limitStatus, { max: 32 }).optional(),
  stopped: z.boolean().optional().describe('The kill switch is on.'),
  deliveries: atomicListOf(alertDelivery, { max: MAX_DELIVERIES })
    .optional()
    .describe('Alerts that a webhook has not taken yet.'),
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
export type AIBudgetStatus = z.infer<typeof aiBudgetStatus>;

export const AI_BUDGET: KindDefinition = {
  kind: KIND.budget,
  plural: 'aibudgets',
  shortNames: ['aib'],
  description: 'AIBudget caps money and tokens, with a hard edge.',
  printerColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Spent', type: 'string', jsonPath: '.status.spent' },
    { name: 'Remaining', type: 'string', jsonPath: '.status.remaining' },
    { name: 'Percent', type: 'string', jsonPath: '.status.percent' },
    { name: 'Stopped', type: 'string', jsonPath: '.spec.stop' },
    AGE_COLUMN,
  ],
  spec: aiBudgetSpec,
  status: aiBudgetStatus,
};
