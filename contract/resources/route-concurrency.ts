/** What an AIRoute says of many requests at once: how many may be under way, who waits, and whose turn comes first. */
import { z } from 'zod';
import { duration } from './fields.ts';
import { type TwinRule, withRules } from './validation.ts';

/** From first to last. */
export const PRIORITIES = ['High', 'Normal', 'Low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** Turns of each class in 21 when all three wait; parts of a shared limit likewise. */
export const PRIORITY_WEIGHT: Readonly<Record<Priority, number>> = { High: 16, Normal: 4, Low: 1 };

const max = z.number().int().min(1);
const queue = z.number().int().min(0).max(10_000);
const deadline = duration('How long a request waits at most before it is refused with 503. Default 10s.').optional();

export const aiRoutePerPod = z.object({
  max: max.max(10_000).describe('Requests that may be under way at one time; a stream is until it ends.'),
  queue: queue
    .default(0)
    .describe('Further requests that may wait for their turn. One that finds no room is refused with 503.'),
  deadline,
});

interface BoundFields {
  readonly max?: number | undefined;
  readonly queue?: number | undefined;
  readonly deadline?: string | undefined;
  readonly perPod?: unknown;
}

const SOME_BOUND: TwinRule<BoundFields> = {
  rule: 'has(self.max) || has(self.perPod)',
  message: 'state max for all pods, perPod, or both',
  holds: ({ max, perPod }) => max !== undefined || perPod !== undefined,
};

const QUEUE_OF_MAX: TwinRule<BoundFields> = {
  rule: 'has(self.max) || (!has(self.queue) && !has(self.deadline))',
  message: 'queue and deadline go with max; those of perPod stand below perPod',
  holds: ({ max, queue, deadline }) => max !== undefined || (queue === undefined && deadline === undefined),
};

export const aiRouteConcurrency = withRules(
  z.object({
    max: max
      .max(100_000)
      .optional()
      .describe(
        'Requests that may be under way through this route at one time in all pods together; a stream is until it ends. The operator shares them out by demand and priority.',
      ),
    queue: queue
      .optional()
      .describe(
        'With `max`: requests that may wait for their turn in each pod. One that finds no room is refused with 503. Default 0.',
      ),
    deadline,
    perPod: aiRoutePerPod.optional().describe('Of the requests that one sidecar has through this route.'),
  }),
  [SOME_BOUND, QUEUE_OF_MAX],
);
export type AIRouteConcurrency = z.infer<typeof aiRouteConcurrency>;

export const aiRoutePriority = z
  .enum(PRIORITIES)
  .optional()
  .describe(
    'Class of requests that state none in `x-remora-priority`. Of those that wait, 16 of class High, 4 of Normal and 1 of Low get their turn in 21, and within a class who came first. Default Normal.',
  );
