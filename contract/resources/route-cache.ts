/** What an AIRoute says of answers that are given again to equal requests. What a sidecar keeps of them is its own memory. */
import { z } from 'zod';
import { duration } from './fields.ts';

/** Whose requests may get the answer that one of them got. What a pod's policy fixes, such as its team, parts nothing in it. */
export const CACHE_SCOPES = ['User', 'Session', 'Workload'] as const;

export const aiRouteCache = z.object({
  // And not Off, which kubectl reads as false.
  mode: z
    .enum(['None', 'Exact'])
    .describe(
      'Whether an answer is given again to an equal request. `None`: never. `Exact`: while a pod has it in memory, to requests that ask for the same in the same bytes; what only says how the answer is to come, such as `stream`, is not compared.',
    ),
  ttl: duration('How long after it was given an answer may be given again. Default 1h.').optional(),
  scope: z
    .enum(CACHE_SCOPES)
    .default('User')
    .describe(
      'Whose requests share answers, within one pod. `User`: those of one end user, as the header `x-remora-user` or the body names it; a request that names none is not cached. `Session`: those of one `x-remora-session`; a request without one is not cached. `Workload`: all of the pod, whoever they are for. Requests of different AIKeys share none in any case.',
    ),
});
