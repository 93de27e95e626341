/** Which AIKeys the requests of a workload may come with, and what each says of them. Tokens are nowhere: a key without the digest of one is left out. */
import type { PolicyKey } from '#contract/policy/policy-key';
import type { AIKey } from '#contract/resources/ai-key';
import { KEY_SCOPES } from '#contract/resources/limit-names';
import type { KeyValues } from './compile-budgets.ts';
import { namespacedName } from './object-key.ts';

type IsPlatform = (key: AIKey) => boolean;

/** Those that cover the workload and have a token. */
export const keysFor = (keys: readonly AIKey[], covers: (key: AIKey) => boolean): AIKey[] =>
  keys.filter((key) => key.status?.tokenDigest !== undefined && covers(key));

/** A token that stands in two Secrets is the key of the platform's; no team takes it over. */
export function policyKeys(keys: readonly AIKey[], isPlatform: IsPlatform): PolicyKey[] {
  const ordered = [...keys.filter(isPlatform), ...keys.filter((key) => !isPlatform(key))];
  return ordered.map((key) => policyKey(key, isPlatform));
}

function policyKey(key: AIKey, isPlatform: IsPlatform): PolicyKey {
  const { models, require, expiresAt, revoked } = key.spec;
  const identity = identityOf(key, isPlatform);
  return {
    key: namespacedName(key),
    digest: key.status?.tokenDigest ?? '',
    ...(identity && { identity }),
    models,
    require,
    ...(expiresAt !== undefined && { expiresAtMs: Date.parse(expiresAt) }),
    ...(revoked && { revoked }),
  };
}

/** Elsewhere than in platform namespaces a key names the user alone. */
function identityOf(key: AIKey, isPlatform: IsPlatform): PolicyKey['identity'] {
  const { identity = {} } = key.spec;
  const own = isPlatform(key) ? identity : { user: identity.user };
  const stated = Object.entries(own).filter(([, value]) => value !== undefined);
  return stated.length === 0 ? undefined : Object.fromEntries(stated);
}

/** What they say in place of the workload, each different thing once. */
export function valuesOfKeys(keys: readonly AIKey[], isPlatform: IsPlatform): KeyValues[] {
  const stated = keys.map((key): KeyValues => {
    const identity = identityOf(key, isPlatform) ?? {};
    return Object.fromEntries(
      KEY_SCOPES.flatMap((scope) => (identity[scope] === undefined ? [] : [[scope, identity[scope]]])),
    );
  });
  return [...new Map(stated.map((values) => [JSON.stringify(values), values])).values()];
}
