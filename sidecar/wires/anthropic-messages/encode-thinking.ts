/** Decides thinking and sampling of a Messages call together, because each limits the other. */

import type { ChatRequest } from '#sidecar/canonical/chat-request';
import type { JsonObject } from '#sidecar/canonical/json';
import type { Sealed } from '#sidecar/canonical/sealed';
import { once } from '#sidecar/canonical/walk';
import type { Losses } from '#sidecar/wires/losses';
import type { ModelTraits } from './model-traits.ts';

/** Share of the output tokens that thinking may take, by OpenAI's word for effort. */
const BUDGET_SHARE: Readonly<Record<string, number>> = {
  minimal: 0.1,
  low: 0.2,
  medium: 0.5,
  high: 0.8,
  xhigh: 0.8,
  max: 0.8,
};
/** The API's own bounds and a sane ceiling. */
const MIN_BUDGET_TOKENS = 1024;
const MAX_BUDGET_TOKENS = 32_000;

export interface Thinking {
  readonly members: JsonObject;
  readonly effort: string | undefined;
  /** Thinking with a budget forbids sampling parameters and forced tools. */
  readonly hasBudget: boolean;
}

interface ThinkingContext {
  readonly maxTokens: number;
  readonly losses: Losses;
  /** Of the API that the model is behind; undefined for what another one made. */
  readonly unseal: Unseal;
}

type Unseal = (sealed: Sealed | undefined) => string | undefined;

const NO_THINKING: Thinking = { members: {}, effort: undefined, hasBudget: false };

/** Loses `reasoning_effort` where the model or the conversation does not allow thinking. */
export function encodeThinking(
  request: ChatRequest,
  traits: ModelTraits,
  { maxTokens, losses, unseal }: ThinkingContext,
): Thinking {
  const { effort, budgetTokens } = request.reasoning ?? {};
  if ((effort === undefined && budgetTokens === undefined) || effort === 'none') return NO_THINKING;
  const isForced = request.toolChoice?.mode === 'required' || request.toolChoice?.mode === 'tool';
  if (traits.thinking === 'adaptive' && !isForced)
    return {
      members: { thinking: { type: 'adaptive' } },
      effort: effort === undefined ? undefined : adaptiveEffort(effort, traits),
      hasBudget: false,
    };
  const budget = budgetOf(request, maxTokens);
  if (traits.thinking !== 'budget' || isForced || budget < MIN_BUDGET_TOKENS) {
    losses.drop('reasoning_effort');
    return NO_THINKING;
  }
  if (once(() => continuesUnsignedTurn(request, unseal))) {
    // No wish of the client's that could be refused: another provider wrote the turn.
    losses.note('reasoning_effort');
    return NO_THINKING;
  }
  return {
    members: { thinking: { type: 'enabled', budget_tokens: budget } },
    effort: undefined,
    hasBudget: true,
  };
}

function budgetOf({ reasoning }: ChatRequest, maxTokens: number): number {
  const asked = reasoning?.budgetTokens ?? Math.floor(maxTokens * (BUDGET_SHARE[reasoning?.effort ?? ''] ?? 0.5));
  return Math.min(Math.max(asked, MIN_BUDGET_TOKENS), MAX_BUDGET_TOKENS, maxTokens - 1);
}

function adaptiveEffort(effort: string, traits: ModelTraits): string {
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' && !traits.hasExtraHighEffort ? 'high' : effort;
}

/** The API refuses thinking while tool results answer an assistant turn whose thinking blocks are gone (another provider wrote it). */
export function continuesUnsignedTurn({ messages }: ChatRequest, unseal: Unseal): boolean {
  const at = messages.findLastIndex(({ role }) => role === 'assistant');
  const hasThought = messages[at]?.parts.some(
    (part) => part.type === 'reasoning' && (unseal(part.signature) ?? unseal(part.redacted)) !== undefined,
  );
  return hasThought !== true && messages.slice(at + 1).some(({ role }) => role === 'tool');
}

/** Sampling parameters as far as the model takes them; the API's temperature ends at 1 and excludes top_p on current models. */
export function encodeSampling(
  request: ChatRequest,
  traits: ModelTraits,
  thinking: Thinking,
  losses: Losses,
): JsonObject {
  if (!traits.hasSampling || thinking.hasBudget) {
    for (const parameter of askedSampling(request)) losses.drop(parameter);
    return {};
  }
  const { temperature, topP, topK } = request;
  if (temperature !== undefined && temperature > 1) losses.drop('temperature');
  if (temperature !== undefined && topP !== undefined) losses.drop('top_p');
  return {
    ...(temperature === undefined
      ? { ...(topP !== undefined && { top_p: topP }) }
      : { temperature: Math.min(temperature, 1) }),
    ...(topK !== undefined && { top_k: topK }),
  };
}

/** The sampling parameters that ask for something else than the API's default of 1. */
const askedSampling = ({ temperature = 1, topP = 1, topK }: ChatRequest): string[] => [
  ...(temperature === 1 ? [] : ['temperature']),
  ...(topP === 1 ? [] : ['top_p']),
  ...(topK === undefined ? [] : ['top_k']),
];
