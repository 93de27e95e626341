/** Which tokens count on which metric: all input and all output by modality, and what of them has a price of its own. */
import { METRIC, type MetricDescriptor } from '#contract/names/metrics';
import { totalCacheWriteTokens, totalInputTokens, totalOutputTokens, type Usage } from '#sidecar/canonical/usage';
import type { Count, Labels, Metric } from './series.ts';

interface Row {
  readonly metric: MetricDescriptor;
  readonly modality?: 'unknown' | 'text' | 'audio' | 'image';
  /** Counted even when it is 0, so that the series is there. */
  readonly always?: true;
  tokens(usage: Usage): number;
}

const ROWS: readonly Row[] = [
  {
    metric: METRIC.inputTokens,
    modality: 'unknown',
    always: true,
    tokens: (usage) => totalInputTokens(usage) - usage.inputAudioTokens - usage.inputImageTokens,
  },
  { metric: METRIC.inputTokens, modality: 'audio', tokens: (usage) => usage.inputAudioTokens },
  { metric: METRIC.inputTokens, modality: 'image', tokens: (usage) => usage.inputImageTokens },
  {
    metric: METRIC.outputTokens,
    modality: 'text',
    always: true,
    tokens: (usage) => totalOutputTokens(usage) - usage.outputAudioTokens - usage.outputImageTokens,
  },
  { metric: METRIC.outputTokens, modality: 'audio', tokens: (usage) => usage.outputAudioTokens },
  { metric: METRIC.outputTokens, modality: 'image', tokens: (usage) => usage.outputImageTokens },
  { metric: METRIC.cacheReadTokens, tokens: (usage) => usage.cacheReadTokens },
  { metric: METRIC.cacheWriteTokens, tokens: totalCacheWriteTokens },
  { metric: METRIC.reasoningTokens, tokens: (usage) => usage.reasoningTokens },
];

/** `labels`: those that all of them have. */
export function tokenMetrics(
  counter: (descriptor: MetricDescriptor) => Metric<Count>,
): (labels: Labels) => (usage: Usage) => void {
  const metrics = new Map<MetricDescriptor, Metric<Count>>();
  for (const { metric } of ROWS) if (!metrics.has(metric)) metrics.set(metric, counter(metric));
  return (labels) => {
    const counts = ROWS.flatMap(({ metric, modality, ...row }) => {
      const own = modality === undefined ? labels : { ...labels, gen_ai_token_modality: modality };
      const count = metrics.get(metric)?.of(own);
      return count === undefined ? [] : [{ ...row, count }];
    });
    return (usage) => {
      for (const { count, tokens, always } of counts) {
        const more = tokens(usage);
        if (always || more > 0) count.add(more);
      }
    };
  };
}
