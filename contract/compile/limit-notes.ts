/** What the owner of a limit should know of it: that nothing which exists can count against it, since of what it matches something is not there. */
import { KIND } from '#contract/names/api';
import { mayCount } from '#contract/policy/limit-where';
import type { PolicyBudget } from '#contract/policy/policy';
import type { Limit } from '#contract/resources/limit';
import { means, type TARGET_SCOPES } from '#contract/resources/limit-names';
import type { Analysis } from './analysis.ts';
import { type Asked, type Limiting, meansItself, OWN_SCOPE, policyBudget, statedLimits } from './compile-budgets.ts';
import { targetsOf } from './compile-route.ts';
import { namespacedName } from './object-key.ts';
import type { Snapshot } from './snapshot.ts';

interface Scene {
  readonly snapshot: Snapshot;
  readonly analysis: Analysis;
}

type TargetScope = (typeof TARGET_SCOPES)[number];
type NotedScope = TargetScope | 'key';

/** From what a user is likely to have meant as a whole to its details. */
const ORDER: readonly TargetScope[] = ['route', 'provider', 'model'];

const MISSING: Record<TargetScope, (value: string) => string> = {
  route: (value) => `there is no AIRoute ${value} here that has a target`,
  provider: (value) => `no target of the AIRoutes that this covers is of an AIProvider ${value}`,
  model: (value) => `no target of the AIRoutes that this covers is the model ${value}`,
};

export function limitNotes(object: Limiting, scene: Scene): string[] {
  const limits = statedLimits(object);
  if (limits.every(({ match }) => [...ORDER, 'key' as const].every((scope) => match[scope] === undefined))) return [];
  const asked = askedUnder(object, scene);
  return limits.flatMap((limit) => {
    const field = (scope: NotedScope): string => `${pathOf(object, limit, scope)}: never applies, since`;
    const own = OWN_SCOPE[object.kind];
    if (own !== undefined && !meansItself(object, limit))
      return [`${field(own)} limits of an ${object.kind} hold for itself alone`];
    const { where = {} } = policyBudget(object, limit);
    if (where.key !== undefined && !isThere(where.key, object, scene))
      return [`${field('key')} there is no AIKey ${where.key} here`];
    const unmet = unmetScope(where, asked);
    const value = unmet && limit.match[unmet];
    return unmet === undefined || value === undefined ? [] : [`${field(unmet)} ${MISSING[unmet](value)}`];
  });
}

/** Keys of a platform namespace and of the object's own, or all where it is the platform's. */
function isThere(stated: string, { metadata }: Limiting, { snapshot, analysis }: Scene): boolean {
  const isPlatform = (namespace: string): boolean => snapshot.platformNamespaces.has(namespace);
  return analysis.keys
    .filter(
      ({ metadata: { namespace } }) =>
        namespace === metadata.namespace || isPlatform(namespace) || isPlatform(metadata.namespace),
    )
    .some((key) => means(stated, namespacedName(key)));
}

function pathOf({ spec }: Limiting, { name }: Limit, scope: NotedScope): string {
  const index = (spec.limits ?? []).findIndex((one) => one.name === name);
  const stated = spec.limits?.[index];
  const isBeside = stated !== undefined && 'model' in stated && stated.model !== undefined && scope === 'model';
  return `spec.limits[${index}].${isBeside ? scope : `match.${scope}`}`;
}

/** Where the object's limits could count: a team's own routes, or all where it is the platform's. */
function askedUnder({ kind, metadata }: Limiting, { snapshot, analysis }: Scene): Asked[] {
  const isPlatform = kind !== KIND.route && snapshot.platformNamespaces.has(metadata.namespace);
  return [...analysis.routes.values()]
    .filter(({ source }) => isPlatform || source.metadata.namespace === metadata.namespace)
    .flatMap(({ route }) => targetsOf(route).map((target) => ({ route: route.key, target })));
}

/** The first by which nothing is left; undefined: something is. */
function unmetScope(where: NonNullable<PolicyBudget['where']>, asked: readonly Asked[]): TargetScope | undefined {
  let left = asked;
  return ORDER.find((scope) => {
    const value = where[scope];
    if (value === undefined) return false;
    left = left.filter(({ route, target }) => mayCount({ where: { [scope]: value } }, route, target));
    return left.length === 0;
  });
}
