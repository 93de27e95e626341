/** What one request may ask for at most, by an AIRoute or an AIPolicy. */
import { z } from 'zod';
import { usd } from './fields.ts';
import { withRules } from './validation.ts';

const tokens = (description: string) => z.number().int().min(1).max(100_000_000).describe(description);

export const perRequest = withRules(
  z.object({
    maxUsd: usd(
      'The most that one attempt may cost in US dollars, by its bound: a token of input for each byte of the request, and all output that it may have. A target that could cost more is not used; one whose price is unknown neither.',
    ).optional(),
    maxInputTokens: tokens(
      'Estimated: a token for four bytes of text, 1600 for an image or a file. A request that has more is refused.',
    ).optional(),
    maxOutputTokens: tokens(
      'Of all answers to the request together. A request that states more is refused; one that states no maximum is sent with this one.',
    ).optional(),
  }),
  [
    {
      rule: 'has(self.maxUsd) || has(self.maxInputTokens) || has(self.maxOutputTokens)',
      message: 'state at least one of maxUsd, maxInputTokens and maxOutputTokens',
      holds: ({ maxUsd, maxInputTokens, maxOutputTokens }) =>
        maxUsd !== undefined || maxInputTokens !== undefined || maxOutputTokens !== undefined,
    },
  ],
);
export type PerRequest = z.infer<typeof perRequest>;
