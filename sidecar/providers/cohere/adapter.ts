/** Cohere's own service. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { cohereChatWire } from '#sidecar/wires/cohere-chat/cohere-chat';
import { cohereEmbedWire } from '#sidecar/wires/cohere-embed/cohere-embed';
import { rerankWire } from '#sidecar/wires/rerank/rerank';

export const cohere: ProviderAdapter = {
  type: 'Cohere',
  telemetryName: 'cohere',
  wires: [cohereChatWire, cohereEmbedWire, rerankWire('Cohere', '/v2/rerank')],
  headers: bearerKey,
  requestIdHeader: 'x-debug-trace-id',
  // Its models that reason show it, and are asked to (docs.cohere.com/docs/reasoning).
  shownOutput: { always: /^(?:command|c4ai)/ },
};
