/** A policy made ready to decide requests: names resolved, patterns compiled, URLs built. Immutable; a request uses one from begin to end. */
import type { Reads } from '#contract/expressions/inspect-syntax';
import { mayCount } from '#contract/policy/limit-where';
import {
  POLICY_FORMAT_VERSION,
  type Policy,
  type PolicyBudget,
  type PolicyGuardrail,
  type PolicyModelRule,
  type PolicyProvider,
  type PolicyRoute,
  type PolicyRule,
  type PolicyTarget,
  type PolicyVariant,
} from '#contract/policy/policy';
import { stopOf } from '#contract/policy/stopped';
import type { Affinity, StrategyName } from '#contract/resources/target-choice';
import type { Guardrails } from '#sidecar/guardrails/guardrail';
import { type CompiledCache, compileCache } from '#sidecar/pipeline/cache/route-cache';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { adapterFor } from '#sidecar/providers/index';
import { MOCK_SCHEME } from '#sidecar/upstream/mock-upstream';
import { type Ceiling, policyCeiling, routeCeilings } from './ceilings.ts';
import { type ClassMatch, classMatchOf } from './class-match.ts';
import { type CompiledKeys, compileKeys } from './compiled-key.ts';
import { type Condition, compileCondition, readsOf } from './condition.ts';
import { compileGlob, type Glob } from './glob.ts';
import { type LimitSets, limitsOfAll } from './limit-sets.ts';
import { compilePriorities, type PriorityRules } from './priority-rule.ts';
import { type CompiledRequirement, compileRequirements } from './requirement.ts';

export type CompileGuardrails = (guardrails: readonly PolicyGuardrail[]) => Guardrails;

/** One server. */
export interface CompiledEndpoint {
  /** Without a slash at its end; a wire's path follows. */
  readonly baseUrl: string;
  readonly serverAddress: string;
  readonly serverPort: number;
}

interface CompiledPool {
  readonly key: string;
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** False: nothing may be sent, and the only endpoint is the Service itself. */
  readonly isReady: boolean;
  /** What its servers are asked for, whatever their address; TLS is held to it too. */
  readonly headers: { readonly host: string };
}

export interface CompiledProvider {
  readonly policy: PolicyProvider;
  readonly adapter: ProviderAdapter;
  /** Any of them can answer. */
  readonly endpoints: readonly [CompiledEndpoint, ...CompiledEndpoint[]];
  /** Of a Service: the same for as long as it is the same Service, asked in the same way; its endpoints may differ. */
  readonly pool?: CompiledPool;
}

export interface CompiledTarget {
  readonly policy: PolicyTarget;
  readonly provider: CompiledProvider;
  /** Targets of which it is the same share one circuit breaker; null: none. */
  readonly breaker: string | null;
  /** On trial, as this variant. */
  readonly variant?: string;
  /** Ids of the limits that no attempt here counts against; absent: there are none. */
  readonly uncounted?: ReadonlySet<string>;
}

export interface CompiledVariant {
  readonly policy: PolicyVariant;
  readonly target: CompiledTarget;
}

/** The variants of one rule. */
export interface Experiment {
  /** `namespace/name` of the AIRoute. */
  readonly route: string;
  /** Another one whenever the variants are stated differently. */
  readonly id: string;
  /** The same for as long as the variants have the same names: another experiment draws anew. */
  readonly salt: string;
  readonly variants: readonly CompiledVariant[];
}

export interface CompiledRule {
  readonly policy: PolicyRule;
  /** Empty: every name. */
  readonly models: ReadonlySet<string>;
  /** Absent: nothing but the match decides. */
  readonly when?: Condition | undefined;
  /** What the request must be classified as; absent: the rule does not ask. */
  readonly requestClass: ClassMatch | undefined;
  readonly strategy: StrategyName;
  readonly affinity: Affinity;
  readonly targets: readonly CompiledTarget[];
  readonly fallbacks: readonly CompiledTarget[];
  /** Absent where the rule has no variants. */
  readonly experiment?: Experiment;
}

export interface CompiledRoute {
  readonly policy: PolicyRoute;
  /** All hold. */
  readonly ceilings: readonly Ceiling[];
  /** A rule asks for the task or the complexity of requests. */
  readonly asksContent: boolean;
  readonly rules: readonly CompiledRule[];
  /** Absent: no answer is given twice. */
  readonly cache?: CompiledCache;
}

export interface CompiledModelRule {
  /** The AIPolicy that states it. */
  readonly policy: string;
  readonly allow: readonly Glob[];
  readonly deny: readonly Glob[];
}

