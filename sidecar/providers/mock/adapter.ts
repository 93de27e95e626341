/** Mock: answers inside the sidecar, in OpenAI's format, and names itself. See `answer.ts`. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { openaiChatWire } from '#sidecar/wires/openai-chat/openai-chat';

export const mock: ProviderAdapter = {
  type: 'Mock',
  telemetryName: 'remora.mock',
  wires: [
    openaiChatWire({
      name: 'Mock',
      maxTokensKey: 'max_completion_tokens',
      hasDeveloperRole: true,
      reasoningKeys: ['reasoning_content'],
      lacks: [],
    }),
  ],
  headers: bearerKey,
  requestIdHeader: 'x-request-id',
  shownOutput: { always: /^/ },
};
