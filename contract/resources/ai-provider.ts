/** AIProvider: an upstream and its credentials, in one place. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { azureSettings } from './azure-settings.ts';
import { AGE_COLUMN, conditions, DNS_LABEL, type KindDefinition, modelName, objectMeta, tag, usd } from './fields.ts';
import { ALERTS_HAVE_A_PERCENTAGE, alertDeliveries, limitAlerts } from './limit-alerts.ts';
import { limitStatuses } from './limit-status.ts';
import { listText } from './list-text.ts';
import { PRESETS, type Preset, PUBLIC_PRESETS } from './preset.ts';
import { IDENTITY_RULES, providerAuth } from './provider-auth.ts';
import { providerLimits } from './provider-limit.ts';
import { aiProviderVertex, awsSettings, KEPT_OBJECTS } from './provider-place.ts';
import { providerService } from './provider-service.ts';
import { PROVIDER_TYPE, PROVIDER_TYPES, type ProviderType } from './provider-type.ts';
import {
  atomicListOf,
  type CelRule,
  celMatches,
  mapOf,
  matching,
  setOf,
  type TwinRule,
  withRules,
} from './validation.ts';

const ENDPOINT =
  /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)(:[0-9]{1,5})?(\/[!"$->@-~]*)?$/;

/** What has a price of its own per token. */
const statedRates = {
  inputUsdPerMillion: usd('Price of a million input tokens in US dollars.'),
  outputUsdPerMillion: usd('Price of a million output tokens in US dollars.'),
  cachedInputUsdPerMillion: usd(
    'Price of a million input tokens read from the prompt cache. Default: the input price.',
  ).optional(),
  cacheWriteUsdPerMillion: usd(
    'Price of a million input tokens written to the prompt cache for as long as the provider keeps them by default. Default: the input price.',
  ).optional(),
  cacheWrite1hUsdPerMillion: usd(
    'Price of a million input tokens written to the prompt cache for an hour. Default: the price of other cache writes.',
  ).optional(),
  inputAudioUsdPerMillion: usd('Price of a million input tokens of audio. Default: the input price.').optional(),
  inputImageUsdPerMillion: usd('Price of a million input tokens of images. Default: the input price.').optional(),
  outputAudioUsdPerMillion: usd('Price of a million output tokens of audio. Default: the output price.').optional(),
  outputImageUsdPerMillion: usd('Price of a million output tokens of images. Default: the output price.').optional(),
};

const tierRate = (of: string) => usd(`Price of a million ${of} in this tier. Default: that of the model.`).optional();

const statedTier = withRules(
  z.object({
    aboveInputTokens: z
      .number()
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe('The tier holds for requests with more input tokens than this, cached ones included.'),
    serviceTier: matching(
      /^[a-z0-9_-]+$/,
      32,
      'must be lower-case letters, digits, "-" and "_", such as "flex" or "priority"',
    )
      .optional()
      .describe(
        'The tier holds for requests that the provider serves in this tier of service, as its answer names it.',
      ),
    inputUsdPerMillion: tierRate('input tokens'),
    outputUsdPerMillion: tierRate('output tokens'),
    cachedInputUsdPerMillion: tierRate('input tokens read from the prompt cache'),
    cacheWriteUsdPerMillion: tierRate('input tokens written to the prompt cache'),
    cacheWrite1hUsdPerMillion: tierRate('input tokens written to the prompt cache for an hour'),
    inputAudioUsdPerMillion: tierRate('input tokens of audio'),
    inputImageUsdPerMillion: tierRate('input tokens of images'),
    outputAudioUsdPerMillion: tierRate('output tokens of audio'),
    outputImageUsdPerMillion: tierRate('output tokens of images'),
  }),
  [
    {
      rule: 'has(self.aboveInputTokens) || has(self.serviceTier)',
      message: 'a tier must state aboveInputTokens or serviceTier, or both',
      holds: ({ aboveInputTokens, serviceTier }) => aboveInputTokens !== undefined || serviceTier !== undefined,
    },
  ],
);

