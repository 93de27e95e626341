/** Which limits a workload falls under: those of AIBudgets, of the AIRoutes that serve it, of the AIProviders that these lead to, and of AIKeys. */
import { KIND } from '#contract/names/api';
import { type LimitOwner, limitIdOf, partitionsOf } from '#contract/policy/book-id';
import { mayCount } from '#contract/policy/limit-where';
import { nanoUsd, picoPerToken } from '#contract/policy/money';
import type { PolicyBudget, PolicyTarget } from '#contract/policy/policy';
import type { AIBudget } from '#contract/resources/ai-budget';
import type { AIKey } from '#contract/resources/ai-key';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { AIRoute } from '#contract/resources/ai-route';
import { statedAmounts, unitOf } from '#contract/resources/budget-unit';
import { durationMs } from '#contract/resources/fields';
import type { Limit } from '#contract/resources/limit';
import {
  BUDGET_SCOPES,
  KEY_SCOPES,
  means,
  REQUEST_SCOPES,
  TARGET_SCOPES,
  type WORKLOAD_SCOPES,
} from '#contract/resources/limit-names';
import { spendingOf } from '#contract/resources/provider-limit';
import { namespacedName } from './object-key.ts';
import { policyTimeZone } from './time-zone.ts';
import type { Workload } from './workload.ts';

/** An object that states limits. */
export type Limiting = AIBudget | AIRoute | AIProvider | AIKey;

type WorkloadScope = (typeof WORKLOAD_SCOPES)[number];
/** Of a workload; what is undefined is not known of it. */
export type WorkloadValues = Partial<Record<WorkloadScope, string | undefined>>;

/** As they are stated, in the order of the object. */
export function statedLimits(object: Limiting): readonly Limit[] {
  switch (object.kind) {
    case 'AIBudget':
    case 'AIKey':
      return object.spec.limits;
    case 'AIRoute':
      return object.spec.limits ?? [];
    case 'AIProvider':
      return spendingOf(object.spec.limits ?? []);
  }
}

const MATCHES: Record<WorkloadScope, (stated: string, value: string) => boolean> = {
  team: (stated, value) => stated === value,
  project: (stated, value) => stated === value,
  environment: (stated, value) => stated === value,
  namespace: (stated, value) => stated === value,
  workload: means,
};

const SCOPES = Object.keys(MATCHES) as WorkloadScope[];

/** Every stated value must hold; a value that is not known does as `ofUnknown` says. */
const matches = ({ match }: Limit, values: WorkloadValues, ofUnknown: boolean): boolean =>
  SCOPES.every((scope) => {
    const [stated, value] = [match[scope], values[scope]];
    if (stated === undefined) return true;
    return value === undefined ? ofUnknown : MATCHES[scope](stated, value);
  });

const valuesOf = ({ serviceAccount, ...workload }: Workload): WorkloadValues => ({
  ...workload,
  workload: `${workload.namespace}/${serviceAccount}`,
});

const ownerOf = ({ kind, metadata: { namespace, name } }: Limiting): LimitOwner => ({ kind, namespace, name });

/** What a route, a provider or a key states holds for itself alone. */
export const OWN_SCOPE = { AIBudget: undefined, AIRoute: 'route', AIProvider: 'provider', AIKey: 'key' } as const;

function whereOf(object: Limiting, { match }: Limit): NonNullable<PolicyBudget['where']> {
  const stated = [...TARGET_SCOPES, ...REQUEST_SCOPES].flatMap((scope) => {
    const value = match[scope];
    return value === undefined ? [] : [[scope, value] as const];
  });
  const own = OWN_SCOPE[object.kind];
  return { ...Object.fromEntries(stated), ...(own && { [own]: namespacedName(object) }) };
}

/** Whether what a route, a provider or a key states of itself in `match` is itself. */
export function meansItself(object: Limiting, { match }: Limit): boolean {
  const own = OWN_SCOPE[object.kind];
  const stated = own && match[own];
  return stated === undefined || means(stated, namespacedName(object));
}

/** As sidecars know it, whatever the workload. */
export function policyBudget(object: Limiting, limit: Limit): PolicyBudget {
  const where = whereOf(object, limit);
  const isMoney = limit.usd !== undefined;
  return {
    id: limitIdOf(ownerOf(object), limit.name),
    budget: namespacedName(object),
    ...(object.kind !== KIND.budget && { kind: object.kind }),
    limit: limit.name,
    scope: BUDGET_SCOPES.flatMap((scope) => {
      const value = limit.match[scope];
      return value === undefined ? [] : [{ scope, value }];
    }),
    ...(Object.keys(where).length > 0 && { where }),
    per: partitionsOf(limit.per),
    ...(limit.shadows !== 'Include' && { shadows: limit.shadows }),
    ...amountOf(limit),
    every: limit.every,
    ...(object.kind === KIND.budget && zoneOf(object, limit)),
    ...severityOf(object, limit),
    ...(isMoney && object.kind === KIND.budget && ceilingOf(object)),
    ...excessOf(object, limit),
    ...(object.kind === KIND.budget && stopOf(object)),
  };
}

