/** How much an AIProvider takes at one time. */
import { z } from 'zod';
import { matching } from './validation.ts';

export const model = matching(
  /^[!-)+-~]+$/,
  253,
  'must be the name of one model: printable ASCII without spaces and "*"',
)
  .optional()
  .describe('The model as the provider names it. Omitted: all of its models together.');

export const concurrency = z
  .number()
  .int()
  .min(1)
  .max(100_000)
  .describe('Attempts that may be under way at one time; a stream is until it ends.');

/** How many attempts may be under way. */
export const providerConcurrency = z.object({ model, concurrency });
export type ProviderConcurrency = z.infer<typeof providerConcurrency>;