const statedModel = z.object({
  name: modelName.describe('The model as the provider names it.'),
  ...statedRates,
  imageUsd: usd(
    'Price of one generated image, where images are billed by the piece: that of the dearest size and quality that may be asked for.',
  ).optional(),
  speechUsdPerMillionCharacters: usd(
    'Price of a million characters turned into speech, where speech is billed by them.',
  ).optional(),
  webSearchUsdPerThousand: usd(
    'Price of a thousand web searches that the provider makes by itself; where it bills them by the prompt, of a thousand such prompts. Default: what the vendor lists where it is asked itself, else unknown, which is never zero.',
  ).optional(),
  fileSearchUsdPerThousand: usd(
    'Price of a thousand file searches that the provider makes by itself. Default: as of web searches.',
  ).optional(),
  codeExecutionUsdPerThousand: usd(
    'Price of a thousand calls in which the provider runs code by itself, where its answer tells them. Default: as of web searches.',
  ).optional(),
  tiers: atomicListOf(statedTier, { max: 8 })
    .default([])
    .describe(
      'Other prices of the whole request, for long prompts and for tiers of service. Of those that hold the last one counts. Omitted: the prices hold for every request.',
    ),
  contextTokens: z
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe(
      "Most tokens of a prompt that the model reads. An AIRoute is warned where a later target reads fewer than the first, and limits in dollars take it for what the provider's own tools can have the model read. Default: what is known of the model.",
    ),
});

type PresenceField = 'endpoint' | 'auth';
type PresenceFields = { readonly type: ProviderType } & { readonly [Field in PresenceField]?: unknown };
interface EndpointFields {
  readonly type: ProviderType;
  readonly endpoint?: string | undefined;
  readonly endpoints?: readonly string[] | undefined;
  readonly service?: unknown;
  readonly preset?: Preset | undefined;
}

const celList = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** That types which require a field have it, or that types which forbid it have it not. */
function presenceRule(field: PresenceField, presence: 'Required' | 'Forbidden'): TwinRule<PresenceFields> {
  const types = PROVIDER_TYPES.filter((type) => PROVIDER_TYPE[type][field] === presence);
  const isRequired = presence === 'Required';
  return {
    rule: `!(self.type in ${celList(types)}) || ${isRequired ? '' : '!'}has(self.${field})`,
    message: `${field} ${isRequired ? 'is required' : 'must be omitted'} when type is ${listText(types, 'or')}`,
    holds: (spec) => !types.includes(spec.type) || (spec[field] !== undefined) === isRequired,
  };
}

type SettingsFields = { readonly type: ProviderType; readonly aws?: unknown; readonly vertex?: unknown };

/** That exactly the types which have settings of this name state them. */
function settingsRule(field: 'aws' | 'vertex'): TwinRule<SettingsFields> {
  const types = PROVIDER_TYPES.filter((type) => PROVIDER_TYPE[type][field] === 'Required');
  return {
    rule: `has(self.${field}) == (self.type in [${types.map((type) => `'${type}'`).join(', ')}])`,
    message: `${field} is required when type is ${listText(types, 'or')} and must be omitted otherwise`,
    holds: (spec) => (spec[field] !== undefined) === types.includes(spec.type),
  };
}

const ENDPOINT_TYPES = PROVIDER_TYPES.filter((type) => PROVIDER_TYPE[type].endpoint === 'Required');

