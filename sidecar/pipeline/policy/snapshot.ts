/** A policy made ready to decide requests: names resolved, patterns compiled, URLs built. Immutable; a request uses one from begin to end. */
import {
  POLICY_FORMAT_VERSION,
  type Policy,
  type PolicyGuardrail,
  type PolicyProvider,
  type PolicyRoute,
  type PolicyRule,
  type PolicyTarget,
} from '#contract/policy/policy';
import type { Guardrails } from '#sidecar/guardrails/guardrail';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { adapterFor } from '#sidecar/providers/index';
import { MOCK_SCHEME } from '#sidecar/upstream/mock-upstream';
import { compileGlob, type Glob } from './glob.ts';

export type CompileGuardrails = (guardrails: readonly PolicyGuardrail[]) => Guardrails;

export interface CompiledProvider {
  readonly policy: PolicyProvider;
  readonly adapter: ProviderAdapter;
  /** Without a slash at its end; a wire's path follows. */
  readonly baseUrl: string;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export interface CompiledTarget {
  readonly policy: PolicyTarget;
  readonly provider: CompiledProvider;
}

/** All that is stated must be so. */
type ClassMatch = Pick<PolicyRule['match'], 'task' | 'complexity' | 'latency' | 'costClass'>;

export interface CompiledRule {
  readonly policy: PolicyRule;
  /** Empty: every name. */
  readonly models: ReadonlySet<string>;
  /** What the request must be classified as; absent: the rule does not ask. */
  readonly requestClass: ClassMatch | undefined;
  readonly targets: readonly CompiledTarget[];
  readonly fallbacks: readonly CompiledTarget[];
}

export interface CompiledRoute {
  readonly policy: PolicyRoute;
  /** A rule asks for the task or the complexity of requests. */
  readonly asksContent: boolean;
  readonly rules: readonly CompiledRule[];
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
  readonly routes: ReadonlyMap<string, CompiledRoute>;
  /** The route of `*`. */
  readonly otherModels: CompiledRoute | undefined;
  readonly modelRules: readonly CompiledModelRule[];
  readonly guardrails: Guardrails;
}

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
  const routes = new Map<string, CompiledRoute>();
  for (const route of policy.routes) {
    const compiled = compileRoute(route, providers);
    for (const model of route.models) routes.set(model, compiled);
  }
  const otherModels = routes.get(ANY_MODEL);
  routes.delete(ANY_MODEL);
  return {
    hash,
    policy,
    routes,
    otherModels,
    modelRules: policy.modelRules.map(({ policy: key, allow, deny }) => ({
      policy: key,
      allow: allow.map(compileGlob),
      deny: deny.map(compileGlob),
    })),
    guardrails: compileGuardrails(policy.guardrails),
  };
}

function compileProvider(provider: PolicyProvider): CompiledProvider {
  const adapter = adapterFor(provider);
  const { endpoint } = provider;
  if (!URL.canParse(endpoint)) throw new Error(`AIProvider ${provider.key}: endpoint is not a URL`);
  const { hostname, port, protocol, username, pathname } = new URL(endpoint);
  const inProcess = protocol === MOCK_SCHEME;
  if ((DEFAULT_PORT[protocol] === undefined && !inProcess) || username !== '') {
    throw new Error(`AIProvider ${provider.key}: endpoint must be an http or https URL without credentials`);
  }
  // A provider inside the process has no host: its URL carries its name instead, which its answers show.
  const base = inProcess ? `${MOCK_SCHEME}//${nameOf(provider.key)}${pathname}` : endpoint;
  return {
    policy: provider,
    adapter,
    baseUrl: base.replace(/\/+$/, ''),
    serverAddress: hostname,
    serverPort: port === '' ? (DEFAULT_PORT[protocol] ?? 0) : Number(port),
  };
}

const nameOf = (objectKey: string): string => objectKey.slice(objectKey.indexOf('/') + 1);

function compileRoute(route: PolicyRoute, providers: ReadonlyMap<string, CompiledProvider>): CompiledRoute {
  return {
    policy: route,
    asksContent: route.rules.some(({ match: { task, complexity } }) => (task ?? complexity) !== undefined),
    rules: route.rules.map((rule) => compileRule(route.key, rule, providers)),
  };
}

function compileRule(
  routeKey: string,
  rule: PolicyRule,
  providers: ReadonlyMap<string, CompiledProvider>,
): CompiledRule {
  const resolve = (target: PolicyTarget): CompiledTarget => {
    const provider = providers.get(target.provider);
    if (provider === undefined) {
      throw new Error(`AIRoute ${routeKey}: AIProvider ${target.provider} is not in the policy`);
    }
    return { policy: target, provider };
  };
  return {
    policy: rule,
    models: new Set(rule.match.models),
    requestClass: classMatchOf(rule.match),
    targets: rule.targets.map(resolve),
    fallbacks: rule.fallbacks.map(resolve),
  };
}

function classMatchOf({ task, complexity, latency, costClass }: ClassMatch): ClassMatch | undefined {
  const isAsked = [task, complexity, latency, costClass].some((wanted) => wanted !== undefined);
  return isAsked ? { task, complexity, latency, costClass } : undefined;
}
