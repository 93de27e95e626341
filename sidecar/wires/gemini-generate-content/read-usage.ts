/**
 * Usage → kinds that do not overlap. `promptTokenCount` includes what was read from a cache, but not what the provider's own tools
 * put into the prompt; `candidatesTokenCount` excludes thoughts.
 */
import type { JsonObject, JsonValue } from '#sidecar/canonical/json';
import { servedIn } from '#sidecar/canonical/service-tier';
import { NO_USAGE, type Usage } from '#sidecar/canonical/usage';
import { asCount, asObject, asObjects, asString } from '#sidecar/wires/read-field';
import { searchCalls } from './hosted-tools.ts';

/** Usage of an answer or a chunk, where it counts anything: early chunks may only name their traffic. `queries`: of the answer until then. */
export function readUsage(body: JsonObject, queries: Iterable<string> = []): Usage | undefined {
  const usage = asObject(body.usageMetadata);
  const prompt = asCount(usage?.promptTokenCount);
  if (usage === undefined || prompt === undefined) return undefined;
  const cacheReadTokens = Math.min(prompt, asCount(usage.cachedContentTokenCount) ?? 0);
  const output = asCount(usage.candidatesTokenCount) ?? 0;
  const outputAudioTokens = Math.min(output, countOf('AUDIO', usage.candidatesTokensDetails));
  const outputImageTokens = Math.min(output - outputAudioTokens, countOf('IMAGE', usage.candidatesTokensDetails));
  const uncached = prompt - cacheReadTokens;
  const inputAudioTokens = Math.min(uncached, uncachedOf('AUDIO', usage));
  const inputImageTokens = Math.min(uncached - inputAudioTokens, uncachedOf('IMAGE', usage));
  return {
    ...NO_USAGE,
    inputTokens: uncached - inputAudioTokens - inputImageTokens + (asCount(usage.toolUsePromptTokenCount) ?? 0),
    inputAudioTokens,
    inputImageTokens,
    cacheReadTokens,
    outputTokens: output - outputAudioTokens - outputImageTokens,
    reasoningTokens: asCount(usage.thoughtsTokenCount) ?? 0,
    outputAudioTokens,
    outputImageTokens,
    ...servedIn(usage.serviceTier),
    ...searchCalls(queries, asString(body.modelVersion) ?? ''),
  };
}

const countOf = (modality: string, details: JsonValue | undefined): number =>
  asObjects(details).reduce((sum, each) => sum + (each.modality === modality ? (asCount(each.tokenCount) ?? 0) : 0), 0);

const uncachedOf = (modality: string, { promptTokensDetails, cacheTokensDetails }: JsonObject): number =>
  Math.max(0, countOf(modality, promptTokensDetails) - countOf(modality, cacheTokensDetails));