/** A preset of a public service knows its endpoint. */
const ENDPOINT_REQUIRED: TwinRule<EndpointFields> = {
  rule: `!(self.type in ${celList(ENDPOINT_TYPES)}) || has(self.endpoint) || has(self.endpoints) || has(self.service) || (has(self.preset) && self.preset in ${celList(PUBLIC_PRESETS)})`,
  message: `endpoint is required when type is ${listText(ENDPOINT_TYPES, 'or')}, unless preset is ${listText(PUBLIC_PRESETS, 'or')}`,
  holds: ({ type, endpoint, endpoints, service, preset }) =>
    !ENDPOINT_TYPES.includes(type) ||
    [endpoint, endpoints, service].some((stated) => stated !== undefined) ||
    (preset !== undefined && PUBLIC_PRESETS.includes(preset)),
};

/** Several servers that are alike are one's own. */
const poolType = (field: 'endpoints' | 'service'): TwinRule<EndpointFields> => ({
  rule: `!has(self.${field}) || self.type == 'OpenAICompatible'`,
  message: `${field} must be omitted unless type is OpenAICompatible`,
  holds: ({ type, [field]: stated }) => stated === undefined || type === 'OpenAICompatible',
});

const ONE_ADDRESS: TwinRule<EndpointFields> = {
  rule: '[has(self.endpoint), has(self.endpoints), has(self.service)].filter(stated, stated).size() <= 1',
  message: 'endpoint, endpoints and service exclude each other',
  holds: ({ endpoint, endpoints, service }) =>
    [endpoint, endpoints, service].filter((stated) => stated !== undefined).length <= 1,
};

const PRESET_TYPE: TwinRule<EndpointFields> = {
  rule: "!has(self.preset) || self.type == 'OpenAICompatible'",
  message: 'preset must be omitted unless type is OpenAICompatible',
  holds: ({ type, preset }) => preset === undefined || type === 'OpenAICompatible',
};

const AZURE_TYPE: TwinRule<{ readonly type: ProviderType; readonly azure?: unknown }> = {
  rule: "!has(self.azure) || self.type == 'AzureOpenAI'",
  message: 'azure must be omitted unless type is AzureOpenAI',
  holds: ({ type, azure }) => azure === undefined || type === 'AzureOpenAI',
};

const AZURE_PATH = /\/openai(\/v1)?\/?$/;
const AZURE_ENDPOINT: TwinRule<EndpointFields> = {
  rule: `self.type != 'AzureOpenAI' || !has(self.endpoint) || !${celMatches(AZURE_PATH, 'self.endpoint')}`,
  message: 'endpoint of AzureOpenAI must end before "/openai", such as "https://my-resource.openai.azure.com"',
  holds: ({ type, endpoint }) => type !== 'AzureOpenAI' || endpoint === undefined || !AZURE_PATH.test(endpoint),
};

const KEYLESS_TYPES = PROVIDER_TYPES.filter((type) => PROVIDER_TYPE[type].auth !== 'Required');

const baseUrl = matching(
  ENDPOINT,
  2048,
  'must be a base URL such as "https://api.example.com/v1", without user, query or fragment',
);