export interface Snapshot {
  readonly hash: string;
  readonly policy: Policy;
  readonly allProviders: readonly CompiledProvider[];
  readonly routes: ReadonlyMap<string, CompiledRoute>;
  /** Each once, whatever names it serves. */
  readonly allRoutes: readonly CompiledRoute[];
  /** The route of `*`. */
  readonly otherModels: CompiledRoute | undefined;
  readonly modelRules: readonly CompiledModelRule[];
  /** Those of observed AIPolicies, which leave nothing out. */
  readonly observedModelRules: readonly CompiledModelRule[];
  readonly requirements: readonly CompiledRequirement[];
  /** Of whatever a request comes with; its AIKey has limits of its own. */
  readonly budgets: LimitSets;
  /** A kill switch over the whole workload; undefined: none. */
  readonly stop: PolicyBudget | undefined;
  readonly keys: CompiledKeys;
  readonly priorities: readonly PriorityRules[];
  readonly guardrails: Guardrails;
  /** What the expressions of the policy ask for; undefined where it has none. */
  readonly reads: Reads | undefined;
  /** Every label that they ask for; empty where the caller has none. */
  readonly labels: ReadonlyMap<string, string>;
}

/** The route that serves the model. */
export const routeOf = (model: string, { routes, otherModels }: Snapshot): CompiledRoute | undefined =>
  routes.get(model) ?? otherModels;

export const experimentsOf = ({ allRoutes }: Snapshot): readonly Experiment[] =>
  allRoutes.flatMap(({ rules }) => rules.flatMap(({ experiment }) => experiment ?? []));

const ANY_MODEL = '*';
const DEFAULT_PORT: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

/** Throws an Error whose message is a reason for a human; then nothing of the policy is used. */
export function compileSnapshot(policy: Policy, hash: string, compileGuardrails: CompileGuardrails): Snapshot {
  if (policy.formatVersion !== POLICY_FORMAT_VERSION) {
    throw new Error(
      `policy format ${policy.formatVersion} is not the ${POLICY_FORMAT_VERSION} that this sidecar understands`,
    );
  }
  const providers = new Map(policy.providers.map((provider) => [provider.key, compileProvider(provider)]));
  const ceilings = policy.ceilings.map(policyCeiling);
  const routes = new Map<string, CompiledRoute>();
  for (const route of policy.routes) {
    const compiled = compileRoute(route, { providers, ceilings, policy });
    for (const model of route.models) routes.set(model, compiled);
  }
  const allRoutes = [...new Set(routes.values())];
  const otherModels = routes.get(ANY_MODEL);
  routes.delete(ANY_MODEL);
  const requirements = policy.requirements.flatMap(compileRequirements);
  const priorities = policy.priorities.map(compilePriorities);
  const conditional = [...allRoutes, ...priorities].flatMap(
    ({ rules }): { readonly when?: Condition | undefined }[] => [...rules],
  );
  const isObserved = ({ mode }: PolicyModelRule): boolean => mode === 'Observe';
  const reads = readsOf([...conditional, ...requirements].map(({ when }) => when));
  return {
    hash,
    policy,
    allProviders: [...providers.values()],
    routes,
    allRoutes,
    otherModels,
    modelRules: policy.modelRules.filter((rule) => !isObserved(rule)).map(compileModelRule),
    observedModelRules: policy.modelRules.filter(isObserved).map(compileModelRule),
    requirements,
    budgets: limitsOfAll(policy.budgets),
    stop: stopOf(policy),
    keys: compileKeys(policy),
    priorities,
    guardrails: compileGuardrails(policy.guardrails),
    reads,
    labels: new Map([...(reads?.labels ?? [])].map((name) => [name, policy.attribution.labels?.[name] ?? ''])),
  };
}

const compileModelRule = ({ policy, allow, deny }: PolicyModelRule): CompiledModelRule => ({
  policy,
  allow: allow.map(compileGlob),
  deny: deny.map(compileGlob),
});

function compileProvider(provider: PolicyProvider): CompiledProvider {
  const adapter = adapterFor(provider);
  const [first = provider.endpoint, ...others] = provider.endpoints ?? [];
  const compile = (url: string): CompiledEndpoint => compileEndpoint(url, provider);
  const pool = compilePool(provider);
  return { policy: provider, adapter, endpoints: [compile(first), ...others.map(compile)], ...(pool && { pool }) };
}

function compilePool({ key, service, endpoint, endpoints = [] }: PolicyProvider): CompiledPool | undefined {
  if (service === undefined) return undefined;
  return {
    key: `${key} ${endpoint}`,
    service,
    isReady: endpoints.length > 0,
    headers: { host: new URL(endpoint).host },
  };
}

