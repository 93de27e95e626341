/** Usage in this API's words: `input_tokens` excludes what was read from or written to a cache, and `output_tokens` includes thinking. */
import type { JsonObject } from '#sidecar/canonical/json';
import {
  NO_USAGE,
  totalCacheWriteTokens,
  totalInputTokens,
  totalOutputTokens,
  type Usage,
} from '#sidecar/canonical/usage';

/**
 * Clients need the counts, so that a provider that counts nothing reads as zero. `own`: what only this API says of usage, such as
 * the tier.
 */
export const encodeUsage = (usage: Usage = NO_USAGE, own: JsonObject = {}, costUsd?: string): JsonObject => ({
  input_tokens: totalInputTokens(usage) - usage.cacheReadTokens - totalCacheWriteTokens(usage),
  cache_creation_input_tokens: totalCacheWriteTokens(usage),
  cache_read_input_tokens: usage.cacheReadTokens,
  output_tokens: totalOutputTokens(usage),
  output_tokens_details: { thinking_tokens: usage.reasoningTokens },
  ...(totalCacheWriteTokens(usage) > 0 && {
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWriteTokens,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
    },
  }),
  ...own,
  ...(costUsd !== undefined && { cost: Number(costUsd) }),
});
