/**
 * The compiled policy: all that one workload's sidecars need to decide every request without asking anybody.
 * Written by `contract/compile`, read by the sidecar; the only configuration type that both planes share. Secrets are never in it.
 * A part that comes from a resource spreads the shape of the resource: what is not stated anew below it travels as its author wrote it.
 */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import type { AIPolicy } from '#contract/resources/ai-policy';
import { azureSettings } from '#contract/resources/azure-settings';
import {
  BUDGET_SCOPES,
  BUDGET_SHADOWS,
  BUDGET_UNITS,
  BUDGET_WINDOWS,
  EXCESS_ACTIONS,
  KEY_SCOPES,
  REQUEST_SCOPES,
  TARGET_SCOPES,
} from '#contract/resources/limit-names';
import { OPERATOR_LOSSES } from '#contract/resources/operator-loss';
import { perRequest } from '#contract/resources/per-request';
import { aiPolicyPriority } from '#contract/resources/policy-priority';
import { aiPolicyGuardrail, aiPolicyModels, aiPolicyRequirement } from '#contract/resources/policy-rules';
import { PRESETS } from '#contract/resources/preset';
import { providerIdentity } from '#contract/resources/provider-auth';
import { providerConcurrency } from '#contract/resources/provider-concurrency';
import { aiProviderVertex, awsSettings, KEPT_OBJECTS } from '#contract/resources/provider-place';
import { PROVIDER_TYPES } from '#contract/resources/provider-type';
import { CACHE_SCOPES } from '#contract/resources/route-cache';
import { aiRoutePerPod } from '#contract/resources/route-concurrency';
import {
  aiRouteHeaderMatch,
  aiRouteMatch,
  aiRouteRule,
  aiRouteTarget,
  aiRouteVariant,
  routeFields,
} from '#contract/resources/route-fields';
import { DEFAULT_RETRY, RETRY_CONDITIONS } from '#contract/resources/route-resilience';
import { VARIANT_STATES } from '#contract/resources/route-variant';
import { policyKey } from './policy-key.ts';
import { policyTimeZone } from './time-zone.ts';

/** A sidecar refuses a policy of another format version and keeps the last good one. */
export const POLICY_FORMAT_VERSION = 1;

/** `namespace/name` of a Kubernetes object. */
const objectKey = z.string();
/** An amount or a price as a decimal integer in text, since JSON numbers stop at 2^53. */
const integerText = z.string().regex(/^[0-9]{1,30}$/);

const source = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  generation: z.number().int(),
});

/** Who the caller is. Values come from labels of the namespace, then of the pod; a request cannot change one that they state. */
const attribution = z.object({
  namespace: z.string(),
  serviceAccount: z.string(),
  team: z.string().optional(),
  project: z.string().optional(),
  environment: z.string().optional(),
  feature: z.string().optional(),
  region: z.string().optional(),
  /** By name, those that expressions of this policy ask for and that are there. */
  labels: z.record(z.string(), z.string()).optional(),
});

const provider = z.object({
  key: objectKey,
  type: z.enum(PROVIDER_TYPES),
  /** Absolute base URL without a trailing slash: as stated, else that of the type. */
  endpoint: z.string(),
  /** The same of each of several servers that are alike. Absent: `endpoint` alone. Empty: none is ready. */
  endpoints: z.array(z.string()).optional(),
  /** `namespace/name` of the Service that `endpoints` are of; `endpoint` is the base URL that the Service itself has. */
  service: objectKey.optional(),
  /** Names the credential in the secrets that travel beside the policy; null when requests go without one. */
  credential: z.string().nullable(),
  /** The identity that calls are made with, as stated; absent where the credential itself is sent. */
  auth: providerIdentity.optional(),
  aws: awsSettings.optional(),
  tags: z.array(z.string()),
  vertex: aiProviderVertex.optional(),
  preset: z.enum(PRESETS).optional(),
  azure: azureSettings.optional(),
  /** Absent: shared. */
  keptObjects: z.enum(KEPT_OBJECTS).optional(),
  /** Of all pods together, as stated; absent: none is stated. */
  limits: z.array(providerConcurrency).optional(),
});

/** Pico-dollars per token. */
const rates = z.object({
  inputPico: integerText,
  cachedInputPico: integerText,
  /** Default of the shorter one: the input price; of the longer one: the shorter one. */
  cacheWritePico: integerText.optional(),
  cacheWrite1hPico: integerText.optional(),
  /** Default: the input price. */
  inputAudioPico: integerText.optional(),
  inputImagePico: integerText.optional(),
  outputPico: integerText,
  /** Default: the output price. */
  outputAudioPico: integerText.optional(),
  outputImagePico: integerText.optional(),
});