function compileEndpoint(endpoint: string, provider: PolicyProvider): CompiledEndpoint {
  if (!URL.canParse(endpoint)) throw new Error(`AIProvider ${provider.key}: endpoint is not a URL`);
  const { hostname, port, protocol, username, pathname } = new URL(endpoint);
  const inProcess = protocol === MOCK_SCHEME;
  if ((DEFAULT_PORT[protocol] === undefined && !inProcess) || username !== '') {
    throw new Error(`AIProvider ${provider.key}: endpoint must be an http or https URL without credentials`);
  }
  // A provider inside the process has no host: its URL carries its name instead, which its answers show.
  const base = inProcess ? `${MOCK_SCHEME}//${nameOf(provider.key)}${pathname}` : endpoint;
  return {
    baseUrl: base.replace(/\/+$/, ''),
    serverAddress: hostname,
    serverPort: port === '' ? (DEFAULT_PORT[protocol] ?? 0) : Number(port),
  };
}

const nameOf = (objectKey: string): string => objectKey.slice(objectKey.indexOf('/') + 1);

/** What a route is compiled with. */
interface Around {
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  /** Of AIPolicies. */
  readonly ceilings: readonly Ceiling[];
  readonly policy: Policy;
}

function compileRoute(route: PolicyRoute, around: Around): CompiledRoute {
  const rules = route.rules.map((rule, index) => compileRule({ route: route.key, index }, rule, around));
  return {
    policy: route,
    ceilings: [...around.ceilings, ...routeCeilings(route)],
    asksContent: rules.some(asksContent),
    rules,
    ...compileCache(route, around.policy.guardrails),
  };
}

const asksContent = ({ policy: { match }, when }: CompiledRule): boolean =>
  (match.task ?? match.complexity) !== undefined || CONTENT_FACTS.some((fact) => readsOf([when])?.facts.has(fact));

const CONTENT_FACTS = ['request.task', 'request.complexity'];

function compileRule(
  { route, index }: { readonly route: string; readonly index: number },
  rule: PolicyRule,
  { providers, policy: { budgets } }: Around,
): CompiledRule {
  const resolve = (target: PolicyTarget): CompiledTarget => {
    const provider = providers.get(target.provider);
    if (provider === undefined) {
      throw new Error(`AIRoute ${route}: AIProvider ${target.provider} is not in the policy`);
    }
    return {
      policy: target,
      provider,
      breaker: breakerOf(target, provider),
      ...uncountedOf(budgets, route, target),
    };
  };
  const strategy = rule.strategy ?? (rule.targets.some(({ weight }) => weight !== null) ? 'Weighted' : 'Priority');
  const { variants = [] } = rule;
  return {
    policy: rule,
    models: new Set(rule.match.models),
    requestClass: classMatchOf(rule.match),
    ...(rule.when !== undefined && {
      when: compileCondition(rule.when, `AIRoute ${route} spec.rules[${index}].when`),
    }),
    strategy,
    affinity: rule.affinity ?? (strategy === 'LeastLatency' ? 'PromptCache' : 'None'),
    targets: rule.targets.map(resolve),
    fallbacks: rule.fallbacks.map(resolve),
    ...(variants.length > 0 && { experiment: experimentOf(route, rule, resolve) }),
  };
}

/** Most policies have no limit of a route, a provider or a model. */
function uncountedOf(
  budgets: readonly PolicyBudget[],
  route: string,
  target: PolicyTarget,
): Pick<CompiledTarget, 'uncounted'> {
  const ids = budgets.filter((budget) => !mayCount(budget, route, target)).map(({ id }) => id);
  return ids.length === 0 ? {} : { uncounted: new Set(ids) };
}

/**
 * The same for targets that say the same of the same: routes share what they learn of a model, and none learns it by the stricter
 * thresholds or the shorter patience of another.
 */
function breakerOf(
  { model, timeouts, circuitBreaker }: PolicyTarget,
  { policy, endpoints, pool }: CompiledProvider,
): string | null {
  if (circuitBreaker === null) return null;
  return JSON.stringify([
    policy.key,
    // Pods of a Service come and go; what is learned of its model stays.
    pool?.key ?? endpoints.map(({ baseUrl }) => baseUrl),
    model,
    timeouts.firstTokenMs,
    Object.values(circuitBreaker),
  ]);
}

function experimentOf(
  route: string,
  { experiment, variants = [] }: PolicyRule,
  resolve: (target: PolicyTarget) => CompiledTarget,
): Experiment {
  return {
    route,
    // A policy of an operator that does not name it yet.
    id: experiment ?? JSON.stringify([route, variants]),
    salt: [route, ...variants.map(({ name }) => name)].join('\n'),
    variants: variants.map((policy) => ({ policy, target: { ...resolve(policy.target), variant: policy.name } })),
  };
}
