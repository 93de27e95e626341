/** AIRoute: which model answers a workload's requests, and what happens when it does not. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import {
  AGE_COLUMN,
  conditions,
  duration,
  type KindDefinition,
  modelName,
  modelReference,
  objectMeta,
} from './fields.ts';
import { complexity, latency, task } from './request-class.ts';
import { aiRouteCallback } from './route-callback.ts';
import { aiRouteClassifier } from './route-classifier.ts';
import { atomicListOf, mapOf, matching, setOf, withRules } from './validation.ts';

const timeouts = z.object({
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
  task: task
    .optional()
    .describe(
      'What the answer mostly is, as the sidecar classifies the request by its words and shape. Requests that ask no model for text, such as one for an image, have none.',
    ),
  complexity: complexity
    .optional()
    .describe(
      'How much a good answer asks of a model, as the sidecar classifies the request. What it doubts it calls the harder one.',
    ),
  latency: latency
    .optional()
    .describe(
      'Whether somebody waits: by the header `x-remora-latency`; of a job `Batch`; else by `latency` of the route; else `Realtime` where the request is streamed.',
    ),
  costClass: matching(/^[ -~]+$/, 256, 'must be printable ASCII')
    .optional()
    .describe('The tier of the caller: the exact value of the header `x-remora-tier`.'),
});

export const aiRouteRule = z.object({
  match: aiRouteMatch.optional().describe('When this rule applies. Omitted: always.'),
  targets: targetList('Where the request goes. The first that answers wins.'),
  fallbacks: atomicListOf(aiRouteTarget.omit({ weight: true }), { max: 16 })
    .default([])
    .describe('Used in order after every target failed.'),
});

export const aiRouteSpec = withRules(
  z.object({
    models: setOf(modelName, { min: 1, max: 32 })
      .optional()
      .describe(
        'Logical model names that this route serves. Default: the name of the route. `*` takes any name that no other route serves.',
      ),
    targets: targetList('Short form of one rule that always applies.').optional(),
    rules: atomicListOf(aiRouteRule, { min: 1, max: 16 }).optional().describe('The first rule that matches decides.'),
    timeouts: timeouts.default({}).describe('Deadlines of a request through this route.'),
    latency: latency
      .optional()
      .describe(
        'Whether somebody waits for the answers of this route, where a request does not say so itself. Default: `Realtime` for streamed requests, `Batch` for others.',
      ),
    classifier: aiRouteClassifier
      .optional()
      .describe('A service that is asked what a request is. Omitted: the sidecar judges alone.'),
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
  }),
  [
    {
      rule: 'has(self.targets) != has(self.rules)',
      message: 'exactly one of targets and rules must be set',
      holds: (spec) => (spec.targets === undefined) !== (spec.rules === undefined),
    },
  ],
);

const aiRouteStatus = z.object({
  observedGeneration: z.number().int().optional(),
  programmed: z.string().max(32).optional().describe('Sidecars that run this generation, of matching pods: `N/M`.'),
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
