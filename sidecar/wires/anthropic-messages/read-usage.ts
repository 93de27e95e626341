/** Messages usage → kinds that do not overlap. `input_tokens` excludes what was read from or written to a cache. */
import type { JsonObject } from '#sidecar/canonical/json';
import { servedIn } from '#sidecar/canonical/service-tier';
import { addUsage, NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject, asObjects, without } from '#sidecar/wires/read-field';
import { readCalls } from './hosted-tools.ts';

/** Usage of an answer, of `message_start` or of `message_delta`, where it carries one. */
export function readUsage(body: JsonObject): Usage | undefined {
  const usage = rawUsage(body);
  return usage === undefined ? undefined : splitUsage(usage);
}

export const rawUsage = (body: JsonObject): JsonObject | undefined =>
  asObject(body.usage) ?? asObject(asObject(body.message)?.usage);

/** Usage is cumulative, and a later event may leave out what an earlier one said. */
export const mergeUsage = (earlier: JsonObject, later: JsonObject): JsonObject => ({
  ...earlier,
  ...Object.fromEntries(Object.entries(later).filter(([, value]) => value != null)),
});

const COUNTED = new Set([
  'input_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'output_tokens',
  'output_tokens_details',
]);

/** What was read and written to compact the turns before the answer is billed too, and not in the counts of the answer. */
const compactionsIn = ({ iterations }: JsonObject): readonly JsonObject[] =>
  iterations === undefined ? [] : asObjects(iterations).filter(({ type }) => type === 'compaction');

/**
 * What usage says beyond the counts: how writes split by lifetime in this API's words, the tier, calls of the provider's own tools. Where
 * more is billed than the answer counts, its counts too, so that this API's clients read them as they came.
 */
export const withoutCounts = (usage: JsonObject): JsonObject =>
  compactionsIn(usage).length > 0 ? usage : without(usage, COUNTED);

export const splitUsage = (usage: JsonObject): Usage => ({
  ...compactionsIn(usage).map(splitCounts).reduce(addUsage, splitCounts(usage)),
  ...servedIn(usage.service_tier, usage.speed),
  ...readCalls(usage),
});

function splitCounts(usage: JsonObject): Usage {
  const output = asCount(usage.output_tokens) ?? 0;
  const reasoningTokens = Math.min(output, asCount(asObject(usage.output_tokens_details)?.thinking_tokens) ?? 0);
  const written = asCount(usage.cache_creation_input_tokens) ?? 0;
  const forAnHour = asCount(asObject(usage.cache_creation)?.ephemeral_1h_input_tokens) ?? 0;
  const cacheWrite1hTokens = Math.min(written, forAnHour);
  return {
    ...NO_USAGE,
    inputTokens: asCount(usage.input_tokens) ?? 0,
    cacheReadTokens: asCount(usage.cache_read_input_tokens) ?? 0,
    cacheWriteTokens: written - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: output - reasoningTokens,
    reasoningTokens,
  };
}
