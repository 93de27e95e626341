/** What an attempt may cost at most, and what it did cost: nano-dollars, rounded up once. */
import { nanoOfPico } from '#contract/policy/money';
import type { PolicyPrice } from '#contract/policy/policy';
import { totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';

/** What is known of an attempt before it is sent. */
export interface Bound {
  readonly inputTokensAtMost: number;
  readonly outputTokensAtMost: number;
  /** The request marks prompts to be cached for an hour. */
  readonly cachesForAnHour?: boolean;
  /** Pico-dollars of what is billed by the piece (images, characters spoken), which the request itself tells. */
  readonly piecesPico?: bigint;
}

const tokens = (count: number): bigint => BigInt(Math.max(0, Math.ceil(count)));

/** Prices as numbers: a policy has a few, and every attempt asks for them. */
const rates = new Map<string, bigint>();
/** Prices that changed are not kept for ever. */
const MOST_RATES = 1024;

function rateOf(pico: string): bigint {
  let rate = rates.get(pico);
  if (rate === undefined) {
    if (rates.size >= MOST_RATES) rates.clear();
    rate = BigInt(pico);
    rates.set(pico, rate);
  }
  return rate;
}

const dearest = (first: string, ...others: readonly (string | undefined)[]): bigint =>
  others.reduce((most, pico) => (pico !== undefined && rateOf(pico) > most ? rateOf(pico) : most), rateOf(first));

/**
 * Input at the dearest of its prices, since nobody knows before what a cache will hold; that of an hour counts only where the request asks
 * for it. Audio and images that come with the request have far more bytes than tokens, so that the price of text covers theirs.
 */
export function costAtMost(price: PolicyPrice, bound: Bound): bigint {
  const forAnHour = bound.cachesForAnHour ? price.cacheWrite1hPico : undefined;
  const input = dearest(price.inputPico, price.cachedInputPico, price.cacheWritePico, forAnHour);
  const output = dearest(price.outputPico, price.outputAudioPico, price.outputImagePico);
  return nanoOfPico(
    tokens(bound.inputTokensAtMost) * input + tokens(bound.outputTokensAtMost) * output + (bound.piecesPico ?? 0n),
  );
}

/** Each kind at its own price, or at the one that holds where the policy has none of its own. Reasoning is output. */
export function costOf(price: PolicyPrice, usage: Usage, piecesPico = 0n): bigint {
  const { inputPico, outputPico, cacheWritePico = inputPico } = price;
  return nanoOfPico(
    piecesPico +
      cost(usage.inputTokens, inputPico) +
      cost(usage.inputAudioTokens, price.inputAudioPico ?? inputPico) +
      cost(usage.inputImageTokens, price.inputImagePico ?? inputPico) +
      cost(usage.cacheReadTokens, price.cachedInputPico) +
      cost(usage.cacheWriteTokens, cacheWritePico) +
      cost(usage.cacheWrite1hTokens, price.cacheWrite1hPico ?? cacheWritePico) +
      cost(usage.outputTokens + usage.reasoningTokens, outputPico) +
      cost(usage.outputAudioTokens, price.outputAudioPico ?? outputPico) +
      cost(usage.outputImageTokens, price.outputImagePico ?? outputPico),
  );
}

const cost = (count: number, pico: string): bigint => (count > 0 ? tokens(count) * rateOf(pico) : 0n);

/** What a request is likely to use, where targets are compared. */
export interface Expected {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Pico-dollars. No bound: caches, audio and images are left out. */
export const expectedPico = ({ inputPico, outputPico }: PolicyPrice, expected: Expected): bigint =>
  cost(expected.inputTokens, inputPico) + cost(expected.outputTokens, outputPico);

export const tokensAtMost = (bound: Bound): bigint =>
  tokens(bound.inputTokensAtMost) + tokens(bound.outputTokensAtMost);

export const tokensOf = (usage: Usage): bigint => tokens(totalInputTokens(usage)) + tokens(totalOutputTokens(usage));
