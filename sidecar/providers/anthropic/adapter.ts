/** Anthropic's own service. */
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { anthropicCountTokensWire } from '#sidecar/wires/anthropic-count-tokens/anthropic-count-tokens';
import { anthropicKeptWires } from '#sidecar/wires/anthropic-kept/anthropic-kept';
import { anthropicMessagesWire } from '#sidecar/wires/anthropic-messages/anthropic-messages';
import { SHOWN_BY_CLAUDE } from '#sidecar/wires/anthropic-messages/shown-output';

const API_VERSION = '2023-06-01';

export const anthropic: ProviderAdapter = {
  type: 'Anthropic',
  telemetryName: 'anthropic',
  wires: [anthropicMessagesWire, anthropicCountTokensWire, ...anthropicKeptWires],
  headers: ({ credential }): Readonly<Record<string, string>> => ({
    'anthropic-version': API_VERSION,
    ...(credential !== null && { 'x-api-key': credential }),
  }),
  requestIdHeader: 'request-id',
  limitHeaders: ['requests', 'tokens'].map((what) => ({
    remaining: `anthropic-ratelimit-${what}-remaining`,
    reset: `anthropic-ratelimit-${what}-reset`,
  })),
  shownOutput: SHOWN_BY_CLAUDE,
};
