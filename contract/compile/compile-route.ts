/** One AIRoute into what a sidecar runs: references resolved, defaults filled in, prices looked up, unusable targets left out. */
import { REASON } from '#contract/names/conditions';
import { credentialName } from '#contract/policy/credential-name';
import type {
  PolicyCallback,
  PolicyCircuitBreaker,
  PolicyConcurrency,
  PolicyHedge,
  PolicyRoute,
  PolicyRule,
  PolicyTarget,
  PolicyVariant,
} from '#contract/policy/policy';
import type { AIProvider } from '#contract/resources/ai-provider';
import type { AIRoute, AIRouteRule, AIRouteTarget, AIRouteTimeouts } from '#contract/resources/ai-route';
import { durationMs } from '#contract/resources/fields';
import type { AIRouteCallback } from '#contract/resources/route-callback';
import type { AIRouteConcurrency } from '#contract/resources/route-concurrency';
import {
  type AIRouteCircuitBreaker,
  type AIRouteHedge,
  type AIRouteRetry,
  DEFAULT_HEDGE_PERCENT,
  DEFAULT_RETRY,
} from '#contract/resources/route-resilience';
import { capabilitiesOf, lacksOf } from './capabilities-of.ts';
import {
  DEFAULT_CACHE_TTL_MS,
  DEFAULT_CALLBACK,
  DEFAULT_CIRCUIT_BREAKER,
  DEFAULT_CLASSIFIER,
  DEFAULT_QUEUE_DEADLINE_MS,
  DEFAULT_TIMEOUTS,
} from './defaults.ts';
import type { ModelCapabilities } from './model-capabilities.ts';
import { namespacedName } from './object-key.ts';
import type { PriceBook } from './price-book-schema.ts';
import { priceOf } from './price-of.ts';
import { fieldText } from './problem.ts';
import type { ProviderDirectory, Unresolved } from './provider-directory.ts';
import { experimentOf, type JudgedVariant, podRollback, withStates } from './variant-states.ts';

export interface RouteContext {
  readonly directory: ProviderDirectory;
  readonly priceBook: PriceBook;
  /** The logical names that the route serves. */
  readonly models: readonly string[];
}

export interface CompiledRoute {
  readonly route: PolicyRoute;
  /** Those that its targets use, each once. */
  readonly providers: readonly AIProvider[];
  /** Targets that were left out, each with its field and the reason. */
  readonly unresolved: readonly Unresolved[];
  /** `provider/model` of targets without a known price. */
  readonly unpriced: readonly string[];
  /** Those of them that strategy LeastCost tries last for it. */
  readonly unpricedLast: readonly string[];
  /** One text for each target that can do less than the first one of its rule. */
  readonly lacking: readonly string[];
  /** False when every target was left out. */
  readonly hasTargets: boolean;
}

const ms = (text: string | undefined, fallback: number): number => (text === undefined ? fallback : durationMs(text));

function timeoutsOf(target: AIRouteTarget['timeouts'], route: AIRouteTimeouts): PolicyTarget['timeouts'] {
  return {
    connectMs: ms(target?.connect ?? route.connect, DEFAULT_TIMEOUTS.connectMs),
    firstTokenMs: ms(target?.firstToken ?? route.firstToken, DEFAULT_TIMEOUTS.firstTokenMs),
    idleMs: ms(target?.idle ?? route.idle, DEFAULT_TIMEOUTS.idleMs),
  };
}

/** What the target states, field by field, else its route. */
function circuitBreakerOf(
  target: AIRouteCircuitBreaker | undefined,
  route: AIRouteCircuitBreaker,
): PolicyCircuitBreaker | null {
  const { mode, firstTokenP95, openFor, ...thresholds } = { ...route, ...target };
  if (mode === 'Disabled') return null;
  return {
    ...DEFAULT_CIRCUIT_BREAKER,
    ...thresholds,
    ...(firstTokenP95 !== undefined && { firstTokenP95Ms: durationMs(firstTokenP95) }),
    ...(openFor !== undefined && { openForMs: durationMs(openFor) }),
  };
}

const retryOf = ({ budgetPercent, on }: AIRouteRetry): PolicyRoute['retry'] => ({
  budgetPercent: budgetPercent ?? DEFAULT_RETRY.budgetPercent,
  on: on ?? [...DEFAULT_RETRY.on],
});

const hedgeOf = ({ after, maxPercent }: AIRouteHedge): PolicyHedge => ({
  ...(after !== undefined && { afterMs: durationMs(after) }),
  maxPercent: maxPercent ?? DEFAULT_HEDGE_PERCENT,
});

