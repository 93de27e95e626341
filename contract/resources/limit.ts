/** The one shape of a limit, of whatever kind states it: what it covers, what it is kept apart by, how much, and in which window. */
import { z } from 'zod';
import { limitAmounts, ONE_AMOUNT, RUN_IS_PER_RUN } from './budget-unit.ts';
import { dnsLabel } from './fields.ts';
import { EXCESS_RULES, limitExcess } from './limit-excess.ts';
import { BUDGET_SHADOWS, BUDGET_WINDOWS } from './limit-names.ts';
import { limitMatch, limitPer } from './limit-scope.ts';
import { setOf, type TwinRule, withRules } from './validation.ts';

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
  ...limitAmounts,
  every: z
    .enum(BUDGET_WINDOWS)
    .describe(
      'The window after which the limit starts anew: by the clocks of `timezone` on an AIBudget, in UTC elsewhere; weeks start on Monday. `Run`: never, so that the ' +
        'amount holds for a whole run of an agent, however long; needs `run` in `per`. A run of which nothing is granted for 7 days begins anew.',
    ),
  ...limitExcess,
  alertAtPercent: setOf(z.number().int().min(1).max(1000), { min: 1, max: 8 })
    .optional()
    .describe(
      'Percentages of the cap. When what was spent in a window passes one, that is told once in that window: by a Kubernetes Event, a metric and the status, and by the webhooks under `alerts`. Of a limit with `per` whoever spent most counts.',
    ),
};

export const LIMIT_RULES: readonly TwinRule<z.output<z.ZodObject<typeof limitFields>>>[] = [
  ONE_AMOUNT,
  RUN_IS_PER_RUN,
  ...EXCESS_RULES,
];

export const limit = withRules(z.object(limitFields), LIMIT_RULES);
export type Limit = z.infer<typeof limit>;
