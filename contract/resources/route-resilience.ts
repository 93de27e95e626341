/** What an AIRoute says of targets that fail: what is tried again and how much of it, when a target is left alone for a while, and when a second one is asked beside it. */
import { z } from 'zod';
import { duration } from './fields.ts';
import { setOf } from './validation.ts';

/** Kinds of failure that may be tried again on the same target; which failure is of which: `sidecar/errors/failure-kinds.ts`. */
export const RETRY_CONDITIONS = [
  'RateLimited',
  'Overloaded',
  'ServerError',
  'ConnectFailure',
  'Reset',
  'Timeout',
  'BadResponse',
] as const;
export type RetryCondition = (typeof RETRY_CONDITIONS)[number];

/** What holds where a route is silent. */
export const DEFAULT_RETRY = {
  budgetPercent: 20,
  on: ['RateLimited', 'Overloaded', 'ServerError', 'ConnectFailure', 'Reset', 'Timeout'],
} as const satisfies { readonly budgetPercent: number; readonly on: readonly RetryCondition[] };

export const aiRouteRetry = z.object({
  budgetPercent: z
    .number()
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Retries that this route may make, as a share of its requests of the last 10 seconds; 3 per second are free in any case. The next target is no retry. Default 20.',
    ),
  on: setOf(z.enum(RETRY_CONDITIONS), { max: RETRY_CONDITIONS.length })
    .optional()
    .describe(
      'Kinds of failure after which the same target is asked again, within its `maxRetries`. Empty: none. Default: all but `BadResponse`.',
    ),
});
export type AIRouteRetry = z.infer<typeof aiRouteRetry>;

/** Neither `On` nor `Off`, which YAML 1.1 reads as booleans. */
const BREAKER_MODES = ['Enabled', 'Disabled'] as const;

export const aiRouteCircuitBreaker = z.object({
  mode: z
    .enum(BREAKER_MODES)
    .optional()
    .describe('`Disabled`: the target keeps its place whatever happens. Default `Enabled`.'),
  consecutiveFailures: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('Opens after this many failures without a success between them. Default 5.'),
  errorPercent: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Opens when this share of the attempts of the last minute failed, of 20 attempts or more. Default 50.'),
  firstTokenP95: duration(
    'Opens when more than 5 percent of the streams of the last minute, of 20 or more, took longer to their first content. Omitted: slowness alone opens nothing, since models that reason are slow by nature.',
  ).optional(),
  openFor: duration(
    'How long the target is tried last before one request tries it out. Doubles with each such request that fails, up to 9s or this time if it is longer. Default 5s.',
  ).optional(),
});
export type AIRouteCircuitBreaker = z.infer<typeof aiRouteCircuitBreaker>;

/** Of the route's requests, where it is silent. */
export const DEFAULT_HEDGE_PERCENT = 5;

export const aiRouteHedge = z.object({
  after: duration(
    'How long the first content may be away before the next target is asked too. Default: the 95th percentile of the time that the target itself took lately, in this sidecar; until there are ten measurements within ten minutes nothing is hedged.',
  ).optional(),
  maxPercent: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe(
      `Hedges that this route may make, as a share of its requests of the last minute in each sidecar; none is free. Default ${DEFAULT_HEDGE_PERCENT}.`,
    ),
});
export type AIRouteHedge = z.infer<typeof aiRouteHedge>;