/** Rates of the whole request where all that is stated of `aboveInputTokens` and `serviceTier` holds. */
const priceTier = rates.extend({
  /** The request has more input tokens than this, whatever their kind. */
  aboveInputTokens: z.number().int().optional(),
  /** As `sidecar/canonical/service-tier.ts` names what the provider served. */
  serviceTier: z.string().optional(),
});

const price = rates.extend({
  /** Of an image generated, whatever its size; absent where images are billed by tokens. */
  imagePico: integerText.optional(),
  /** Of a character spoken. */
  characterPico: integerText.optional(),
  /** Of a call of one of the provider's own tools, as `sidecar/canonical/hosted-tools.ts` tells them apart; absent: unknown. */
  webSearchPico: integerText.optional(),
  webSearchPreviewPico: integerText.optional(),
  fileSearchPico: integerText.optional(),
  codeExecutionPico: integerText.optional(),
  /** Of those that hold the last one counts; the rates above where none does. */
  tiers: z.array(priceTier).optional(),
  /** What a service tier costs that `tiers` does not name is not known. Absent: it costs the same. */
  otherServiceTiers: z.literal('Unknown').optional(),
});

/** Milliseconds. */
const targetTimeouts = z.object({
  connectMs: z.number().int(),
  firstTokenMs: z.number().int(),
  idleMs: z.number().int(),
});

const circuitBreaker = z.object({
  consecutiveFailures: z.number().int(),
  errorPercent: z.number().int(),
  /** null: slowness alone opens nothing. */
  firstTokenP95Ms: z.number().int().nullable(),
  openForMs: z.number().int(),
});

const target = z.object({
  /** `provider/model` as the route states it; what logs and headers show. */
  name: z.string(),
  provider: objectKey,
  ...aiRouteTarget.shape,
  /** The model to ask for; `*` passes the asked name on. */
  model: z.string(),
  weight: z.number().int().nullable(),
  timeouts: targetTimeouts,
  /** null: none. */
  circuitBreaker: circuitBreaker.nullable().default(null),
  /** null: unknown, so that a money budget refuses it. */
  price: price.nullable(),
  /** Most tokens of a prompt, which bounds what the provider's own tools can have a model read; absent: unknown. */
  contextTokens: z.number().int().optional(),
});

const match = z.object({
  ...aiRouteMatch.shape,
  /** Empty: every name. */
  models: z.array(z.string()),
  /** Names in lower case. */
  headers: z.array(aiRouteHeaderMatch),
});

const variant = z
  .object({
    ...aiRouteVariant.shape,
    target,
    /** What a pod judges by itself; the rest is the operator's to judge. */
    rollback: z.object({ errorPercent: z.number().int(), minRequests: z.number().int() }).optional(),
    /** What became of it; absent: it has its share. */
    state: z.enum(VARIANT_STATES).exclude(['Running']).optional(),
  })
  .omit({ promote: true });

const rule = z
  .object({
    ...aiRouteRule.shape,
    match,
    /** Milliseconds; absent: no bound. */
    maxP95Ms: z.number().int().optional(),
    /** Tried in the order of the strategy; then the fallbacks in order. */
    targets: z.array(target),
    fallbacks: z.array(target),
    /** Absent: none. */
    variants: z.array(variant).optional(),
    /** Names what the variants state all together, in reports of how they do. */
    experiment: z.string().optional(),
  })
  .omit({ maxP95: true });

const callback = z.object({
  /** Beginnings of addresses, as stated; empty: results are only fetched. */
  allow: z.array(z.string()),
  /** Names what posts are signed with, in the secrets that travel beside the policy; null where nothing is posted. */
  signingKey: z.string().nullable(),
  deadlineMs: z.number().int(),
  retentionMs: z.number().int(),
});

const retry = z.object({
  budgetPercent: z.number().int(),
  on: z.array(z.enum(RETRY_CONDITIONS)),
});
const bounds = aiRoutePerPod.omit({ deadline: true }).extend({ deadlineMs: z.number().int() });
/** At least one. */
const concurrency = z.object({
  /** Of all pods together; `queue` is each pod's own. */
  fleet: bounds.extend({ max: z.number().int() }).optional(),
  perPod: bounds.optional(),
});
/** Milliseconds; without them the target's own times decide. */
const hedge = z.object({ afterMs: z.number().int().optional(), maxPercent: z.number().int() });
const cache = z.object({ ttlMs: z.number().int(), scope: z.enum(CACHE_SCOPES) });
const classifier = z.object({ url: z.string(), deadlineMs: z.number().int() });

