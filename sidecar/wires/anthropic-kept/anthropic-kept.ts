/** What Anthropic's accounts keep, one wire per API. What a batch used is told line by line in its results, which nobody reads here. */
import { mapError } from '#sidecar/wires/anthropic-messages/map-error';
import { type KeptWire, keptWire } from '#sidecar/wires/kept-wire';

export const anthropicKeptWires: readonly KeptWire[] = ['anthropic-batches', 'anthropic-files'].map((id) =>
  keptWire({
    id,
    name: 'Anthropic',
    prefix: '/v1',
    forwardedHeaders: ['anthropic-beta', 'anthropic-version'],
    mapError,
  }),
);
