/** What an AIRoute says of its requests, as a compiled policy states most of it in the same words. Its limits stand beside it: `limit.ts`. */
import { z } from 'zod';
import { duration, expression, labelValue, modelName, modelReference } from './fields.ts';
import { perRequest } from './per-request.ts';
import { latency, requestClassMatch } from './request-class.ts';
import { aiRouteCache } from './route-cache.ts';
import { aiRouteCallback } from './route-callback.ts';
import { aiRouteClassifier } from './route-classifier.ts';
import { aiRouteConcurrency, aiRoutePriority } from './route-concurrency.ts';
import { aiRouteCircuitBreaker, aiRouteHedge, aiRouteRetry } from './route-resilience.ts';
import { aiRouteStream } from './route-stream.ts';
import { aiRouteVariantFields, VARIANT_RULES } from './route-variant.ts';
import { choiceRules, targetChoice } from './target-choice.ts';
import { atomicListOf, mapOf, matching, setOf, withRules } from './validation.ts';

export const timeouts = z.object({
  connect: duration('Until a connection to the provider stands. Default 5s.').optional(),
  firstToken: duration(
    'Until the first content event, or the whole answer of a call that does not stream. Default 60s.',
  ).optional(),
  idle: duration('Longest pause between two events of a stream. Default 60s.').optional(),
  total: duration('Whole request with all attempts. Default 10m.').optional(),
});

export const aiRouteTarget = z.object({
  model: modelReference,
  weight: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe(
      'Share of requests, relative to the other targets. State it for all targets or for none; none means in order.',
    ),
  maxRetries: z
    .number()
    .int()
    .min(0)
    .max(5)
    .default(1)
    .describe('Further attempts on this target before the next one is used.'),
  timeouts: timeouts.omit({ total: true }).optional().describe('Override those of the route.'),
  circuitBreaker: aiRouteCircuitBreaker.optional().describe('Overrides that of the route, field by field.'),
});

const targetList = (description: string) =>
  withRules(
    atomicListOf(aiRouteTarget, { min: 1, max: 16 }),
    [
      {
        rule: 'self.all(t, has(t.weight)) || !self.exists(t, has(t.weight))',
        message: 'state weight for all targets or for none',
        holds: (targets) => new Set(targets.map(({ weight }) => weight === undefined)).size < 2,
      },
      {
        rule: '!self.exists(t, has(t.weight)) || self.exists(t, has(t.weight) && t.weight > 0)',
        message: 'at least one weight must be above 0',
        holds: (targets) =>
          targets.every(({ weight }) => weight === undefined) || targets.some(({ weight = 0 }) => weight > 0),
      },
    ],
    { listType: 'atomic' },
  ).describe(description);

export const aiRouteHeaderMatch = z.object({
  name: matching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 128, 'must be the name of an HTTP header').describe(
    'Name of a request header, in any case.',
  ),
  value: matching(/^[ -~]+$/, 1024, 'must be printable ASCII').describe('Exact value.'),
});

export const aiRouteMatch = z.object({
  models: setOf(modelName, { min: 1, max: 32 }).optional().describe('Asked model names; any of them.'),
  headers: mapOf(aiRouteHeaderMatch, { min: 1, max: 16 }).optional().describe('Request headers; all of them.'),
  ...requestClassMatch,
  teams: setOf(labelValue('Value of the label `remora.dev/team`.'), { min: 1, max: 64 })
    .optional()
    .describe('Teams of the caller; any of them.'),
  regions: setOf(labelValue('Name of a region, such as `eu`.'), { min: 1, max: 16 })
    .optional()
    .describe(
      'Regions of the caller; any of them. By the label `remora.dev/region` of the namespace, else of the pod, else by the header `x-remora-region`.',
    ),
});

export const aiRouteVariant = z.object({ ...aiRouteVariantFields, target: aiRouteTarget.omit({ weight: true }) });

const variantList = (description: string) =>
  withRules(mapOf(aiRouteVariant, { min: 1, max: 8 }), VARIANT_RULES, {
    listType: 'map',
    listMapKeys: ['name'],
  }).describe(description);

export const aiRouteRule = withRules(
  z.object({
    match: aiRouteMatch.optional().describe('When this rule applies. Omitted: always.'),
    when: expression(
      'CEL for what `match` cannot say, over `request`, `caller` and `now`; both must hold. A request for which it cannot be evaluated is taken as one for which it does not hold.',
    ).optional(),
    ...targetChoice,
    targets: targetList('Where the request goes. The first that answers wins.'),
    fallbacks: atomicListOf(aiRouteTarget.omit({ weight: true }), { max: 16 })
      .default([])
      .describe('Used in order after every target failed.'),
    variants: variantList(
      'Targets on trial, each with a share of the requests: a canary, an arm of an A/B test, or a shadow.',
    ).optional(),
  }),
  choiceRules,
);

/** All of the spec but its limits. */
export const routeFields = {
  models: setOf(modelName, { min: 1, max: 32 })
    .optional()
    .describe(
      'Logical model names that this route serves. Default: the name of the route. `*` takes any name that no other route serves.',
    ),
  ...targetChoice,
  targets: targetList('Short form of one rule that always applies.').optional(),
  variants: variantList('Of the short form: targets on trial beside `targets`.').optional(),
  rules: atomicListOf(aiRouteRule, { min: 1, max: 16 }).optional().describe('The first rule that matches decides.'),
  timeouts: timeouts.default({}).describe('Deadlines of a request through this route.'),
  perRequest: perRequest
    .optional()
    .describe('What one request may ask for at most, whatever budgets have left. Omitted: no ceiling.'),
  retry: aiRouteRetry.default({}).describe('What is tried again on the same target, and how much of it.'),
  circuitBreaker: aiRouteCircuitBreaker
    .default({})
    .describe('When a target that fails is tried last for a while, so that requests do not wait for it.'),
  hedge: aiRouteHedge
    .optional()
    .describe(
      'Asks the next target as well when the first content of a target is late. Whichever answers first is heard, the other is cancelled, and both are booked. Not for what is billed by piece, jobs, tools that the provider runs, or requests that a client repeats by itself. Omitted: one target at a time.',
    ),
  latency: latency
    .optional()
    .describe(
      'Whether somebody waits for the answers of this route, where a request does not say so itself. Default: `Realtime` for streamed requests, `Batch` for others.',
    ),
  stream: aiRouteStream.optional().describe('How streams begin and end.'),
  concurrency: aiRouteConcurrency
    .optional()
    .describe(
      'How many requests may be under way at one time, and who waits. Omitted: no bound but that of the sidecar.',
    ),
  priority: aiRoutePriority,
  classifier: aiRouteClassifier
    .optional()
    .describe('A service that is asked what a request is. Omitted: the sidecar judges alone.'),
  cache: aiRouteCache
    .optional()
    .describe('Whether answers are given again to equal requests, at no cost. Omitted: never.'),
  callback: aiRouteCallback
    .optional()
    .describe(
      'Takes requests with the header `x-remora-callback` as jobs: answered with an id at once, and run in the pod that asked. Omitted: such requests are refused.',
    ),
  onUnsupported: z
    .enum(['Refuse', 'Drop'])
    .default('Refuse')
    .describe(
      'What happens to a parameter that a target cannot express. `Refuse`: the target is not asked; when none is left the request is refused with 400. `Drop`: it is left out and named in the header `x-remora-dropped`.',
    ),
};
