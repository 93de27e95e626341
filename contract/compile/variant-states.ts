/** What became of the variants of a rule, as the status of its AIRoute says, for as long as it is about what the rule states. */
import type { PolicyVariant } from '#contract/policy/policy';
import { experimentId } from '#contract/policy/variant-counts';
import type { AIRoute, AIRouteRule, AIRouteVariant } from '#contract/resources/ai-route';
import type { VariantRollback, VariantStatus } from '#contract/resources/route-variant';

export type JudgedVariant = AIRouteVariant & Pick<PolicyVariant, 'state'>;

/** Another id whenever the variants, or the requests that they are about, are stated differently: then all begins anew. */
export const experimentOf = (
  { metadata }: AIRoute,
  { match, when, variants }: Pick<AIRouteRule, 'match' | 'when' | 'variants'>,
): string => experimentId({ uid: metadata.uid, match, when, variants });

/** No more is kept of figures that change all the time: they decide nothing here. */
export const decidedOf = ({
  status,
}: AIRoute): Pick<VariantStatus, 'rule' | 'name' | 'mode' | 'experiment' | 'state'>[] =>
  (status?.variants ?? []).flatMap(({ rule, name, mode, experiment, state }) =>
    state === undefined || state === 'Running' ? [] : [{ rule, name, mode, experiment, state }],
  );

export function withStates(
  variants: readonly AIRouteVariant[],
  route: AIRoute,
  experiment: string,
): readonly JudgedVariant[] {
  const decided = decidedOf(route).filter((row) => row.experiment === experiment);
  if (decided.length === 0) return variants;
  return variants.map((variant) => {
    const state = decided.find(({ name }) => name === variant.name)?.state;
    return state === undefined || state === 'Running' ? variant : { ...variant, state };
  });
}

/** What a pod can judge without the others. */
export const podRollback = (rollback: VariantRollback | undefined): Pick<PolicyVariant, 'rollback'> =>
  rollback?.errorPercent === undefined
    ? {}
    : { rollback: { errorPercent: rollback.errorPercent, minRequests: rollback.minRequests } };

export interface StatedExperiment {
  readonly experiment: string;
  /** Index of its rule. */
  readonly rule: number;
  readonly variants: readonly AIRouteVariant[];
}

/** Of the rules of a route that have variants. */
export function statedExperiments(route: AIRoute): readonly StatedExperiment[] {
  const { rules = [], variants: short } = route.spec;
  const stated = short === undefined ? rules : [{ variants: short }];
  return stated.flatMap(({ variants = [], ...rule }, index) =>
    variants.length === 0 ? [] : [{ experiment: experimentOf(route, { ...rule, variants }), rule: index, variants }],
  );
}
