/** What an attempt may cost at most, and what it did cost: nano-dollars, rounded up once. */
import { nanoOfPico } from '#contract/policy/money';
import type { PolicyPrice } from '#contract/policy/policy';
import { totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';

export interface TokenBound {
  readonly inputTokensAtMost: number;
  readonly outputTokensAtMost: number;
}

const tokens = (count: number): bigint => BigInt(Math.max(0, Math.ceil(count)));

/** Input at the dearest of its prices, since nobody knows before what a cache will hold. */
export function costAtMost(price: PolicyPrice, bound: TokenBound): bigint {
  const input = BigInt(price.inputPico);
  const cached = BigInt(price.cachedInputPico);
  const dearest = input > cached ? input : cached;
  return nanoOfPico(
    tokens(bound.inputTokensAtMost) * dearest + tokens(bound.outputTokensAtMost) * BigInt(price.outputPico),
  );
}

/** Cache reads at the cached price, cache writes at the input price, reasoning and audio at the output price. */
export function costOf(price: PolicyPrice, usage: Usage): bigint {
  const input = tokens(usage.inputTokens + usage.cacheWriteTokens) * BigInt(price.inputPico);
  const cached = tokens(usage.cacheReadTokens) * BigInt(price.cachedInputPico);
  return nanoOfPico(input + cached + tokens(totalOutputTokens(usage)) * BigInt(price.outputPico));
}

export const tokensAtMost = (bound: TokenBound): bigint =>
  tokens(bound.inputTokensAtMost) + tokens(bound.outputTokensAtMost);

export const tokensOf = (usage: Usage): bigint => tokens(totalInputTokens(usage)) + tokens(totalOutputTokens(usage));
