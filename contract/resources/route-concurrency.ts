/** What an AIRoute says of many requests at once: how many may be under way, who waits, and whose turn comes first. */
import { z } from 'zod';
import { duration } from './fields.ts';

/** From first to last. */
export const PRIORITIES = ['High', 'Normal', 'Low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const aiRoutePerPod = z.object({
  max: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .describe('Requests that may be under way at one time; a stream is until it ends.'),
  queue: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Further requests that may wait for their turn. One that finds no room is refused with 503.'),
  deadline: duration('How long a request waits at most before it is refused with 503. Default 10s.').optional(),
});

export const aiRouteConcurrency = z.object({
  perPod: aiRoutePerPod.describe('Of the requests that one sidecar has through this route.'),
});
export type AIRouteConcurrency = z.infer<typeof aiRouteConcurrency>;

export const aiRoutePriority = z
  .enum(PRIORITIES)
  .optional()
  .describe(
    'Class of requests that state none in `x-remora-priority`. Of those that wait, 16 of class High, 4 of Normal and 1 of Low get their turn in 21, and within a class who came first. Default Normal.',
  );
