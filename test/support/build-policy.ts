/**
 * Compiled policies and their parts, each whole and harmless: a test writes down only what it is about, and a new field of the
 * policy is added here alone.
 */
import {
  POLICY_FORMAT_VERSION,
  type Policy,
  type PolicyBudget,
  type PolicyGuardrail,
  type PolicyProvider,
  type PolicyRoute,
  type PolicyTarget,
} from '#contract/policy/policy';
import { defaultEndpointOf, PROVIDER_TYPE } from '#contract/resources/provider-type';
import { DEFAULT_RETRY } from '#contract/resources/route-resilience';

/** Of a workload in namespace `shop`; permits nothing, forbids nothing. */
export const buildPolicy = (parts: Partial<Policy> = {}): Policy => ({
  formatVersion: POLICY_FORMAT_VERSION,
  sources: [],
  attribution: { namespace: 'shop', serviceAccount: 'app' },
  providers: [],
  routes: [],
  modelRules: [],
  requirements: [],
  ceilings: [],
  priorities: [],
  guardrails: [],
  budgets: [],
  keys: [],
  ...parts,
});

/** The mock, unless told otherwise, with the settings that its type requires. `key` is `namespace/name`. */
export function buildProvider(key: string, parts: Partial<PolicyProvider> = {}): PolicyProvider {
  const { type = 'Mock' } = parts;
  const { aws, vertex } = PROVIDER_TYPE[type];
  const settings = {
    ...(aws && { aws: { region: 'us-east-1' } }),
    ...(vertex && { vertex: { project: 'my-project', location: 'europe-west4' } }),
  };
  return {
    key,
    type,
    endpoint: defaultEndpointOf({ type, ...settings, ...parts }),
    credential: null,
    tags: [],
    ...settings,
    ...parts,
  };
}

/** Has one rule, for every request that the route is asked for. */
export const buildRoute = (
  key: string,
  targets: readonly PolicyTarget[],
  parts: Partial<PolicyRoute> = {},
): PolicyRoute => ({
  key,
  models: ['chat'],
  onUnsupported: 'Refuse',
  totalMs: 60_000,
  retry: { ...DEFAULT_RETRY, on: [...DEFAULT_RETRY.on] },
  rules: [{ match: { models: [], headers: [] }, targets: [...targets], fallbacks: [] }],
  ...parts,
});

/** Of `name`, such as `openai/gpt-4o`, in a namespace. One nano-dollar per token, in and out, unless told otherwise. */
export function buildTarget(namespace: string, name: string, parts: Partial<PolicyTarget> = {}): PolicyTarget {
  const [provider, model = ''] = name.split('/');
  return {
    name,
    provider: `${namespace}/${provider}`,
    model,
    weight: null,
    maxRetries: 0,
    timeouts: { connectMs: 5_000, firstTokenMs: 20_000, idleMs: 20_000 },
    circuitBreaker: null,
    price: { inputPico: '1000', cachedInputPico: '1000', outputPico: '1000' },
    ...parts,
  };
}

/** Every request of a day counts against it. `id` is `namespace/name/limit`. */
export function buildBudget(id: string, amount: bigint, parts: Partial<PolicyBudget> = {}): PolicyBudget {
  const [namespace, name, limit = ''] = id.split('/');
  return {
    id,
    budget: `${namespace}/${name}`,
    limit,
    scope: [],
    per: [],
    unit: 'tokens',
    amount: String(amount),
    every: 'Day',
    ...parts,
  };
}

/** An output guardrail that masks; what it looks for is to be stated. */
export const buildGuardrail = (parts: Partial<PolicyGuardrail>): PolicyGuardrail => ({
  policy: 'remora-system/organisation',
  name: 'rule',
  stage: 'Output',
  detect: [],
  patterns: [],
  action: 'Mask',
  unlessTags: [],
  ...parts,
});