type StatedTarget = Omit<AIRouteTarget, 'weight'> & { readonly weight?: number | undefined };

const ALL_OF = new Intl.ListFormat('en-GB', { type: 'conjunction' });

class RouteCompiler {
  readonly providers = new Set<AIProvider>();
  readonly unresolved: Unresolved[] = [];
  readonly unpriced = new Set<string>();
  readonly unpricedLast = new Set<string>();
  readonly lacking = new Set<string>();
  readonly #capabilities = new Map<PolicyTarget, ModelCapabilities>();
  readonly #route: AIRoute;
  readonly #context: RouteContext;

  constructor(route: AIRoute, context: RouteContext) {
    this.#route = route;
    this.#context = context;
  }

  rule(whole: AIRouteRule, path: readonly (string | number)[]): PolicyRule {
    const { maxP95, variants: stated = [], ...rule } = whole;
    const targets = this.#targets(rule.targets, [...path, 'targets']);
    const fallbacks = this.#targets(rule.fallbacks, [...path, 'fallbacks']);
    const experiment = experimentOf(this.#route, whole);
    const variants = this.#variants(withStates(stated, this.#route, experiment), [...path, 'variants']);
    if (rule.strategy === 'LeastCost')
      for (const { name, price } of targets) if (price === null) this.unpricedLast.add(name);
    const [first] = [...targets, ...fallbacks];
    if (first) {
      this.#compare(first, targets, [...path, 'targets']);
      this.#compare(first, fallbacks, [...path, 'fallbacks']);
      const onTrial = variants.map(({ target }) => target);
      this.#compare(first, onTrial, [...path, 'variants']);
    }
    return {
      ...rule,
      match: {
        ...rule.match,
        models: rule.match?.models ?? [],
        headers: (rule.match?.headers ?? []).map((header) => ({ ...header, name: header.name.toLowerCase() })),
      },
      ...(maxP95 !== undefined && { maxP95Ms: durationMs(maxP95) }),
      targets,
      fallbacks,
      ...(variants.length > 0 && { variants, experiment }),
    };
  }

  /** The share of a variant whose target is left out goes to the targets of the rule. A copy is sent once: nobody waits for it. */
  #variants(variants: readonly JudgedVariant[], path: readonly (string | number)[]): PolicyVariant[] {
    return variants.flatMap(({ promote: _, rollback, ...variant }, index) => {
      const target = this.#target(variant.target, [...path, index, 'target', 'model']);
      if (target === undefined) return [];
      return [
        {
          ...variant,
          ...podRollback(rollback),
          target: variant.mode === 'Live' ? this.#inHalfTheTime(target) : { ...target, maxRetries: 0 },
        },
      ];
    });
  }

  /** A target on trial that says nothing leaves half of the request's time to those that answer in its place. */
  #inHalfTheTime(target: PolicyTarget): PolicyTarget {
    const totalMs = ms(this.#route.spec.timeouts.total, DEFAULT_TIMEOUTS.totalMs);
    const shareMs = Math.max(Math.floor(totalMs / 2 / (1 + target.maxRetries)), 1);
    const { timeouts } = target;
    return { ...target, timeouts: { ...timeouts, firstTokenMs: Math.min(timeouts.firstTokenMs, shareMs) } };
  }

  /** A later target is asked what the first one was asked. */
  #compare(first: PolicyTarget, later: readonly PolicyTarget[], path: readonly (string | number)[]): void {
    const has = this.#capabilities.get(first) ?? {};
    for (const target of later) {
      const lacks = lacksOf(this.#capabilities.get(target) ?? {}, has);
      if (lacks.length > 0)
        this.lacking.add(`${fieldText(path)}: ${target.name} lacks ${ALL_OF.format(lacks)}, which ${first.name} has`);
    }
  }

  #targets(targets: readonly StatedTarget[], path: readonly (string | number)[]): PolicyTarget[] {
    return targets.flatMap((target, index) => this.#target(target, [...path, index, 'model']) ?? []);
  }

