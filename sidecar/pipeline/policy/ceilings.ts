/** What one request may ask for at most: by its AIRoute and by every AIPolicy, each of which holds. */
import { nanoUsd } from '#contract/policy/money';
import type { PerRequest } from '#contract/resources/per-request';

export interface Ceiling {
  /** Kind and name of the object that states it. */
  readonly object: string;
  /** Estimated. */
  readonly maxInputTokens?: number | undefined;
  /** Of all answers together. */
  readonly maxOutputTokens?: number | undefined;
  readonly maxNanoUsd: bigint | undefined;
}

export const compileCeiling = (object: string, stated: PerRequest): Ceiling => ({
  object,
  maxInputTokens: stated.maxInputTokens,
  maxOutputTokens: stated.maxOutputTokens,
  maxNanoUsd: stated.maxUsd === undefined ? undefined : nanoUsd(stated.maxUsd),
});

/** The most output tokens that one of so many answers may have; undefined: no ceiling says. */
export function outputCeiling(ceilings: readonly Ceiling[], answers: number): number | undefined {
  let most: number | undefined;
  for (const { maxOutputTokens } of ceilings)
    if (maxOutputTokens !== undefined) most = Math.min(most ?? maxOutputTokens, maxOutputTokens);
  return most === undefined ? undefined : Math.max(1, Math.floor(most / answers));
}
