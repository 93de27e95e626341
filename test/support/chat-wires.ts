/** Every API for chat that the sidecar speaks to upstreams, once each. */
import { PROVIDER_TYPES } from '#contract/resources/provider-type';
import { adapterFor } from '#sidecar/providers/index';
import type { Wire } from '#sidecar/wires/wire';
import { buildProvider } from './build-policy.ts';

const isChat = (wire: { readonly operation: string }): wire is Wire => wire.operation === 'chat';

export const CHAT_WIRES: readonly Wire[] = [
  ...new Map(
    PROVIDER_TYPES.flatMap((type) => adapterFor(buildProvider('shop/any', { type })).wires)
      .filter(isChat)
      .map((wire) => [wire.id, wire]),
  ).values(),
];
