/** Canonical answer → response object, which repeats the request as the API does. */
import type { ChatResponse, FinishReason } from '#sidecar/canonical/chat-response';
import { allOf } from '#sidecar/canonical/extensions';
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { DIALECT_ID } from './api-id.ts';
import { encodeItems } from './encode-items.ts';
import { itemStem, responseId } from './item-id.ts';

/** Who answered, in the words of the API. */
export interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** Of the ids of its items. */
  readonly stem: string;
}

export const headOf = (
  { request, nowSeconds, made }: EncodeContext,
  answer: { readonly id: string; readonly model: string; readonly created?: number },
): Head => {
  const created = answer.created ?? nowSeconds;
  const id = responseId(answer.id, created, made);
  return { id, created, model: answer.model || request.model, stem: itemStem(id, made) };
};

export function encodeResponse(response: ChatResponse, context: EncodeContext): JsonObject {
  const head = headOf(context, response);
  const [choice] = response.choices;
  const end = endOf(choice?.finishReason ?? 'other');
  const output = choice === undefined ? [] : encodeItems(choice, { stem: head.stem, status: end.status });
  const encoded = {
    ...responseObject(context, head, {
      ...end,
      output,
      usage: response.usage === undefined ? null : encodeUsage(response.usage, context.costUsd?.()),
    }),
    ...response.extensions[DIALECT_ID],
  };
  context.made?.told(encoded);
  return encoded;
}

/** How far the answer is, beside what is the same all the time. */
interface Progress {
  readonly status: 'in_progress' | 'completed' | 'incomplete';
  readonly incompleteReason?: string;
  readonly output: readonly JsonObject[];
  readonly usage: JsonObject | null;
}

const INCOMPLETE: Partial<Record<FinishReason, string>> = {
  length: 'max_output_tokens',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  // There is no word for a paused turn: the answer is incomplete, which is what this tells a client.
  pause: 'max_output_tokens',
};

export function endOf(
  reason: FinishReason,
): Pick<Progress, 'incompleteReason'> & { status: 'completed' | 'incomplete' } {
  const incompleteReason = INCOMPLETE[reason];
  return incompleteReason === undefined ? { status: 'completed' } : { status: 'incomplete', incompleteReason };
}

export const responseObject = (
  { request, made }: EncodeContext,
  head: Head,
  { status, incompleteReason, output, usage }: Progress,
): JsonObject => ({
  id: head.id,
  object: 'response',
  created_at: head.created,
  status,
  error: null,
  incomplete_details: incompleteReason === undefined ? null : { reason: incompleteReason },
  model: head.model,
  output: [...output],
  parallel_tool_calls: request.parallelToolCalls ?? true,
  temperature: request.temperature ?? null,
  top_p: request.topP ?? null,
  max_output_tokens: request.maxOutputTokens ?? null,
  top_logprobs: request.logprobs?.top ?? 0,
  ...(request.user !== undefined && { user: request.user }),
  ...repeated(allOf(request.extensions[DIALECT_ID])),
  ...(made?.goesOnFrom !== undefined && { previous_response_id: made.goesOnFrom }),
  ...(made !== undefined && { store: allOf(request.extensions[DIALECT_ID]).store !== false }),
  usage,
});

/** What the client said, and the API's defaults for what it did not. */
const repeated = (own: JsonObject): JsonObject => ({
  access_programs: null,
  background: false,
  instructions: or(own.instructions, null),
  max_tool_calls: or(own.max_tool_calls, null),
  metadata: or(own.metadata, {}),
  previous_response_id: or(own.previous_response_id, null),
  prompt_cache_key: or(own.prompt_cache_key, null),
  reasoning: or(own.reasoning, { effort: null, summary: null }),
  safety_identifier: or(own.safety_identifier, null),
  service_tier: 'default',
  store: false,
  text: { format: { type: 'text' }, ...asMembers(own.text) },
  tool_choice: or(own.tool_choice, 'auto'),
  tools: or(own.tools, []),
  truncation: or(own.truncation, 'disabled'),
});

const or = (said: JsonValue | undefined, otherwise: JsonValue): JsonValue => said ?? otherwise;

const asMembers = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

export function encodeUsage(usage: Usage, costUsd: string | undefined): JsonObject {
  const input = totalInputTokens(usage);
  const output = totalOutputTokens(usage);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheReadTokens, cache_write_tokens: totalCacheWriteTokens(usage) },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: input + output,
    ...(costUsd !== undefined && { cost: Number(costUsd) }),
  };
}