const route = z
  .object({
    key: objectKey,
    ...routeFields,
    models: z.array(z.string()),
    totalMs: z.number().int(),
    retry: retry.default({ ...DEFAULT_RETRY, on: [...DEFAULT_RETRY.on] }),
    /** Absent: one target at a time. */
    hedge: hedge.optional(),
    /** Absent: no answer is given twice. */
    cache: cache.optional(),
    /** Absent: no request becomes a job. */
    callback: callback.optional(),
    /** Absent: no bound. */
    concurrency: concurrency.optional(),
    classifier: classifier.optional(),
    rules: z.array(rule),
  })
  .omit({ targets: true, timeouts: true, circuitBreaker: true, variants: true })
  .omit({ strategy: true, affinity: true, maxP95: true });

/** The AIPolicy that states it, and whether what it says is only watched. */
const statedBy = { policy: objectKey, mode: z.literal('Observe').optional() };
const modelRule = z.object({ ...statedBy, ...aiPolicyModels.shape });
const requirements = z.object({ ...statedBy, require: z.array(aiPolicyRequirement) });
const guardrail = z.object({ ...statedBy, ...aiPolicyGuardrail.shape });
const ceiling = z.object({ ...statedBy, ...perRequest.shape });
const priorities = z.object({ ...statedBy, priority: z.array(aiPolicyPriority) });

const budget = z.object({
  /** The identity under which grants are kept, as `book-id.ts` writes it, with what it adds where there is `per`. */
  id: z.string(),
  /** Of the object that states it. */
  budget: objectKey,
  /** Its kind; absent: AIBudget. */
  kind: z.enum([KIND.route, KIND.provider, KIND.key]).optional(),
  limit: z.string(),
  /** The values that the limit matches, for messages, in scope order. */
  scope: z.array(z.object({ scope: z.enum(BUDGET_SCOPES), value: z.string() })),
  /** What of an attempt must hold for it to count, beside what the workload decides; absent: nothing. A name means as `limit-scope.ts` says. */
  where: z.partialRecord(z.enum([...TARGET_SCOPES, ...KEY_SCOPES, ...REQUEST_SCOPES]), z.string()).optional(),
  /** The amount holds for each value of these by itself. In scope order. */
  per: z.array(z.enum(BUDGET_SCOPES)).default([]),
  /** Of copies for Shadow variants; absent: they count as requests do. */
  shadows: z.enum(BUDGET_SHADOWS).exclude(['Include']).optional(),
  unit: z.enum(BUDGET_UNITS),
  amount: integerText,
  every: z.enum(BUDGET_WINDOWS),
  /** Whose clocks say when windows begin; absent: UTC. */
  timezone: policyTimeZone.optional(),
  /** It refuses nothing: all is counted, also beyond the amount. Absent: it is a hard cap. */
  soft: z.literal(true).optional(),
  /** What happens while the operator cannot be reached; absent: what is granted is spent, and then nothing more. */
  operatorLoss: z.enum(OPERATOR_LOSSES).exclude(['SpendGrant']).optional(),
  /** Pico-dollars per token of targets whose price is not known. Absent: they are refused. */
  priceCeiling: z.object({ inputPico: integerText, outputPico: integerText }).optional(),
  /** Of a request that it has no room for. Absent: it is refused. */
  onExceeded: z.enum(EXCESS_ACTIONS).exclude(['Reject', 'Alert']).optional(),
  /** The longest wait of one that is queued. */
  queueForMs: z.number().int().optional(),
  /** The model that one is routed for instead. */
  downgradeTo: z.string().optional(),
  /** Nothing that it covers is let through, and why as far as that is stated. Absent: the kill switch is off. */
  stop: z.object({ reason: z.string().optional(), inFlight: z.literal(true).optional() }).optional(),
});

