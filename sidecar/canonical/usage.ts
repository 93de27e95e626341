/** Tokens of one answer in kinds that do not overlap, so that each can have its own price, and calls of the provider's own tools. */
import { addCalls, type ToolCalls, withCalls } from './hosted-tools.ts';

export interface Usage {
  /** Input of text, and of any kind that the provider does not tell apart, neither read from nor written to a prompt cache. */
  readonly inputTokens: number;
  readonly inputAudioTokens: number;
  readonly inputImageTokens: number;
  readonly cacheReadTokens: number;
  /** Kept for five minutes, or as long as the provider does where nobody asks. */
  readonly cacheWriteTokens: number;
  /** Kept for an hour. */
  readonly cacheWrite1hTokens: number;
  /** Output without reasoning, audio and images. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly outputAudioTokens: number;
  readonly outputImageTokens: number;
  /** The tier of service that it was billed in, where that is not the standard one. */
  readonly serviceTier?: string;
  /** Calls of tools that the provider ran and bills. Absent: none that it tells. */
  readonly toolCalls?: ToolCalls;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  inputAudioTokens: 0,
  inputImageTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  outputAudioTokens: 0,
  outputImageTokens: 0,
};

export const totalCacheWriteTokens = (usage: Usage): number => usage.cacheWriteTokens + usage.cacheWrite1hTokens;
export const totalInputTokens = (usage: Usage): number =>
  usage.inputTokens +
  usage.inputAudioTokens +
  usage.inputImageTokens +
  usage.cacheReadTokens +
  totalCacheWriteTokens(usage);
export const totalOutputTokens = (usage: Usage): number =>
  usage.outputTokens + usage.reasoningTokens + usage.outputAudioTokens + usage.outputImageTokens;

export const addUsage = (a: Usage, b: Usage): Usage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  inputAudioTokens: a.inputAudioTokens + b.inputAudioTokens,
  inputImageTokens: a.inputImageTokens + b.inputImageTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  cacheWrite1hTokens: a.cacheWrite1hTokens + b.cacheWrite1hTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  outputAudioTokens: a.outputAudioTokens + b.outputAudioTokens,
  outputImageTokens: a.outputImageTokens + b.outputImageTokens,
  ...withCalls(addCalls(a.toolCalls, b.toolCalls)),
});
