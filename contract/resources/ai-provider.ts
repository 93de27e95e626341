/** AIProvider: an upstream and its credentials, in one place. */
import { z } from 'zod';
import { KIND } from '#contract/names/api';
import { AGE_COLUMN, conditions, dnsLabel, type KindDefinition, kubernetes, objectMeta, tag, usd } from './fields.ts';

export const PROVIDER_TYPES = ['OpenAI', 'Anthropic', 'OpenAICompatible', 'Mock'] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

const modelPrice = z.object({
  name: z.string().min(1).max(200).describe('The model as the provider names it.'),
  inputUsdPerMillion: usd('Price of a million input tokens in US dollars.'),
  outputUsdPerMillion: usd('Price of a million output tokens in US dollars.'),
  cachedInputUsdPerMillion: usd(
    'Price of a million input tokens read from the prompt cache. Default: the input price.',
  ).optional(),
});

export const aiProviderSpec = z
  .object({
    type: z
      .enum(PROVIDER_TYPES)
      .describe('The API that the upstream speaks. `Mock` answers inside the sidecar, needs no key and names itself.'),
    endpoint: z
      .string()
      .max(2048)
      .regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/)
      .optional()
      .describe(
        'Base URL, for OpenAI alikes including the version (`https://host/v1`). Default: the public endpoint of the type. Upstream hosts are allowed only here.',
      ),
    auth: z
      .object({
        secretRef: z.object({
          name: dnsLabel('Name of a Secret in the namespace of this AIProvider.').max(253),
          key: z.string().min(1).max(253).default('api-key').describe('Key in the Secret that holds the API key.'),
        }),
      })
      .optional()
      .describe(
        'Where the API key is kept. Omitted: requests are sent without a credential (OpenAICompatible and Mock only).',
      ),
    tags: z
      .array(tag)
      .max(16)
      .default([])
      .describe('What guardrails may rely on. Counted only from a platform namespace.')
      .meta(kubernetes({ listType: 'set' })),
    models: z
      .array(modelPrice)
      .max(64)
      .default([])
      .describe('Prices that win over the price book.')
      .meta(kubernetes({ listType: 'map', listMapKeys: ['name'] })),
    allowedNamespaces: z
      .object({
        from: z.enum(['Same', 'All']).default('Same').describe('`All` is honoured only in a platform namespace.'),
      })
      .default({ from: 'Same' })
      .describe('Which namespaces may refer to this AIProvider.'),
  })
  .meta(
    kubernetes({
      validations: [
        {
          rule: "self.type != 'OpenAICompatible' || has(self.endpoint)",
          message: 'endpoint is required when type is OpenAICompatible',
        },
        {
          rule: "self.type != 'Mock' || (!has(self.endpoint) && !has(self.auth))",
          message: 'endpoint and auth must be omitted when type is Mock',
        },
        {
          rule: "!(self.type in ['OpenAI', 'Anthropic']) || has(self.auth)",
          message: 'auth is required when type is OpenAI or Anthropic',
        },
      ],
    }),
  );

export const aiProviderStatus = z.object({ observedGeneration: z.number().int().optional(), conditions });

export const aiProvider = z.object({
  kind: z.literal(KIND.provider),
  metadata: objectMeta,
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
};