export const policy = z.object({
  formatVersion: z.literal(POLICY_FORMAT_VERSION),
  /** Every object whose content is in this policy, sorted; what Programmed is counted by. */
  sources: z.array(source),
  attribution,
  /** Version of the price book that list prices are of. Absent: compiled before books had versions. */
  priceBook: z.string().optional(),
  providers: z.array(provider),
  routes: z.array(route),
  /** Of one or more AIPolicies; a target must pass each entry. */
  modelRules: z.array(modelRule),
  /** Every entry that holds for a request binds it. */
  requirements: z.array(requirements),
  guardrails: z.array(guardrail),
  /** Of one or more AIPolicies; a request must stay below each. */
  ceilings: z.array(ceiling).default([]),
  /** Of one or more AIPolicies; the lowest class holds. */
  priorities: z.array(priorities).default([]),
  budgets: z.array(budget),
  /** By which requests are told apart that come with a token of ours; no other token is known. */
  keys: z.array(policyKey).default([]),
});

export type Policy = z.infer<typeof policy>;
export type PolicySource = z.infer<typeof source>;
export type PolicyProvider = z.infer<typeof provider>;
export type PolicyRoute = z.infer<typeof route>;
export type PolicyHedge = z.infer<typeof hedge>;
export type PolicyCallback = z.infer<typeof callback>;
/** Of one of its bounds. */
export type PolicyConcurrency = z.infer<typeof bounds>;
export type PolicyClassifier = z.infer<typeof classifier>;
export type PolicyRule = z.infer<typeof rule>;
export type PolicyVariant = z.infer<typeof variant>;
export type PolicyTarget = z.infer<typeof target>;
export type PolicyCircuitBreaker = z.infer<typeof circuitBreaker>;
export type PolicyPrice = z.infer<typeof price>;
export type PolicyPriceTier = z.infer<typeof priceTier>;
export type PolicyRates = z.infer<typeof rates>;
export type PolicyModelRule = z.infer<typeof modelRule>;
export type PolicyRequirements = z.infer<typeof requirements>;
export type PolicyGuardrail = z.infer<typeof guardrail>;
export type PolicyCeiling = z.infer<typeof ceiling>;
export type PolicyPriorities = z.infer<typeof priorities>;
export type PolicyBudget = z.infer<typeof budget>;
export type Attribution = z.infer<typeof attribution>;

/** The arrays that travel entry by entry; the rest is in the section `base`. */
export type Part = Exclude<
  { [Field in keyof Policy]-?: Policy[Field] extends readonly unknown[] ? Field : never }[keyof Policy],
  'sources'
>;
export type PartEntry = { readonly [P in Part]: Policy[P][number] };

interface PartRow<Entry> {
  /** Of the names of its sections. */
  readonly prefix: string;
  /** What tells its entries apart. */
  readonly id: (entry: Entry) => string;
  /** What an AIPolicy states of it, in its order; each entry travels with the AIPolicy that states it. Absent: worked out from other resources. */
  readonly stated?: (spec: AIPolicy['spec']) => readonly Omit<Entry, keyof typeof statedBy>[];
}

/** In the order in which `base` lists them, which is part of the hash. A part that is missing here does not compile. */
export const PARTS = {
  providers: { prefix: 'provider', id: ({ key }) => key },
  routes: { prefix: 'route', id: ({ key }) => key },
  modelRules: {
    prefix: 'modelRule',
    id: ({ policy }) => policy,
    stated: ({ models }) => (models === undefined ? [] : [models]),
  },
  requirements: {
    prefix: 'requirements',
    id: ({ policy }) => policy,
    stated: ({ require }) => (require.length === 0 ? [] : [{ require }]),
  },
  guardrails: {
    prefix: 'guardrail',
    id: ({ policy, name }) => `${policy}/${name}`,
    stated: ({ guardrails }) => guardrails,
  },
  ceilings: {
    prefix: 'ceiling',
    id: ({ policy }) => policy,
    stated: ({ perRequest: stated }) => (stated === undefined ? [] : [stated]),
  },
  priorities: {
    prefix: 'priorities',
    id: ({ policy }) => policy,
    stated: ({ priority }) => (priority.length === 0 ? [] : [{ priority }]),
  },
  budgets: { prefix: 'budget', id: ({ id }) => id },
  keys: { prefix: 'key', id: ({ key }) => key },
} as const satisfies { readonly [P in Part]: PartRow<PartEntry[P]> };

/** Those that AIPolicies state. */
export type StatedPart = {
  [P in Part]: (typeof PARTS)[P] extends { readonly stated: unknown } ? P : never;
}[Part];

export const PART_NAMES = Object.keys(PARTS) as Part[];
