/** What the status of an object says of each limit that it states. */
import { z } from 'zod';
import { mapOf } from './validation.ts';

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
});
export type LimitStatus = z.infer<typeof limitStatus>;

export const limitStatuses = mapOf(limitStatus, { max: 32 });