function amountOf(limit: Limit): Pick<PolicyBudget, 'unit' | 'amount'> {
  const [field = 'usd'] = statedAmounts(limit);
  return { unit: unitOf(field), amount: String(limit.usd === undefined ? (limit[field] ?? 0) : nanoUsd(limit.usd)) };
}

const ZONED: ReadonlySet<Limit['every']> = new Set(['Hour', 'Day', 'Week', 'Month']);

function zoneOf({ spec: { timezone } }: AIBudget, { every }: Limit): Pick<PolicyBudget, 'timezone'> {
  const zone = ZONED.has(every) && timezone !== 'UTC' ? policyTimeZone(timezone) : undefined;
  return zone === undefined ? {} : { timezone: zone };
}

const isSoft = (object: Limiting, { onExceeded }: Limit): boolean =>
  onExceeded === 'Alert' || (object.kind === KIND.budget && object.spec.mode === 'Shadow');

/** What refuses nothing need not be told when not to. */
function severityOf(object: Limiting, limit: Limit): Pick<PolicyBudget, 'soft' | 'operatorLoss'> {
  if (isSoft(object, limit)) return { soft: true };
  if (object.kind !== KIND.budget || object.spec.operatorLoss === 'SpendGrant') return {};
  return { operatorLoss: object.spec.operatorLoss };
}

function excessOf(object: Limiting, limit: Limit): Partial<PolicyBudget> {
  const { onExceeded, queueFor, downgradeTo } = limit;
  if (onExceeded === 'Reject' || onExceeded === 'Alert' || isSoft(object, limit)) return {};
  return {
    onExceeded,
    ...(queueFor !== undefined && { queueForMs: durationMs(queueFor) }),
    ...(downgradeTo !== undefined && { downgradeTo }),
  };
}

const stopOf = ({ spec: { stop, stopReason: reason, stopInFlight } }: AIBudget): Pick<PolicyBudget, 'stop'> =>
  stop ? { stop: { ...(reason !== undefined && { reason }), ...(stopInFlight && { inFlight: true as const }) } } : {};

const ceilingOf = ({ spec: { priceCeiling: stated } }: AIBudget): Pick<PolicyBudget, 'priceCeiling'> =>
  stated === undefined
    ? {}
    : {
        priceCeiling: {
          inputPico: String(picoPerToken(stated.inputUsdPerMillion)),
          outputPico: String(picoPerToken(stated.outputUsdPerMillion)),
        },
      };

/** What an AIKey says of requests in place of their workload. */
export type KeyValues = Partial<Record<(typeof KEY_SCOPES)[number], string | undefined>>;

/** The limits of one object that apply to a workload, or to what comes from it with one of `keys`, in the order of the object. */
export const limitsFor = (object: Limiting, workload: Workload, keys: readonly KeyValues[] = []): PolicyBudget[] =>
  statedLimits(object).flatMap((limit) => {
    if (!meansItself(object, limit)) return [];
    const own = valuesOf(workload);
    const verdicts = [{}, ...keys].map((values) => matches(limit, { ...own, ...values }, false));
    if (!verdicts.includes(true)) return [];
    const budget = policyBudget(object, limit);
    return [verdicts.includes(false) ? { ...budget, where: { ...budget.where, ...keyWhere(limit) } } : budget];
  });

/** Where the workload alone does not decide, the request does. */
const keyWhere = ({ match }: Limit): NonNullable<PolicyBudget['where']> =>
  Object.fromEntries(KEY_SCOPES.flatMap((scope) => (match[scope] === undefined ? [] : [[scope, match[scope]]])));

/** Where a target is asked. */
export interface Asked {
  /** `namespace/name` of the AIRoute. */
  readonly route: string;
  readonly target: Pick<PolicyTarget, 'provider' | 'model'>;
}

/** Whether a money limit that refuses unknown prices may cover such an attempt of pods of which only `known` is known. */
export const mayRefuseUnpriced = (object: Limiting, known: WorkloadValues, { route, target }: Asked): boolean =>
  (object.kind !== KIND.budget || object.spec.unknownPrice === 'Reject') &&
  statedLimits(object).some(
    (limit) =>
      limit.usd !== undefined &&
      !isSoft(object, limit) &&
      matches(limit, known, true) &&
      meansItself(object, limit) &&
      mayCount(policyBudget(object, limit), route, target),
  );
