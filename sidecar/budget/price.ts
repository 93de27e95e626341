/** What an attempt may cost at most, and what it did cost: nano-dollars, rounded up once. */
import { nanoOfPico } from '#contract/policy/money';
import type { PolicyPrice, PolicyPriceTier, PolicyRates } from '#contract/policy/policy';
import { STANDARD_TIER } from '#sidecar/canonical/service-tier';
import { totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';

/** What is known of an attempt before it is sent. */
export interface Bound {
  readonly inputTokensAtMost: number;
  readonly outputTokensAtMost: number;
  /** The request marks prompts to be cached for an hour. */
  readonly cachesForAnHour?: boolean;
  /** The tier of service that is asked for; undefined: any, as the account is set to. */
  readonly serviceTier?: string;
  /** Pico-dollars of what is billed by the piece (images, characters spoken), which the request itself tells. */
  readonly piecesPico?: bigint;
}

/** Whole, and never negative. */
export const tokens = (count: number): bigint => BigInt(Math.max(0, Math.ceil(count)));

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
 * Of several tiers that may turn out to hold the dearest one.
 */
export function costAtMost(price: PolicyPrice, bound: Bound): bigint {
  const base = picoAtMost(price, bound);
  const most = price.tiers === undefined ? base : dearestTier(price.tiers, base, bound);
  return nanoOfPico(bound.piecesPico === undefined ? most : most + bound.piecesPico);
}

function dearestTier(tiers: readonly PolicyPriceTier[], base: bigint, bound: Bound): bigint {
  let most = base;
  for (const tier of tiers) {
    const pico = mayHold(tier, bound) ? picoAtMost(tier, bound) : 0n;
    if (pico > most) most = pico;
  }
  return most;
}

function picoAtMost(rates: PolicyRates, bound: Bound): bigint {
  const forAnHour = bound.cachesForAnHour ? rates.cacheWrite1hPico : undefined;
  const input = dearest(rates.inputPico, rates.cachedInputPico, rates.cacheWritePico, forAnHour);
  const output = dearest(rates.outputPico, rates.outputAudioPico, rates.outputImagePico);
  return tokens(bound.inputTokensAtMost) * input + tokens(bound.outputTokensAtMost) * output;
}

const mayHold = ({ aboveInputTokens = -1, serviceTier }: PolicyPriceTier, bound: Bound): boolean =>
  bound.inputTokensAtMost > aboveInputTokens &&
  (serviceTier === undefined || bound.serviceTier === undefined || serviceTier === bound.serviceTier);

/** Those of the last tier that holds. */
function ratesFor(price: PolicyPrice, inputTokens: number, served: string | undefined): PolicyRates {
  return (
    price.tiers?.findLast(
      ({ aboveInputTokens = -1, serviceTier = served }) => inputTokens > aboveInputTokens && serviceTier === served,
    ) ?? price
  );
}

/** Whether the price says what this tier of service costs. */
export const pricesTier = ({ otherServiceTiers, tiers }: PolicyPrice, asked: string | undefined): boolean =>
  otherServiceTiers === undefined ||
  asked === undefined ||
  asked === STANDARD_TIER ||
  tiers?.some(({ serviceTier }) => serviceTier === asked) === true;

/** Whatever is asked of it. */
export const isFree = (price: PolicyPrice): boolean => Object.values(price).every((pico) => pico === '0');

/** Each kind at its own price, or at the one that holds where the policy has none of its own. Reasoning is output. */
export function costOf(price: PolicyPrice, usage: Usage, piecesPico = 0n): bigint {
  const rates = price.tiers === undefined ? price : ratesFor(price, totalInputTokens(usage), usage.serviceTier);
  const { inputPico, outputPico, cacheWritePico = inputPico } = rates;
  return nanoOfPico(
    piecesPico +
      cost(usage.inputTokens, inputPico) +
      cost(usage.inputAudioTokens, rates.inputAudioPico ?? inputPico) +
      cost(usage.inputImageTokens, rates.inputImagePico ?? inputPico) +
      cost(usage.cacheReadTokens, rates.cachedInputPico) +
      cost(usage.cacheWriteTokens, cacheWritePico) +
      cost(usage.cacheWrite1hTokens, rates.cacheWrite1hPico ?? cacheWritePico) +
      cost(usage.outputTokens + usage.reasoningTokens, outputPico) +
      cost(usage.outputAudioTokens, rates.outputAudioPico ?? outputPico) +
      cost(usage.outputImageTokens, rates.outputImagePico ?? outputPico),
  );
}

const cost = (count: number, pico: string): bigint => (count > 0 ? tokens(count) * rateOf(pico) : 0n);

/** What a request is likely to use, where targets are compared. */
export interface Expected {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Pico-dollars, in the standard tier of service. No bound: caches, audio and images are left out. */
export function expectedPico(price: PolicyPrice, { inputTokens, outputTokens }: Expected): bigint {
  const { inputPico, outputPico } = ratesFor(price, inputTokens, undefined);
  return cost(inputTokens, inputPico) + cost(outputTokens, outputPico);
}

export const tokensAtMost = (bound: Bound): bigint =>
  tokens(bound.inputTokensAtMost) + tokens(bound.outputTokensAtMost);

export const tokensOf = (usage: Usage): bigint => tokens(totalInputTokens(usage)) + tokens(totalOutputTokens(usage));
