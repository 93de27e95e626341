/** What a variant of a rule states beside its target: its name, its share of the requests, whether clients get its answers, and what ends its trial. */
import { z } from 'zod';
import { dnsLabel, duration } from './fields.ts';
import { withRules } from './validation.ts';

/** `Live`: clients get its answers. `Shadow`: requests are copied to it, and nobody gets its answers. */
const VARIANT_MODES = ['Live', 'Shadow'] as const;

/** What `status.variants[].state` says. */
export const VARIANT_STATES = ['Running', 'Promoted', 'RolledBack'] as const;

const minRequests = (max: number, description: string) => z.number().int().min(1).max(max).describe(description);

const rollback = withRules(
  z.object({
    errorPercent: z
      .number()
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('So many of the newest `minRequests` requests, or more, failed at its target.'),
    firstTokenP95: duration(
      '95 of 100 of the newest `minRequests` answers, or fewer, began within this time.',
    ).optional(),
    costPercent: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe(
        'Its mean cost of a request, in percent of that of the requests drawn for none, or more; both of at least `minRequests` requests.',
      ),
    ratingPercent: z
      .number()
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('The mean rating of its answers, or less; 100 where all are `up`. Of at least 20 ratings.'),
    minRequests: minRequests(10_000, 'Fewer requests of the variant are not judged.'),
  }),
  [
    {
      rule: 'has(self.errorPercent) || has(self.firstTokenP95) || has(self.costPercent) || has(self.ratingPercent)',
      message: 'state errorPercent, firstTokenP95, costPercent or ratingPercent',
      holds: ({ minRequests: _, ...thresholds }) => Object.values(thresholds).some((stated) => stated !== undefined),
    },
  ],
);

const promote = z.object({
  minRequests: minRequests(1_000_000, 'Fewer requests of the variant promote nothing.'),
  maxErrorPercent: z
    .number()
    .int()
    .min(1)
    .max(100)
    .describe(
      'Its share of errors is at most this, with 95 percent confidence (the upper bound of the Wilson interval): without an error 1 takes 381 requests, 5 takes 73.',
    ),
  maxFirstTokenP95: duration('95 of 100 of its answers began within this time.').optional(),
  maxCostPercent: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      'Its mean cost of a request is at most so many percent of that of the requests drawn for none; both of at least `minRequests` requests.',
    ),
  minRatingPercent: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('The mean rating of its answers is at least this; 100 where all are `up`. Of at least 20 ratings.'),
  after: duration('Not before it ran so long. Default: at once.').optional(),
});

export type VariantRollback = z.infer<typeof rollback>;
export type VariantPromote = z.infer<typeof promote>;

/** A row of `status.variants`. Figures are over all pods, since the variants of the rule were stated as they are. */
export const variantStatus = z.object({
  rule: z.number().int().describe('Index of the rule in `spec.rules`; 0 in the short form.'),
  name: z.string().max(63).optional().describe('Absent: the requests that were drawn for none.'),
  mode: z.enum(['Baseline', ...VARIANT_MODES]),
  experiment: z.string().max(64).describe('Another one whenever the variants of the rule are stated differently.'),
  state: z.enum(VARIANT_STATES).optional(),
  since: z.string().max(64).optional().describe('When it came into this state.'),
  message: z.string().max(1024).optional().describe('Why it was promoted or rolled back.'),
  requests: z.number().int().optional(),
  errorPercent: z.string().max(16).optional(),
  firstTokenP50: z.string().max(16).optional(),
  firstTokenP95: z.string().max(16).optional(),
  costUsdPer1000: z.string().max(32).optional().describe('US dollars for 1000 requests, fallbacks included.'),
  tokensPerRequest: z.number().int().optional(),
  ratings: z.number().int().optional(),
  ratingPercent: z.string().max(16).optional(),
});
export type VariantStatus = z.infer<typeof variantStatus>;

export const aiRouteVariantFields = {
  name: dnsLabel('What logs, metrics, traces and the header `x-remora-variant` call it; once per rule.'),
  percent: z
    .number()
    .int()
    .min(1)
    .max(100)
    .describe('Share of the requests that the rule decides. All variants of a rule together have at most 100.'),
  mode: z
    .enum(VARIANT_MODES)
    .default('Live')
    .describe(
      '`Live`: the target is tried first, then the targets of the rule as ever. `Shadow`: the targets of the rule answer, and a copy of the request goes to this target afterwards, once, whose answer is measured and thrown away.',
    ),
  rollback: rollback
    .optional()
    .describe(
      'Of a `Live` variant: where one of these holds it gets no more requests until the variants of the rule are stated anew. Judged over all pods; `errorPercent` by each pod for itself as well. Omitted: it keeps its share whatever happens.',
    ),
  promote: promote
    .optional()
    .describe(
      'Of a `Live` variant: where all of these hold over all pods it gets every request of the rule, whose targets and fallbacks answer where it fails. `spec` is not edited. Omitted: nobody but you promotes it.',
    ),
};

interface Variant {
  readonly percent: number;
  readonly mode: (typeof VARIANT_MODES)[number];
  readonly rollback?: VariantRollback | undefined;
  readonly promote?: VariantPromote | undefined;
}

const sharesOf = (variants: readonly Variant[]): number => variants.reduce((sum, { percent }) => sum + percent, 0);

/** Of the list of variants. */
export const VARIANT_RULES = [
  {
    rule: 'self.map(v, v.percent).sum() <= 100',
    message: 'the percents of all variants together must be at most 100',
    holds: (variants: readonly Variant[]) => sharesOf(variants) <= 100,
  },
  {
    rule: "self.all(v, !has(v.rollback) || v.mode == 'Live')",
    message: 'only a Live variant can be rolled back',
    holds: (variants: readonly Variant[]) => variants.every((own) => !own.rollback || own.mode === 'Live'),
  },
  {
    rule: "self.all(v, !has(v.promote) || v.mode == 'Live')",
    message: 'only a Live variant can be promoted',
    holds: (variants: readonly Variant[]) => variants.every((own) => !own.promote || own.mode === 'Live'),
  },
  {
    rule: "self.filter(v, v.mode == 'Live').map(v, v.percent).sum() < 100 || !self.exists(v, (has(v.rollback) && has(v.rollback.costPercent)) || (has(v.promote) && has(v.promote.maxCostPercent)))",
    message: 'costPercent and maxCostPercent compare with requests that are drawn for none: leave them a share',
    holds: (variants: readonly Variant[]) =>
      sharesOf(variants.filter(({ mode }) => mode === 'Live')) < 100 ||
      variants.every(({ rollback, promote }) => (rollback?.costPercent ?? promote?.maxCostPercent) === undefined),
  },
];
