/** The services of the matrix: each provider type and preset, which fake speaks for it, and the model and settings by which it is asked. */
import type { PolicyProvider } from '#contract/policy/policy';
import { PRESETS, type Preset } from '#contract/resources/preset';
import { PROVIDER_TYPES, type ProviderType } from '#contract/resources/provider-type';
import type { FakeDialect } from '#test/support/providers/fake-provider';

export interface Service {
  readonly type: ProviderType;
  readonly fake: FakeDialect;
  /** Where a client's dialect is also the service's own: what is spoken to it then, by the id of the dialect. */
  readonly fakeFor?: Readonly<Record<string, FakeDialect>>;
  readonly model: string;
  readonly settings?: Pick<PolicyProvider, 'preset' | 'azure' | 'vertex' | 'aws'>;
  /** It takes the thoughts of an earlier turn back as text. */
  readonly takesThoughts?: boolean;
}

/** Each in the words of the client's dialect. */
const THOUGHTS_PATH = /^(messages|input|contents)\[1\]\.reasoning$/;
const BUDGET_PATH = /^(thinking\.budget_tokens|generationConfig\.thinkingConfig\.thinkingBudget)$/;
/** A budget is said as an effort. Thoughts go back to some services that speak it: these say so. */
const CHAT_LOSES = [THOUGHTS_PATH, BUDGET_PATH];

/** How the streams of a fake are cut and ended. A fake wire without a row does not compile. */
export const FAKES: Readonly<
  Record<
    FakeDialect,
    {
      /** Events before the first that holds content. */
      readonly head: number;
      /** Its word for an answer that was withheld. */
      readonly refusal: string;
      /** What proves its thoughts, and must come back in the next turn. */
      readonly proof?: string;
      /** What of thinking its API has no place for: left out, and named to the client. */
      readonly loses?: readonly RegExp[];
    }
  >
> = {
  openai: { head: 1, refusal: 'content_filter', loses: CHAT_LOSES },
  'openai-responses': { head: 2, refusal: 'content_filter', proof: 'gAAAAfake-encrypted-reasoning' },
  anthropic: { head: 2, refusal: 'refusal', proof: 'ZmFrZS1zaWduYXR1cmU=' },
  gemini: { head: 0, refusal: 'SAFETY', proof: 'ZmFrZS10aG91Z2h0LXNpZ25hdHVyZQ==', loses: [THOUGHTS_PATH] },
  vertex: { head: 0, refusal: 'SAFETY', proof: 'ZmFrZS10aG91Z2h0LXNpZ25hdHVyZQ==', loses: [THOUGHTS_PATH] },
  'vertex-claude': { head: 2, refusal: 'refusal', proof: 'ZmFrZS1zaWduYXR1cmU=' },
  bedrock: { head: 1, refusal: 'content_filtered', proof: 'ZmFrZS1zaWduYXR1cmU=' },
  azure: { head: 2, refusal: 'content_filter', loses: CHAT_LOSES },
  'azure-dated': { head: 2, refusal: 'content_filter', loses: CHAT_LOSES },
  'azure-responses': { head: 2, refusal: 'content_filter', proof: 'gAAAAfake-encrypted-reasoning' },
  cohere: { head: 1, refusal: 'ERROR_TOXIC' },
  mistral: { head: 1, refusal: 'content_filter', loses: CHAT_LOSES },
};

const CLAUDE = 'claude-sonnet-4-5';
const GEMINI = 'gemini-3.8-flash';

const compatible = (preset: Preset, takesThoughts: boolean, fake: FakeDialect = 'openai'): Service => ({
  type: 'OpenAICompatible',
  fake,
  model: 'some-model',
  settings: { preset },
  takesThoughts,
});

export const SERVICES: Readonly<Record<string, Service>> = {
  OpenAI: { type: 'OpenAI', fake: 'openai', fakeFor: { 'openai-responses': 'openai-responses' }, model: 'gpt-5.2' },
  Anthropic: { type: 'Anthropic', fake: 'anthropic', model: CLAUDE },
  Gemini: { type: 'Gemini', fake: 'gemini', model: GEMINI },
  'Vertex AI, Gemini': { type: 'VertexAI', fake: 'vertex', model: GEMINI },
  'Vertex AI, Claude': { type: 'VertexAI', fake: 'vertex-claude', model: `${CLAUDE}@20250929` },
  'Bedrock, Claude': { type: 'Bedrock', fake: 'bedrock', model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
  'Azure OpenAI': {
    type: 'AzureOpenAI',
    fake: 'azure',
    fakeFor: { 'openai-responses': 'azure-responses' },
    model: 'gpt-5',
    settings: { azure: { deployments: [{ name: 'gpt-5', deployment: 'prod-5' }] } },
  },
  'Azure OpenAI, dated version': {
    type: 'AzureOpenAI',
    fake: 'azure-dated',
    model: 'gpt-5',
    settings: { azure: { apiVersion: '2024-10-21', deployments: [{ name: 'gpt-5', deployment: 'prod-4o' }] } },
  },
  Cohere: { type: 'Cohere', fake: 'cohere', model: 'command-a-reasoning-08-2025', takesThoughts: true },
  'OpenAI-compatible': { type: 'OpenAICompatible', fake: 'openai', model: 'some-model', takesThoughts: true },
  DeepSeek: compatible('DeepSeek', true),
  Fireworks: compatible('Fireworks', true),
  Groq: compatible('Groq', false),
  'llama.cpp': compatible('LlamaCpp', true),
  Mistral: compatible('Mistral', true, 'mistral'),
  Ollama: compatible('Ollama', true),
  OpenRouter: compatible('OpenRouter', true),
  TGI: compatible('TGI', false),
  Together: compatible('Together', true),
  vLLM: compatible('VLLM', true),
  xAI: compatible('XAI', true),
};

/** The fakes that stand for a service, one for each API that is spoken to it. */
export const fakesOf = ({ fake, fakeFor = {} }: Service): readonly FakeDialect[] => [fake, ...Object.values(fakeFor)];

/** What is missing for the matrix to be whole, and where to add it. */
export function missingServices(): string[] {
  const all = Object.values(SERVICES);
  const isBare = ({ settings }: Service): boolean => settings?.preset === undefined;
  const types = PROVIDER_TYPES.filter(
    (type) => type !== 'Mock' && !all.some((service) => service.type === type && isBare(service)),
  );
  const presets = PRESETS.filter((preset) => !all.some(({ settings }) => settings?.preset === preset));
  return [
    ...types.map((type) => `provider type ${type}: add it to SERVICES in test/matrix/services.ts`),
    ...presets.map((preset) => `preset ${preset}: add it to SERVICES in test/matrix/services.ts`),
  ];
}
