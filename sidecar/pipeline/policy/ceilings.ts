/** What one request may ask for at most: by its AIRoute and by every AIPolicy, each of which holds. */
import { nanoUsd } from '#contract/policy/money';
import type { PolicyCeiling, PolicyRoute } from '#contract/policy/policy';
import type { PerRequest } from '#contract/resources/per-request';

export interface Ceiling {
  /** Kind and name of the object that states it. */
  readonly object: string;
  /** The AIPolicy that only tells what it would have refused; undefined: it refuses. */
  readonly observedBy: string | undefined;
  /** Estimated. */
  readonly maxInputTokens: number | undefined;
  /** Of all answers together. */
  readonly maxOutputTokens: number | undefined;
  readonly maxNanoUsd: bigint | undefined;
}

export const policyCeiling = ({ policy, mode, ...stated }: PolicyCeiling): Ceiling => ({
  object: `AIPolicy ${policy}`,
  observedBy: mode === 'Observe' ? policy : undefined,
  ...limitsOf(stated),
});

export const routeCeilings = ({ key, perRequest }: PolicyRoute): Ceiling[] =>
  perRequest === undefined ? [] : [{ object: `AIRoute ${key}`, observedBy: undefined, ...limitsOf(perRequest) }];

const limitsOf = ({ maxInputTokens, maxOutputTokens, maxUsd }: PerRequest) => ({
  maxInputTokens,
  maxOutputTokens,
  maxNanoUsd: maxUsd === undefined ? undefined : nanoUsd(maxUsd),
});

/** The most output tokens that one of so many answers may have; undefined: no ceiling says. */
export function outputCeiling(ceilings: readonly Ceiling[], answers: number): number | undefined {
  let most: number | undefined;
  for (const { maxOutputTokens, observedBy } of ceilings)
    if (maxOutputTokens !== undefined && observedBy === undefined)
      most = Math.min(most ?? maxOutputTokens, maxOutputTokens);
  return most === undefined ? undefined : Math.max(1, Math.floor(most / answers));
}
