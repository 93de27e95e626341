/** The cheapest for this request by the prices of the policy, of the targets that are fast enough; when none is, the fastest. */
import { formatUsd, nanoOfPico } from '#contract/policy/money';
import { type Expected, expectedPico } from '#sidecar/budget/price';
import { operationOf } from '#sidecar/canonical/operation';
import { pricedFor } from '#sidecar/pipeline/attempts/priced-for';
import type { CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { type OrderQuestion, type Strategy, tell } from './strategy.ts';

/** Bytes of a request to a token on average; all targets are compared by the same guess. */
const BYTES_PER_TOKEN = 4;

interface Offer {
  readonly target: CompiledTarget;
  /** Pico-dollars; null: the price is unknown. */
  readonly cost: bigint | null;
  /** Milliseconds, where it is more than the rule allows. */
  readonly tooSlowMs: number | undefined;
}

export const leastCost: Strategy = ({ targets, policy }, question) => {
  if (targets.length < 2) return { targets };
  const expected = expectedOf(question);
  const offers = targets.map(
    (target): Offer => ({
      target,
      cost: costOf(target, expected, question),
      tooSlowMs: tooSlow(target, policy.maxP95Ms, question),
    }),
  );
  offers.sort(compare);
  return { targets: offers.map(({ target }) => target), reason: tell(offers, offerText) };
};

function expectedOf({ request, inputBytes }: OrderQuestion): Expected {
  const { inputTokens = Number.POSITIVE_INFINITY, outputTokens } = operationOf(request);
  const output = outputTokens?.(request);
  return {
    inputTokens: Math.min(inputBytes / BYTES_PER_TOKEN, inputTokens),
    outputTokens: output === undefined ? 0 : output.atMost * output.answers,
  };
}

function costOf(target: CompiledTarget, expected: Expected, { request }: OrderQuestion): bigint | null {
  const { target: priced, piecesPico } = pricedFor({ target, request });
  return priced.price && expectedPico(priced.price, expected) + (piecesPico ?? 0n);
}

function tooSlow(target: CompiledTarget, maxP95Ms: number | undefined, question: OrderQuestion): number | undefined {
  if (maxP95Ms === undefined) return undefined;
  const { p95Ms } = question.latencies.of(target, question.request.stream);
  return p95Ms !== undefined && p95Ms > maxP95Ms ? p95Ms : undefined;
}

/** The fast enough ones first, by cost, and what has no price last of them; the others by their speed. Equals keep the written order. */
function compare(a: Offer, b: Offer): number {
  if (a.tooSlowMs !== b.tooSlowMs) return (a.tooSlowMs ?? 0) - (b.tooSlowMs ?? 0);
  if (a.cost === b.cost) return 0;
  if (a.cost === null || b.cost === null) return a.cost === null ? 1 : -1;
  return a.cost < b.cost ? -1 : 1;
}

const offerText = ({ cost, tooSlowMs }: Offer): string =>
  `${cost === null ? 'of unknown price' : `$${formatUsd(nanoOfPico(cost))}`}${
    tooSlowMs === undefined ? '' : ` p95 ${Math.round(tooSlowMs)}ms`
  }`;
