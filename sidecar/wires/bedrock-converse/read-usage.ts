/** Converse usage → kinds that do not overlap. `inputTokens` excludes what was read from or written to a cache; reasoning is not told apart. */
import type { JsonObject } from '#sidecar/canonical/json';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject, asObjects } from '#sidecar/wires/read-field';

/** Usage of an answer or of a `metadata` event, where it carries one. */
export function readUsage(body: JsonObject): Usage | undefined {
  const usage = asObject(body.usage);
  if (usage === undefined) return undefined;
  const written = asCount(usage.cacheWriteInputTokens) ?? 0;
  const cacheWrite1hTokens = Math.min(written, writtenForAnHour(usage));
  return {
    ...NO_USAGE,
    inputTokens: asCount(usage.inputTokens) ?? 0,
    cacheReadTokens: asCount(usage.cacheReadInputTokens) ?? 0,
    cacheWriteTokens: written - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: asCount(usage.outputTokens) ?? 0,
  };
}

const writtenForAnHour = ({ cacheDetails }: JsonObject): number =>
  asObjects(cacheDetails).reduce(
    (sum, { ttl, inputTokens }) => sum + (ttl === '1h' ? (asCount(inputTokens) ?? 0) : 0),
    0,
  );
