/** Responses usage → kinds that do not overlap: `input_tokens` includes what a cache gave or took, `output_tokens` the reasoning. */
import type { JsonObject } from '#sidecar/canonical/json';
import { servedIn } from '#sidecar/canonical/service-tier';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject } from '#sidecar/wires/read-field';
import { readCalls } from './hosted-tools.ts';

export function readUsage(response: JsonObject): Usage | undefined {
  const usage = asObject(response.usage);
  const input = asCount(usage?.input_tokens);
  if (usage === undefined || input === undefined) return undefined;
  const output = asCount(usage.output_tokens) ?? 0;
  const details = asObject(usage.input_tokens_details);
  const cacheReadTokens = Math.min(input, asCount(details?.cached_tokens) ?? 0);
  const cacheWriteTokens = Math.min(input - cacheReadTokens, asCount(details?.cache_write_tokens) ?? 0);
  const reasoningTokens = asCount(asObject(usage.output_tokens_details)?.reasoning_tokens) ?? 0;
  // xAI counts reasoning beside the output and only then in the total.
  const isApart = reasoningTokens > output || usage.total_tokens === input + output + reasoningTokens;
  return {
    ...NO_USAGE,
    inputTokens: input - cacheReadTokens - cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens: isApart ? output : output - reasoningTokens,
    reasoningTokens,
    ...servedIn(response.service_tier),
    ...readCalls(response),
  };
}
