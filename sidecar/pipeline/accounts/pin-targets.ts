/** Leaves of a rule's targets those of the account that keeps what the request names: another one would answer that there is no such thing. */
import type { CanonicalRequest } from '#sidecar/canonical/request';
import type { Call } from '#sidecar/pipeline/call';
import type { CompiledProvider, CompiledTarget } from '#sidecar/pipeline/policy/snapshot';
import { callerHeader } from '#sidecar/pipeline/request-recorder';
import { accountOf } from './account-of.ts';
import type { Keepers } from './keepers.ts';

export interface PinQuestion {
  readonly call: Call;
  readonly request: CanonicalRequest;
  readonly keepers: Keepers;
}

/** Throws `account_unresolved`. */
export function pinTargets(
  targets: readonly CompiledTarget[],
  { call, request, keepers }: PinQuestion,
): readonly CompiledTarget[] {
  const { dialect } = call.endpoint;
  if (dialect.keeping === undefined) return targets;
  const stated = callerHeader(call, 'provider');
  // What a route's only account does not have, none has.
  if (stated === undefined && targets.every(({ provider }) => provider === targets[0]?.provider)) return targets;
  const keeping = dialect.keeping(request);
  if (keeping === undefined || (keeping.names.length === 0 && stated === undefined)) return targets;
  const able = targets.filter(({ provider }) => speaks(provider, keeping.by));
  // Nobody can keep it: what then becomes of the request is for each target's wire to say.
  if (able.length === 0) return targets;
  const accounts = able.map(({ provider }) => provider);
  const account = accountOf({ accounts, keeping, stated, keepers });
  return account === undefined ? targets : able.filter(({ provider }) => provider.policy.key === account);
}

export const speaks = ({ adapter }: CompiledProvider, wire: string): boolean =>
  adapter.wires.some(({ id }) => id === wire);
