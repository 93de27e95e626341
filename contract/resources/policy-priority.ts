/** What an AIPolicy says of the class of requests, where AIRoutes let requests wait. */
import { z } from 'zod';
import { CRON } from './cron.ts';
import { expression, timeZone } from './fields.ts';
import { requestClassMatch } from './request-class.ts';
import { PRIORITIES } from './route-concurrency.ts';
import { matching } from './validation.ts';

const during = z.object({
  cron: matching(
    CRON,
    128,
    'must be the five fields of cron, minute, hour, day of the month, month and day of the week, such as "* 9-17 * * 1-5"',
  ).describe(
    'The minutes of which it holds: minute, hour, day of the month, month, day of the week, with names, lists, ranges and steps. `* 22-6 * * *` is the night.',
  ),
  timezone: timeZone.describe('Whose clocks are meant, as in the IANA data base.'),
});

export const aiPolicyPriority = z.object({
  match: z.object(requestClassMatch).optional().describe('For which requests. Omitted: all.'),
  when: expression(
    'CEL for what `match` cannot say, over `request`, `caller` and `now`; both must hold. Where it cannot be evaluated, the lower of this class and that of the entries behind it holds.',
  ).optional(),
  during: during.optional().describe('When. Omitted: always.'),
  class: z
    .enum(PRIORITIES)
    .describe(
      'The highest class that such a request may have, and the one that it has where neither it nor its AIRoute states one.',
    ),
});
