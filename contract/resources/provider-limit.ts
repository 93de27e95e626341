/** What an AIProvider says of how much it takes at one time. */
import { z } from 'zod';
import { atomicListOf, matching, type TwinRule, withRules } from './validation.ts';

const MOST_LIMITS = 32;

export const providerLimit = z.object({
  model: matching(/^[!-)+-~]+$/, 253, 'must be the name of one model: printable ASCII without spaces and "*"')
    .optional()
    .describe('The model as the provider names it. Omitted: all of its models together.'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .describe('Attempts that may be under way at one time; a stream is until it ends.'),
});
type ProviderLimit = z.infer<typeof providerLimit>;

const ONE_PER_MODEL: TwinRule<readonly ProviderLimit[]> = {
  rule: "self.all(one, self.exists_one(other, (has(other.model) ? other.model : '') == (has(one.model) ? one.model : '')))",
  message: 'state one limit for each model, and one without a model at most',
  holds: (limits) => new Set(limits.map(({ model }) => model)).size === limits.length,
};

export const providerLimits = withRules(atomicListOf(providerLimit, { min: 1, max: MOST_LIMITS }), [ONE_PER_MODEL], {
  listType: 'atomic',
});