const aiProviderSpec = withRules(
  z.object({
    type: z
      .enum(PROVIDER_TYPES)
      .describe('The API that the upstream speaks. `Mock` answers inside the sidecar, needs no key and names itself.'),
    preset: z
      .enum(PRESETS)
      .optional()
      .describe(
        'Which service or server an OpenAICompatible endpoint is: its names, limits and peculiarities. Omitted: the words that all of them know.',
      ),
    endpoint: baseUrl
      .optional()
      .describe(
        'Base URL, for OpenAI alikes including the version (`https://host/v1`). Default: the public endpoint of the type or preset. For AzureOpenAI that of the resource, without a path. Upstream hosts are allowed only here.',
      ),
    endpoints: setOf(baseUrl, { min: 1, max: 32 })
      .optional()
      .describe(
        'In place of `endpoint`: base URLs of servers that are alike, such as the replicas of a self-hosted model. Each attempt goes to the less busy one of two drawn by chance; one that cannot be reached is left alone for five seconds, longer each further time. With type OpenAICompatible only.',
      ),
    service: providerService
      .optional()
      .describe(
        'In place of `endpoint`: a Service of Kubernetes. Its pods are asked themselves, as `endpoints` are, as soon as they are ready and for as long as they are; at most 256. With type OpenAICompatible only.',
      ),
    auth: providerAuth
      .optional()
      .describe(
        `What requests are made with: an API key or an identity. Omitted: requests are sent without a credential (${listText(KEYLESS_TYPES, 'and')} only).`,
      ),
    vertex: aiProviderVertex.optional().describe('Of type VertexAI: whose models, and where.'),
    aws: awsSettings.optional().describe('With type Bedrock only, where the models run.'),
    azure: azureSettings.optional().describe('Settings of Azure OpenAI; with type AzureOpenAI only.'),
    tags: setOf(tag, { max: 16 })
      .default([])
      .describe('What guardrails may rely on. Counted only from a platform namespace.'),
    models: mapOf(statedModel, { max: 64 })
      .default([])
      .describe('Prices and sizes of models that win over what Remora knows of them.'),
    allowedNamespaces: z
      .object({
        from: z.enum(['Same', 'All']).default('Same').describe('`All` is honoured only in a platform namespace.'),
      })
      .default({ from: 'Same' })
      .describe('Which namespaces may refer to this AIProvider.'),
    limits: providerLimits
      .optional()
      .describe(
        'How much this provider takes from all pods together: attempts under way at one time (`concurrency`), or what may be spent there in a window, as AIBudgets state it, with a name. Every limit that matches applies. In US dollars a model of unknown price is refused. Limits that the provider states itself by refusing are found without being stated here.',
      ),
    alerts: limitAlerts.optional(),
    keptObjects: z
      .enum(KEPT_OBJECTS)
      .optional()
      .describe(
        'What the account keeps: files, batches, stored responses and conversations, which have no owner there. `Shared`: every workload that an AIRoute leads here may list, read and delete all of them. `Refused`: none may. Default: Shared, but Refused where other namespaces may refer to this AIProvider, and where it has several endpoints or a Service, whose servers need not keep the same.',
      ),
  }),
  [
    ENDPOINT_REQUIRED,
    presenceRule('endpoint', 'Forbidden'),
    presenceRule('auth', 'Required'),
    presenceRule('auth', 'Forbidden'),
    ...IDENTITY_RULES,
    settingsRule('aws'),
    settingsRule('vertex'),
    poolType('endpoints'),
    poolType('service'),
    ONE_ADDRESS,
    PRESET_TYPE,
    AZURE_TYPE,
    AZURE_ENDPOINT,
    ALERTS_HAVE_A_PERCENTAGE,
  ],
);

const aiProviderStatus = z.object({
  observedGeneration: z.number().int().optional(),
  limits: limitStatuses
    .optional()
    .describe('What was spent of each of `spec.limits` in its present window, where one bounds spending.'),
  deliveries: alertDeliveries,
  conditions,
});

const NAME_RULE: CelRule = {
  rule: `size(self.metadata.name) <= 63 && ${celMatches(DNS_LABEL, 'self.metadata.name')}`,
  message: 'the name of an AIProvider must have at most 63 characters and no dot, since "provider/model" refers to it',
};

export const aiProvider = z.object({
  kind: z.literal(KIND.provider),
  metadata: objectMeta.refine(({ name }) => DNS_LABEL.test(name) && name.length <= 63, { error: NAME_RULE.message }),
  spec: aiProviderSpec,
  status: aiProviderStatus.optional(),
});
export type AIProvider = z.infer<typeof aiProvider>;

export const AI_PROVIDER: KindDefinition = {
  kind: KIND.provider,
  plural: 'aiproviders',
  shortNames: ['aip'],
  description: 'AIProvider is an upstream and its credentials, in one place.',
  printerColumns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    AGE_COLUMN,
  ],
  spec: aiProviderSpec,
  status: aiProviderStatus,
  validations: [NAME_RULE],
};
