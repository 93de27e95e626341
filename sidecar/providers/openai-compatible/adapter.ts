/** Any server that speaks Chat Completions. Without a preset it is asked in the older, wider spoken words. */
import type { PolicyProvider } from '#contract/policy/policy';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { COMMON_LIMIT_HEADERS } from '#sidecar/providers/limit-headers';
import { openaiOperations } from '#sidecar/providers/openai-operations';
import { openaiChatWire } from '#sidecar/wires/openai-chat/openai-chat';
import { rerankWire } from '#sidecar/wires/rerank/rerank';
import { PRESET_ROWS } from './presets.ts';
import { shownOutputOf } from './shown-output.ts';

const UNKNOWN_SERVER = {
  telemetryName: 'openai_compatible',
  requestIdHeader: 'x-request-id',
  wire: {
    name: 'an OpenAI-compatible server',
    maxTokensKey: 'max_tokens',
    hasDeveloperRole: false,
    reasoningKeys: ['reasoning_content'],
    lacks: [],
  },
} as const;

export function openaiCompatible({ preset }: Pick<PolicyProvider, 'preset'>): ProviderAdapter {
  const { telemetryName, requestIdHeader, wire } = preset === undefined ? UNKNOWN_SERVER : PRESET_ROWS[preset];
  const shownOutput = shownOutputOf(preset);
  return {
    type: 'OpenAICompatible',
    telemetryName,
    wires: [openaiChatWire(wire), ...openaiOperations(wire.name), rerankWire(wire.name, '/rerank')],
    headers: bearerKey,
    requestIdHeader,
    limitHeaders: COMMON_LIMIT_HEADERS,
    ...(shownOutput !== undefined && { shownOutput }),
  };
}
