/** OpenAI's own service. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { COMMON_LIMIT_HEADERS } from '#sidecar/providers/limit-headers';
import { openaiOperations } from '#sidecar/providers/openai-operations';
import { openaiChatWire } from '#sidecar/wires/openai-chat/openai-chat';
import { REASONING_MODELS, SHOWN_BY_OPENAI } from '#sidecar/wires/openai-chat/reasoning-models';
import { openaiKeptWires } from '#sidecar/wires/openai-kept/openai-kept';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';

export const openai: ProviderAdapter = {
  type: 'OpenAI',
  telemetryName: 'openai',
  wires: [
    openaiChatWire({
      name: 'OpenAI',
      maxTokensKey: 'max_completion_tokens',
      hasDeveloperRole: true,
      reasoningKeys: [],
      lacks: ['top_k'],
      modelLacks: REASONING_MODELS,
    }),
    openaiResponsesWire({ name: 'OpenAI' }),
    ...openaiOperations('OpenAI'),
    ...openaiKeptWires('OpenAI'),
  ],
  headers: bearerKey,
  requestIdHeader: 'x-request-id',
  limitHeaders: COMMON_LIMIT_HEADERS,
  shownOutput: SHOWN_BY_OPENAI,
};
