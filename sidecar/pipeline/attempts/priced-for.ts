/** What money needs to know of an attempt: the target with the price that holds for what is asked of it, and what of its cost the request tells. */
import type { PolicyPrice, PolicyTarget } from '#contract/policy/policy';
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { isFree, pricesTier } from '#sidecar/budget/price';
import { cachesForAnHour } from '#sidecar/canonical/cache-control';
import type { JsonObject } from '#sidecar/canonical/json';
import { type Operation, operationOf } from '#sidecar/canonical/operation';
import { askedServiceTier } from '#sidecar/canonical/service-tier';
import type { Candidate } from './candidate.ts';

type Priced = Pick<AttemptEstimate, 'target' | 'isBilledOtherwise' | 'piecesPico' | 'cachesForAnHour' | 'serviceTier'>;

const FREE: PolicyPrice = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };

/** Names of prices that are one amount. */
type Amount = Exclude<keyof PolicyPrice, 'tiers' | 'otherServiceTiers'>;
type Billed = Operation['billed'];

/** The price of a piece. */
const PER_PIECE: { readonly [B in Billed]?: Amount } = { image: 'imagePico', character: 'characterPico' };
/** The price that tells that a model bills by tokens what others bill by the piece. */
const PER_TOKEN: { readonly [B in Billed]?: Amount } = { image: 'outputImagePico', audio: 'inputAudioPico' };

/** `body`: as the client wrote it; without it nothing is cached for an hour. `isSentAsWritten`: what it asks for reaches the provider. */
export function pricedFor(
  { target: { policy }, request }: Pick<Candidate, 'target' | 'request'>,
  body: JsonObject = {},
  isSentAsWritten = false,
): Priced {
  const { billed, pieces } = operationOf(request);
  const { price } = policy;
  if (billed === 'tokens') return byTokens(policy, body, isSentAsWritten);
  if (billed === 'nothing' || (price !== null && isFree(price))) return { target: { ...policy, price: FREE } };
  const [piece, token] = [PER_PIECE[billed], PER_TOKEN[billed]];
  const perPiece = piece && price?.[piece];
  if (perPiece !== undefined && pieces !== undefined)
    return { target: { ...policy, price: FREE }, piecesPico: BigInt(pieces(request)) * BigInt(perPiece) };
  const isByToken = token !== undefined && price?.[token] !== undefined;
  return isByToken ? { target: policy } : { target: { ...policy, price: null }, isBilledOtherwise: true };
}

/** A tier of service whose price is not known makes the price of the attempt unknown. */
function byTokens(policy: PolicyTarget, body: JsonObject, isSentAsWritten: boolean): Priced {
  const { price } = policy;
  const serviceTier = price === null || !isSentAsWritten ? undefined : tierAsked(price, body);
  const isPriced = price === null || serviceTier === undefined || pricesTier(price, serviceTier);
  return {
    target: isPriced ? policy : { ...policy, price: null },
    serviceTier,
    cachesForAnHour: (price?.cacheWrite1hPico !== undefined && cachesForAnHour(body)) || undefined,
  };
}

/** undefined: it asks for none, or none makes a difference. */
const tierAsked = (price: PolicyPrice, body: JsonObject): string | undefined =>
  price.tiers === undefined && price.otherServiceTiers === undefined ? undefined : askedServiceTier(body);
