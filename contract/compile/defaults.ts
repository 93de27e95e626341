/** What a policy says where a resource is silent. */
import type { ProviderType } from '#contract/resources/ai-provider';

/** Milliseconds. */
export const DEFAULT_TIMEOUTS = {
  connectMs: 5_000,
  firstTokenMs: 60_000,
  idleMs: 60_000,
  totalMs: 600_000,
} as const;

/** Base URLs without a trailing slash; empty where there is no upstream or no default. */
export const DEFAULT_ENDPOINTS: Readonly<Record<ProviderType, string>> = {
  OpenAI: 'https://api.openai.com/v1',
  Anthropic: 'https://api.anthropic.com',
  OpenAICompatible: '',
  Mock: '',
};
