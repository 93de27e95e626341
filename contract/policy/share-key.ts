/**
 * What is shared over the fleet has a key: the requests of a route, the attempts at a provider, or those at one of its models. Both
 * planes name it by these functions, and the operator hears of no key that a workload's policy does not name.
 */
import type { Policy, PolicyProvider, PolicyTarget } from './policy.ts';

/** Requests under way through an AIRoute, by its `namespace/name`. */
export const routeShareKey = (route: string): string => `route:${route}`;

/** Attempts under way at an AIProvider, by its `namespace/name`. */
export const providerShareKey = (provider: string): string => `provider:${provider}`;

/** The same of one of its models. */
export const modelShareKey = (provider: string, model: string): string => `provider:${provider}/${model}`;

/** Of a key of attempts: the AIProvider, and its model; of one of a whole provider the model is empty. undefined: it is another key. */
export function providerOfKey(key: string): { readonly provider: string; readonly model: string } | undefined {
  const [, provider, model = ''] = /^provider:([^/]+\/[^/]+)(?:\/(.*))?$/s.exec(key) ?? [];
  return provider === undefined ? undefined : { provider, model };
}

/** That of the whole provider, of a key of one of its models; undefined: there is none around it. */
export function widerShareKey(key: string): string | undefined {
  const of = providerOfKey(key);
  return of === undefined || of.model === '' ? undefined : providerShareKey(of.provider);
}

/**
 * The key under which an attempt counts beside that of its whole provider, and under which a provider's refusals for its rate are counted.
 * A target that passes the asked name on counts each model that has a limit of its own by itself, and all others together as `*`.
 *
 * @param asked The model that the provider is asked for.
 */
export function attemptShareKey(provider: PolicyProvider, target: Pick<PolicyTarget, 'model'>, asked: string): string {
  const hasLimit = provider.limits?.some(({ model }) => model === asked) ?? false;
  return modelShareKey(provider.key, hasLimit ? asked : target.model);
}

/** All keys that the policy names, each with the bound that is stated for it; null: none is. */
export function shareKeysOf({ providers, routes }: Policy): ReadonlyMap<string, number | null> {
  const keys = new Map<string, number | null>();
  for (const { key, concurrency } of routes)
    if (concurrency?.fleet) keys.set(routeShareKey(key), concurrency.fleet.max);
  for (const { provider, model } of targetsOf(routes)) keys.set(modelShareKey(provider, model), null);
  for (const { key, limits = [] } of providers) {
    keys.set(providerShareKey(key), null);
    for (const { model, concurrency } of limits)
      keys.set(model === undefined ? providerShareKey(key) : modelShareKey(key, model), concurrency);
  }
  return keys;
}

function* targetsOf(routes: Policy['routes']): Iterable<PolicyTarget> {
  for (const { targets, fallbacks, variants = [] } of routes.flatMap(({ rules }) => rules)) {
    yield* targets;
    yield* fallbacks;
    for (const { target } of variants) yield target;
  }
}
