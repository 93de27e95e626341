/** Tokens of one answer in six kinds that do not overlap, so that each can have its own price. */
export interface Usage {
  /** Input neither read from nor written to a prompt cache. */
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** Output without reasoning and audio. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly audioTokens: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  audioTokens: 0,
};

export const totalInputTokens = (usage: Usage): number =>
  usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
export const totalOutputTokens = (usage: Usage): number =>
  usage.outputTokens + usage.reasoningTokens + usage.audioTokens;
