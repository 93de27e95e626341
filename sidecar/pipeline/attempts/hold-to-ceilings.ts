/** Refuses, before anything is reserved or sent, what asks for more than one request may. */
import { formatUsd } from '#contract/policy/money';
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { boundOf } from '#sidecar/budget/settlement';
import { estimateTokens } from '#sidecar/canonical/count-tokens';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import type { Ceiling } from '#sidecar/pipeline/policy/ceilings';

/** Throws `ceiling_exceeded`, and `price_unknown` where money is to be held. */
export function holdToCeilings(
  ceilings: readonly Ceiling[],
  asked: AttemptEstimate,
  { content }: DecodedRequest,
): void {
  for (const ceiling of ceilings) {
    holdOutput(ceiling, asked);
    holdInput(ceiling, content);
    holdMoney(ceiling, asked);
  }
}

function holdOutput({ object, maxOutputTokens }: Ceiling, { outputTokensAtMost }: AttemptEstimate): void {
  if (maxOutputTokens === undefined || outputTokensAtMost <= maxOutputTokens) return;
  throw exceeded(
    object,
    `asks for up to ${outputTokensAtMost} output tokens, and ${object} allows ${maxOutputTokens} in one request. Ask for fewer, or for fewer answers`,
  );
}

function holdInput({ object, maxInputTokens }: Ceiling, { bytes, body }: DecodedRequest['content']): void {
  // No text has more tokens than bytes, so that most requests need no look.
  if (maxInputTokens === undefined || bytes.length <= maxInputTokens) return;
  const estimated = estimateTokens(body);
  if (estimated <= maxInputTokens) return;
  throw exceeded(
    object,
    `has about ${estimated} input tokens, and ${object} allows ${maxInputTokens} in one request. Send less`,
  );
}

function holdMoney({ object, maxNanoUsd }: Ceiling, asked: AttemptEstimate): void {
  if (maxNanoUsd === undefined) return;
  const { name } = asked.target;
  const bound = boundOf(asked);
  if (bound === null) {
    throw new RemoraError({
      code: 'price_unknown',
      message: `The price of ${name} is not known, so that nothing holds it to the $${formatUsd(maxNanoUsd)} per request of ${object}. State its price in the AIProvider.`,
      object,
    });
  }
  if (bound <= maxNanoUsd) return;
  throw exceeded(
    object,
    `could cost up to $${formatUsd(bound)} at ${name}, and ${object} allows $${formatUsd(maxNanoUsd)}. Send less, or state a smaller maximum of output tokens`,
  );
}

const exceeded = (object: string, what: string): RemoraError =>
  new RemoraError({ code: 'ceiling_exceeded', message: `The request ${what}, or have the ceiling raised.`, object });
