/** An AIKey made ready to judge requests that come with its token. */
import type { Policy } from '#contract/policy/policy';
import type { PolicyKey } from '#contract/policy/policy-key';
import { compileGlob, type Glob } from './glob.ts';
import { type LimitSets, limitsOfKeys } from './limit-sets.ts';
import type { CompiledRequirement } from './requirement.ts';

export interface CompiledKey {
  /** `namespace/name`. */
  readonly name: string;
  /** `AIKey namespace/name`, for messages. */
  readonly object: string;
  /** What it says of who asks, in place of what the workload and the request say. */
  readonly attribution: Partial<Record<'team' | 'project' | 'environment', string>>;
  readonly user: string | undefined;
  /** Empty: all. */
  readonly models: readonly Glob[];
  readonly requirements: readonly CompiledRequirement[];
  /** Its own; undefined: it has none. */
  readonly budgets: LimitSets | undefined;
  /** Unix milliseconds; undefined: never. */
  readonly expiresAtMs: number | undefined;
  readonly isRevoked: boolean;
}

/** By the digest of the token. Of two with one token the first counts. */
export type CompiledKeys = ReadonlyMap<string, CompiledKey>;

export function compileKeys({ keys, budgets }: Pick<Policy, 'keys' | 'budgets'>): CompiledKeys {
  const limits = limitsOfKeys(budgets);
  const compiled = new Map<string, CompiledKey>();
  for (const key of keys) if (!compiled.has(key.digest)) compiled.set(key.digest, compileKey(key, limits.get(key.key)));
  return compiled;
}

function compileKey(
  { key, identity, models, require, expiresAtMs, revoked }: PolicyKey,
  budgets: LimitSets | undefined,
): CompiledKey {
  const object = `AIKey ${key}`;
  const { user, ...attribution } = identity ?? {};
  return {
    ...{ name: key, object, attribution, user, expiresAtMs, budgets },
    models: models.map(compileGlob),
    requirements:
      require.length === 0 ? [] : [{ policy: object, object, isObserved: false, when: undefined, tags: require }],
    isRevoked: revoked === true,
  };
}

export const mayAsk = ({ models }: CompiledKey, model: string): boolean =>
  models.length === 0 || models.some((glob) => glob.matches(model));
