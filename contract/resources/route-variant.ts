/** What a variant of a rule states beside its target: its name, its share of the requests, and whether clients get its answers. */
import { z } from 'zod';
import { dnsLabel } from './fields.ts';

/** `Live`: clients get its answers. `Shadow`: requests are copied to it, and nobody gets its answers. */
const VARIANT_MODES = ['Live', 'Shadow'] as const;

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
  rollback: z
    .object({
      errorPercent: z.number().int().min(1).max(100).describe('So many of these requests, or more.'),
      minRequests: z
        .number()
        .int()
        .min(1)
        .max(10_000)
        .describe('Judged are the newest so many requests of the variant; fewer are not judged.'),
    })
    .optional()
    .describe(
      'Of a `Live` variant: where the target fails so often, the variant gets no more requests from this pod until the variants are stated anew or the pod starts anew. Omitted: it keeps its share whatever happens.',
    ),
};

interface Variant {
  readonly percent: number;
  readonly mode: (typeof VARIANT_MODES)[number];
  readonly rollback?: object | undefined;
}

/** Of the list of variants. */
export const VARIANT_RULES = [
  {
    rule: 'self.map(v, v.percent).sum() <= 100',
    message: 'the percents of all variants together must be at most 100',
    holds: (variants: readonly Variant[]) => variants.reduce((sum, { percent }) => sum + percent, 0) <= 100,
  },
  {
    rule: "self.all(v, !has(v.rollback) || v.mode == 'Live')",
    message: 'only a Live variant can be rolled back',
    holds: (variants: readonly Variant[]) => variants.every(({ rollback, mode }) => !rollback || mode === 'Live'),
  },
];
