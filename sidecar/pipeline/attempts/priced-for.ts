/** What money needs to know of an attempt: the target with the price that holds for what is asked of it, and what of its cost the request tells. */
import type { PolicyPrice } from '#contract/policy/policy';
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { cachesForAnHour } from '#sidecar/canonical/cache-control';
import type { JsonObject } from '#sidecar/canonical/json';
import { type Operation, operationOf } from '#sidecar/canonical/operation';
import type { Candidate } from './candidate.ts';

type Priced = Pick<AttemptEstimate, 'target' | 'isBilledOtherwise' | 'piecesPico' | 'cachesForAnHour'>;

const FREE: PolicyPrice = { inputPico: '0', cachedInputPico: '0', outputPico: '0' };

type Billed = Operation['billed'];

/** The price of a piece. */
const PER_PIECE: { readonly [B in Billed]?: keyof PolicyPrice } = { image: 'imagePico', character: 'characterPico' };
/** The price that tells that a model bills by tokens what others bill by the piece. */
const PER_TOKEN: { readonly [B in Billed]?: keyof PolicyPrice } = { image: 'outputImagePico', audio: 'inputAudioPico' };

/** `body`: as the client wrote it; without it nothing is cached for an hour. */
export function pricedFor(
  { target: { policy }, request }: Pick<Candidate, 'target' | 'request'>,
  body: JsonObject = {},
): Priced {
  const { billed, pieces } = operationOf(request);
  const { price } = policy;
  if (billed === 'tokens') return { target: policy, ...hourOf(price, body) };
  if (billed === 'nothing' || isFree(price)) return { target: { ...policy, price: FREE } };
  const [piece, token] = [PER_PIECE[billed], PER_TOKEN[billed]];
  const perPiece = piece && price?.[piece];
  if (perPiece !== undefined && pieces !== undefined)
    return { target: { ...policy, price: FREE }, piecesPico: BigInt(pieces(request)) * BigInt(perPiece) };
  const isByToken = token !== undefined && price?.[token] !== undefined;
  return isByToken ? { target: policy } : { target: { ...policy, price: null }, isBilledOtherwise: true };
}

const hourOf = (price: PolicyPrice | null, body: JsonObject): Pick<Priced, 'cachesForAnHour'> =>
  price?.cacheWrite1hPico !== undefined && cachesForAnHour(body) ? { cachesForAnHour: true } : {};

const isFree = (price: PolicyPrice | null): boolean =>
  price !== null && Object.values(price).every((pico) => pico === '0');
