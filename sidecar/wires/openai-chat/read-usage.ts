/** Chat Completions usage → kinds that do not overlap. */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { servedIn } from '#sidecar/canonical/service-tier';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject } from '#sidecar/wires/read-field';

/** Usage of an answer or a chunk, where it carries one. */
export function readUsage(body: JsonObject): Usage | undefined {
  const usage = asObject(body.usage) ?? asObject(asObject(body.x_groq)?.usage);
  return usage === undefined || asCount(usage.prompt_tokens) === undefined
    ? undefined
    : splitUsage(usage, body.service_tier);
}

function splitUsage(usage: JsonObject, tier: JsonValue | undefined): Usage {
  const prompt = asCount(usage.prompt_tokens) ?? 0;
  const completion = asCount(usage.completion_tokens) ?? 0;
  const outputDetails = asObject(usage.completion_tokens_details);
  const reasoningTokens = asCount(outputDetails?.reasoning_tokens) ?? 0;
  const outputAudioTokens = asCount(outputDetails?.audio_tokens) ?? 0;
  const cacheReadTokens = Math.min(prompt, cachedTokens(usage));
  const inputDetails = asObject(usage.prompt_tokens_details);
  const cacheWriteTokens = Math.min(prompt - cacheReadTokens, asCount(inputDetails?.cache_write_tokens) ?? 0);
  const uncached = prompt - cacheReadTokens - cacheWriteTokens;
  const inputAudioTokens = Math.min(uncached, asCount(inputDetails?.audio_tokens) ?? 0);
  const reasoningInside = countsReasoningApart(usage, reasoningTokens) ? 0 : reasoningTokens;
  return {
    ...NO_USAGE,
    inputTokens: uncached - inputAudioTokens,
    inputAudioTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: Math.max(0, completion - reasoningInside - outputAudioTokens),
    reasoningTokens,
    outputAudioTokens,
    ...servedIn(tier),
  };
}

/** The count of cached input goes by several names: OpenAI's, DeepSeek's, Mistral's. */
const cachedTokens = (usage: JsonObject): number =>
  asCount(asObject(usage.prompt_tokens_details)?.cached_tokens) ??
  asCount(usage.prompt_cache_hit_tokens) ??
  asCount(usage.num_cached_tokens) ??
  0;

/** xAI leaves reasoning out of `completion_tokens` but not out of the total (seen 2026-02). */
function countsReasoningApart(usage: JsonObject, reasoningTokens: number): boolean {
  const prompt = asCount(usage.prompt_tokens) ?? 0;
  const completion = asCount(usage.completion_tokens) ?? 0;
  if (reasoningTokens === 0) return false;
  return reasoningTokens > completion || usage.total_tokens === prompt + completion + reasoningTokens;
}
