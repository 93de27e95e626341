/** The types of upstream, one row each: all that tells them apart before a request is sent. How each one speaks is its adapter's. */

import { PRESET, type Preset } from './preset.ts';
import { vertexEndpoint } from './vertex-endpoint.ts';

/** Whether an AIProvider of the type states a field. */
type Presence = 'Required' | 'Optional' | 'Forbidden';

/** The clouds whose identities a call may be made with instead of an API key. */
export const IDENTITIES = ['aws', 'gcp', 'azure'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** What an endpoint may depend on: the settings of a type, by their names in the AIProvider. */
interface EndpointSettings {
  readonly aws?: { readonly region: string } | undefined;
  readonly vertex?: { readonly location: string } | undefined;
  readonly preset?: Preset | undefined;
}

interface ProviderTypeRow {
  readonly endpoint: Presence;
  /** Base URL without a trailing slash, where the AIProvider states none; empty where it has to. */
  readonly defaultEndpoint: string | ((settings: EndpointSettings) => string);
  readonly auth: Presence;
  /** What `auth` may state beside an API key; the adapter must know what to do with it. */
  readonly identities: readonly Identity[];
  /** The AIProvider states settings of this name; types without it must not. */
  readonly aws?: 'Required';
  readonly vertex?: 'Required';
  /** Where the AIProvider states no price: the list prices of a vendor (and of one whose models it serves for the same), of whoever owns the endpoint's host, or none at all. `runsTools`: also the prices of the vendor's tools, which clouds that serve its models bill otherwise. */
  readonly prices:
    | { readonly vendor: string; readonly resells?: string; readonly runsTools?: true }
    | 'OfHost'
    | 'Free';
}

const ROWS = {
  OpenAI: {
    endpoint: 'Optional',
    defaultEndpoint: 'https://api.openai.com/v1',
    auth: 'Required',
    identities: [],
    prices: { vendor: 'openai', runsTools: true },
  },
  Anthropic: {
    endpoint: 'Optional',
    defaultEndpoint: 'https://api.anthropic.com',
    auth: 'Required',
    identities: [],
    prices: { vendor: 'anthropic', runsTools: true },
  },
  Gemini: {
    endpoint: 'Optional',
    defaultEndpoint: 'https://generativelanguage.googleapis.com/v1beta',
    auth: 'Required',
    identities: [],
    prices: { vendor: 'google', runsTools: true },
  },
  VertexAI: {
    endpoint: 'Optional',
    defaultEndpoint: ({ vertex }) => vertexEndpoint(vertex?.location ?? 'global'),
    auth: 'Required',
    vertex: 'Required',
    identities: ['gcp'],
    prices: { vendor: 'google', resells: 'anthropic' },
  },
  Bedrock: {
    endpoint: 'Optional',
    defaultEndpoint: ({ aws }) => `https://bedrock-runtime.${aws?.region}.amazonaws.com`,
    auth: 'Required',
    aws: 'Required',
    identities: ['aws'],
    prices: { vendor: 'bedrock' },
  },
  // Each customer has an endpoint of its own; the vendor's list prices are OpenAI's.
  AzureOpenAI: {
    endpoint: 'Required',
    defaultEndpoint: '',
    auth: 'Required',
    identities: ['azure'],
    prices: { vendor: 'openai' },
  },
  Cohere: {
    endpoint: 'Optional',
    defaultEndpoint: 'https://api.cohere.com',
    auth: 'Required',
    identities: [],
    prices: { vendor: 'cohere' },
  },
  // Vertex AI and Azure OpenAI have such endpoints too, and take a cloud's access token where others take a key.
  OpenAICompatible: {
    endpoint: 'Required',
    defaultEndpoint: ({ preset }) => (preset === undefined ? '' : PRESET[preset].defaultEndpoint),
    auth: 'Optional',
    identities: ['gcp', 'azure'],
    prices: 'OfHost',
  },
  // Never dialled: the sidecar answers what has this scheme itself.
  Mock: {
    endpoint: 'Forbidden',
    defaultEndpoint: 'mock://mock/v1',
    auth: 'Forbidden',
    identities: [],
    prices: 'Free',
  },
} as const satisfies Readonly<Record<string, ProviderTypeRow>>;

export type ProviderType = keyof typeof ROWS;
export const PROVIDER_TYPE: Readonly<Record<ProviderType, ProviderTypeRow>> = ROWS;

/** In the order of the table. */
export const PROVIDER_TYPES = Object.keys(ROWS) as ProviderType[];

/** In the order of the table. */
export const typesWithIdentity = (identity: Identity): readonly ProviderType[] =>
  PROVIDER_TYPES.filter((type) => PROVIDER_TYPE[type].identities.includes(identity));

/** The base URL of an AIProvider that states none. */
export function defaultEndpointOf(settings: EndpointSettings & { readonly type: ProviderType }): string {
  const { defaultEndpoint } = PROVIDER_TYPE[settings.type];
  return typeof defaultEndpoint === 'string' ? defaultEndpoint : defaultEndpoint(settings);
}
