/** AIBudget: money, tokens and requests with a hard edge. Every limit that matches a request applies. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { AGE_COLUMN, conditions, type KindDefinition, objectMeta, timeZone, usd } from './fields.ts';
import { limit } from './limit.ts';
import { ALERTS_HAVE_A_PERCENTAGE, alertDeliveries, limitAlerts } from './limit-alerts.ts';
import { limitStatuses } from './limit-status.ts';
import { OPERATOR_LOSSES } from './operator-loss.ts';
import { mapOf, withRules } from './validation.ts';

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
    alerts: limitAlerts.optional(),
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
    ALERTS_HAVE_A_PERCENTAGE,
  ],
);

const aiBudgetStatus = z.object({
  observedGeneration: z.number().int().optional(),
  spent: z.string().max(32).optional().describe('Of the limit that is used most.'),
  remaining: z.string().max(32).optional(),
  percent: z.string().max(8).optional(),
  limits: limitStatuses.optional(),
  stopped: z.boolean().optional().describe('The kill switch is on.'),
  deliveries: alertDeliveries,
  conditions,
});

export const aiBudget = z.object({
  kind: z.literal(KIND.budget),
  metadata: objectMeta,
  spec: aiBudgetSpec,
  status: aiBudgetStatus.optional(),
});
export type AIBudget = z.infer<typeof aiBudget>;
export type AIBudgetStatus = z.infer<typeof aiBudgetStatus>;

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
    { name: 'Stopped', type: 'string', jsonPath: '.spec.stop' },
    AGE_COLUMN,
  ],
  spec: aiBudgetSpec,
  status: aiBudgetStatus,
};
