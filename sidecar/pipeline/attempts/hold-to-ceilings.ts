/** Refuses, before anything is reserved or sent, what asks for more than one request may. */
import { formatUsd } from '#contract/policy/money';
import type { AttemptEstimate } from '#sidecar/budget/budget-gate';
import { boundOf } from '#sidecar/budget/settlement';
import { toolsUnknown } from '#sidecar/budget/tool-cost';
import { estimateTokens } from '#sidecar/canonical/count-tokens';
import { RemoraError } from '#sidecar/errors/remora-error';
import type { DecodedRequest } from '#sidecar/pipeline/decode';
import type { Ceiling } from '#sidecar/pipeline/policy/ceilings';
import type { RequestRecorder } from '#sidecar/pipeline/request-recorder';

/** Throws `ceiling_exceeded`, and `price_unknown` where money is to be held. What an observed AIPolicy would have refused is told to the record. */
export function holdToCeilings(
  ceilings: readonly Ceiling[],
  asked: AttemptEstimate,
  { decoded, log }: { readonly decoded: DecodedRequest; readonly log: RequestRecorder },
): void {
  for (const ceiling of ceilings) {
    const refusal = overOutput(ceiling, asked) ?? overInput(ceiling, decoded.content) ?? overMoney(ceiling, asked);
    if (refusal === undefined) continue;
    if (ceiling.observedBy === undefined) throw refusal;
    log.wouldHaveLeft({ policy: ceiling.observedBy, rule: 'perRequest' }, 0, 1);
  }
}

type Refusal = RemoraError | undefined;

function overOutput({ object, maxOutputTokens }: Ceiling, { outputTokensAtMost }: AttemptEstimate): Refusal {
  if (maxOutputTokens === undefined || outputTokensAtMost <= maxOutputTokens) return undefined;
  return exceeded(
    object,
    `asks for up to ${outputTokensAtMost} output tokens, and ${object} allows ${maxOutputTokens} in one request. Ask for fewer, or for fewer answers`,
  );
}

function overInput({ object, maxInputTokens }: Ceiling, { bytes, body }: DecodedRequest['content']): Refusal {
  // No text has more tokens than bytes, so that most requests need no look.
  if (maxInputTokens === undefined || bytes.length <= maxInputTokens) return undefined;
  const estimated = estimateTokens(body);
  if (estimated <= maxInputTokens) return undefined;
  return exceeded(
    object,
    `has about ${estimated} input tokens, and ${object} allows ${maxInputTokens} in one request. Send less`,
  );
}

function overMoney({ object, maxNanoUsd }: Ceiling, asked: AttemptEstimate): Refusal {
  if (maxNanoUsd === undefined) return undefined;
  const { name } = asked.target;
  const bound = boundOf(asked);
  if (bound === null)
    return new RemoraError({
      code: 'price_unknown',
      message: `${object} allows $${formatUsd(maxNanoUsd)} per request, and what this one may cost is not known. ${toolsUnknown(asked) ?? `State the price of ${name} in the AIProvider.`}`,
      object,
    });
  if (bound <= maxNanoUsd) return undefined;
  return exceeded(
    object,
    `could cost up to $${formatUsd(bound)} at ${name}, and ${object} allows $${formatUsd(maxNanoUsd)}. Send less, or state a smaller maximum of output tokens`,
  );
}

const exceeded = (object: string, what: string): RemoraError =>
  new RemoraError({ code: 'ceiling_exceeded', message: `The request ${what}, or have the ceiling raised.`, object });
