/** What an AIRoute says of its cache, made ready to make keys. */
import { createHash } from 'node:crypto';
import type { PolicyGuardrail, PolicyRoute } from '#contract/policy/policy';

export interface CompiledCache {
  readonly ttlMs: number;
  readonly scope: NonNullable<PolicyRoute['cache']>['scope'];
  /** Another one whenever the AIRoute or a guardrail is stated differently: what was answered before is an answer to another question then. */
  readonly seed: string;
}

export const compileCache = (
  route: PolicyRoute,
  guardrails: readonly PolicyGuardrail[],
): { readonly cache?: CompiledCache } =>
  route.cache === undefined
    ? {}
    : {
        cache: {
          ...route.cache,
          seed: createHash('sha256')
            .update(JSON.stringify([route, guardrails]))
            .digest('hex'),
        },
      };
