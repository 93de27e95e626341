/** Canonical answer → Chat Completions answer. */

import type { ChatResponse, Choice, FinishReason } from '#sidecar/canonical/chat-response';
import type { JsonObject } from '#sidecar/canonical/json';
import type { ImagePart, Part } from '#sidecar/canonical/part';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import { filterEach, flatMapEach, mapEach, once } from '#sidecar/canonical/walk';
import type { EncodeContext } from '#sidecar/dialects/dialect';
import { encodeCallDetail, encodeReasoningDetail } from './reasoning-details.ts';

/** Chat Completions has no word for a paused turn: the answer is incomplete, which is what `length` tells a client. */
const FINISH_REASON: Readonly<Record<Exclude<FinishReason, 'other'>, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  pause: 'length',
};

/** `finish_reason`, and the provider's own word as `native_finish_reason` where it says more. */
export function encodeFinish(reason: FinishReason, raw: string | undefined): JsonObject {
  const word = reason === 'other' ? (raw ?? 'stop') : FINISH_REASON[reason];
  return { finish_reason: word, ...(raw !== undefined && raw !== word && { native_finish_reason: raw }) };
}

export function encodeUsage(usage: Usage, costUsd: string | undefined): JsonObject {
  const input = totalInputTokens(usage);
  const output = totalOutputTokens(usage);
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheReadTokens,
      cache_write_tokens: totalCacheWriteTokens(usage),
      ...(usage.inputAudioTokens > 0 && { audio_tokens: usage.inputAudioTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: usage.outputAudioTokens },
    ...(costUsd !== undefined && { cost: Number(costUsd) }),
  };
}

export const encodeResponse = (response: ChatResponse, context: EncodeContext): JsonObject => ({
  id: response.id,
  object: 'chat.completion',
  created: response.created ?? context.nowSeconds,
  model: response.model === '' ? context.request.model : response.model,
  choices: mapEach(response.choices, encodeChoice),
  ...(response.usage !== undefined && { usage: encodeUsage(response.usage, context.costUsd?.()) }),
  ...response.extensions['openai-chat'],
});

const encodeChoice = (choice: Choice): JsonObject => ({
  index: choice.index,
  message: encodeMessage(choice),
  logprobs: choice.logprobs ?? null,
  ...encodeFinish(choice.finishReason, choice.rawFinishReason),
});

const textOf = (parts: readonly Part[], type: 'text' | 'refusal' | 'reasoning'): string | null => {
  const texts = flatMapEach(parts, (part) => (part.type === type && 'text' in part ? [part.text] : []));
  return texts.length === 0 ? null : once(() => texts.join(''));
};

function encodeMessage({ parts, extensions }: Choice): JsonObject {
  const reasoning = textOf(parts, 'reasoning');
  const details = once(() => encodeDetails(parts));
  const calls = flatMapEach(parts, (part) => {
    if (part.type === 'opaque' && part.api === 'openai-chat') return [part.value];
    if (part.type !== 'tool-call') return [];
    return [{ id: part.id, type: 'function', function: { name: part.name, arguments: part.arguments } }];
  });
  const images = mapEach(
    filterEach(parts, (part) => part.type === 'image'),
    encodeImage,
  );
  return {
    role: 'assistant',
    content: textOf(parts, 'text'),
    refusal: textOf(parts, 'refusal'),
    ...(reasoning && { reasoning_content: reasoning }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(images.length > 0 && { images }),
    ...extensions?.['openai-chat'],
  };
}

/** As OpenRouter gives pictures to clients of this API, which has no place of its own for them. */
export const encodeImage = ({ source }: ImagePart, index: number): JsonObject => ({
  type: 'image_url',
  image_url: { url: source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}` },
  index,
});

/** Only where a provider signed or withheld something: plain reasoning is told by `reasoning_content` alone. */
function encodeDetails(parts: readonly Part[]): JsonObject[] {
  const details: JsonObject[] = [];
  let isOpaque = false;
  let contentOffset = 0;
  let toolCalls = 0;
  for (const part of parts) {
    if (part.type === 'text') contentOffset += part.text.length;
    else if (part.type === 'tool-call') {
      toolCalls += 1;
      if (part.signature === undefined) continue;
      isOpaque = true;
      details.push(encodeCallDetail(part.id, part.signature, details.length));
    } else if (part.type === 'reasoning') {
      isOpaque ||= part.signature !== undefined || part.redacted !== undefined;
      details.push(encodeReasoningDetail(part, details.length, { contentOffset, toolCalls }));
    }
  }
  return isOpaque ? details : [];
}