  #target(target: StatedTarget, path: readonly (string | number)[]): PolicyTarget | undefined {
    const slash = target.model.indexOf('/');
    const model = target.model.slice(slash + 1);
    const found = this.#context.directory.resolve(this.#route.metadata.namespace, target.model.slice(0, slash));
    if (!found.ok) {
      this.unresolved.push({ reason: found.reason, message: `${fieldText(path)}: ${found.message}` });
      return undefined;
    }
    this.providers.add(found.provider);
    const price = priceOf(found.provider.spec, model, this.#context.priceBook);
    if (!price) this.unpriced.add(target.model);
    const capabilities = capabilitiesOf(found.provider.spec, model);
    const { contextTokens } = capabilities;
    const compiled: PolicyTarget = {
      name: target.model,
      provider: namespacedName(found.provider),
      ...target,
      model,
      weight: target.weight ?? null,
      timeouts: timeoutsOf(target.timeouts, this.#route.spec.timeouts),
      circuitBreaker: circuitBreakerOf(target.circuitBreaker, this.#route.spec.circuitBreaker),
      price,
      ...(contextTokens !== undefined && { contextTokens }),
    };
    this.#capabilities.set(compiled, capabilities);
    return compiled;
  }
}

function compileCallback(
  { allow = [], signingSecretRef: ref, deadline, retention }: AIRouteCallback,
  namespace: string,
): PolicyCallback {
  return {
    allow,
    signingKey: ref ? credentialName({ namespace, secret: ref.name, key: ref.key }) : null,
    deadlineMs: ms(deadline, DEFAULT_CALLBACK.deadlineMs),
    retentionMs: ms(retention, DEFAULT_CALLBACK.retentionMs),
  };
}

type StatedBounds = Omit<PolicyConcurrency, 'deadlineMs'> & { readonly deadline?: string | undefined };

const boundsOf = ({ deadline, ...bounds }: StatedBounds): PolicyConcurrency => ({
  ...bounds,
  deadlineMs: ms(deadline, DEFAULT_QUEUE_DEADLINE_MS),
});

const compileConcurrency = ({
  perPod,
  max,
  queue = 0,
  deadline,
}: AIRouteConcurrency): NonNullable<PolicyRoute['concurrency']> => ({
  ...(max !== undefined && { fleet: boundsOf({ max, queue, deadline }) }),
  ...(perPod && { perPod: boundsOf(perPod) }),
});

export function compileRoute(route: AIRoute, context: RouteContext): CompiledRoute {
  const { targets = [], variants, rules: stated, strategy, affinity, maxP95, ...stays } = route.spec;
  const {
    timeouts,
    retry,
    hedge,
    circuitBreaker: _,
    cache,
    callback,
    classifier,
    concurrency,
    limits: _limits,
    alerts: _alerts,
    ...spec
  } = stays;
  const choice = { ...(strategy && { strategy }), ...(affinity && { affinity }), ...(maxP95 && { maxP95 }) };
  const compiler = new RouteCompiler(route, context);
  const rules = stated
    ? stated.map((rule, index) => compiler.rule(rule, ['spec', 'rules', index]))
    : [compiler.rule({ ...choice, targets, fallbacks: [], variants }, ['spec'])];
  return {
    route: {
      key: namespacedName(route),
      ...spec,
      models: [...context.models],
      totalMs: ms(timeouts.total, DEFAULT_TIMEOUTS.totalMs),
      retry: retryOf(retry),
      ...(hedge && { hedge: hedgeOf(hedge) }),
      ...(classifier && {
        classifier: { url: classifier.url, deadlineMs: ms(classifier.deadline, DEFAULT_CLASSIFIER.deadlineMs) },
      }),
      ...(cache?.mode === 'Exact' && { cache: { ttlMs: ms(cache.ttl, DEFAULT_CACHE_TTL_MS), scope: cache.scope } }),
      ...(callback && { callback: compileCallback(callback, route.metadata.namespace) }),
      ...(concurrency && { concurrency: compileConcurrency(concurrency) }),
      rules,
    },
    providers: [...compiler.providers],
    unresolved: compiler.unresolved,
    unpriced: [...compiler.unpriced],
    unpricedLast: [...compiler.unpricedLast],
    lacking: [...compiler.lacking],
    hasTargets: rules.some((rule) => rule.targets.length + rule.fallbacks.length > 0),
  };
}

/** Every target that an attempt may be made at, with those of variants. */
export const targetsOf = ({ rules }: Pick<PolicyRoute, 'rules'>): PolicyTarget[] =>
  rules.flatMap(({ targets, fallbacks, variants = [] }) => [
    ...targets,
    ...fallbacks,
    ...variants.map(({ target }) => target),
  ]);

/** The reason to show when several targets are left out for different ones: the one that a user can mend soonest. */
export function chiefReason(unresolved: readonly Unresolved[]): Unresolved['reason'] {
  const order = [REASON.providerNotFound, REASON.refNotPermitted, REASON.serviceNotFound, REASON.portNotFound];
  return order.find((reason) => unresolved.some((one) => one.reason === reason)) ?? REASON.secretNotFound;
}
