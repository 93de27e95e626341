/** AIRoute: which model answers a workload's requests, and what happens when it does not. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { AGE_COLUMN, conditions, type KindDefinition, objectMeta } from './fields.ts';
import { limit } from './limit.ts';
import { ALERTS_HAVE_A_PERCENTAGE, alertDeliveries, limitAlerts } from './limit-alerts.ts';
import { limitStatuses } from './limit-status.ts';
import { listText } from './list-text.ts';
import {
  type aiRouteRule,
  type aiRouteTarget,
  type aiRouteVariant,
  routeFields,
  type timeouts,
} from './route-fields.ts';
import { variantStatus } from './route-variant.ts';
import { CHOICE_FIELDS, choiceRules, type TargetChoice } from './target-choice.ts';
import { atomicListOf, mapOf, withRules } from './validation.ts';

type SpecChoice = Omit<TargetChoice, 'targets'> & Partial<Pick<TargetChoice, 'targets'>>;

const aiRouteSpec = withRules(
  z.object({
    ...routeFields,
    limits: mapOf(limit, { max: 32 })
      .optional()
      .describe(
        'What may be spent through this route; every limit that matches a request applies, beside those of AIBudgets. In US dollars a target of unknown price is refused. Omitted: no limit of its own.',
      ),
    alerts: limitAlerts.optional(),
  }),
  [
    {
      rule: 'has(self.targets) != has(self.rules)',
      message: 'exactly one of targets and rules must be set',
      holds: (spec) => (spec.targets === undefined) !== (spec.rules === undefined),
    },
    {
      rule: `has(self.targets) || !(${CHOICE_FIELDS.map((field) => `has(self.${field})`).join(' || ')})`,
      message: `${listText(CHOICE_FIELDS, 'and')} stand beside targets; with rules state them in each rule`,
      holds: (spec) => spec.targets !== undefined || CHOICE_FIELDS.every((field) => spec[field] === undefined),
    },
    ...choiceRules.map(({ rule, message, holds }) => ({
      rule: `!has(self.targets) || (${rule})`,
      message,
      holds: ({ targets, ...spec }: SpecChoice) => targets === undefined || holds({ ...spec, targets }),
    })),
    {
      rule: '!has(self.variants) || has(self.targets)',
      message: 'state variants beside targets, or in a rule',
      holds: (spec) => spec.variants === undefined || spec.targets !== undefined,
    },
    ALERTS_HAVE_A_PERCENTAGE,
  ],
);

const aiRouteStatus = z.object({
  observedGeneration: z.number().int().optional(),
  programmed: z.string().max(32).optional().describe('Sidecars that run this generation, of matching pods: `N/M`.'),
  limits: limitStatuses.optional().describe('What was spent of each of `spec.limits` in its present window.'),
  deliveries: alertDeliveries,
  variants: atomicListOf(variantStatus, { max: 144 })
    .optional()
    .describe('What was measured of the variants of each rule, and what became of them.'),
  conditions,
});

export const aiRoute = z.object({
  kind: z.literal(KIND.route),
  metadata: objectMeta,
  spec: aiRouteSpec,
  status: aiRouteStatus.optional(),
});
export type AIRoute = z.infer<typeof aiRoute>;
export type AIRouteTarget = z.infer<typeof aiRouteTarget>;
export type AIRouteRule = z.infer<typeof aiRouteRule>;
export type AIRouteVariant = z.infer<typeof aiRouteVariant>;
export type AIRouteTimeouts = z.infer<typeof timeouts>;

export const AI_ROUTE: KindDefinition = {
  kind: KIND.route,
  plural: 'airoutes',
  shortNames: ['air'],
  description: 'AIRoute says which model answers, and what happens when it does not.',
  printerColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Programmed', type: 'string', jsonPath: '.status.programmed' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Models', type: 'string', jsonPath: '.spec.models', priority: 1 },
    AGE_COLUMN,
  ],
  spec: aiRouteSpec,
  status: aiRouteStatus,
};
