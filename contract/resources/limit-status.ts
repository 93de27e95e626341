/** What the status of an object says of each limit that it states. */
import { z } from 'zod';
import { atomicListOf, mapOf } from './validation.ts';

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
  alerted: atomicListOf(z.number().int(), { max: 8 })
    .optional()
    .describe('Percentages of `alertAtPercent` that were passed and told in this window.'),
  alertedBefore: atomicListOf(z.number().int(), { max: 8 })
    .optional()
    .describe('The same of the window before, while something that was spent in it may still be reported.'),
});
export type LimitStatus = z.infer<typeof limitStatus>;

export const limitStatuses = mapOf(limitStatus, { max: 32 });
