/** OpenAI's models as Azure serves them. */
import type { PolicyProvider } from '#contract/policy/policy';
import type { AzureSettings } from '#contract/resources/azure-settings';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { openaiChatWire } from '#sidecar/wires/openai-chat/openai-chat';
import { REASONING_MODELS } from '#sidecar/wires/openai-chat/reasoning-models';
import type { WireOptions } from '#sidecar/wires/openai-chat/wire-options';
import { azureWire } from './azure-wire.ts';

const DEFAULTS: AzureSettings = { deployments: [] };

/** Dated versions from which on the service knows a word; before, it answers 400. */
const SINCE = { maxCompletionTokens: '2024-09-01', usageInStreams: '2024-09-01', developerRole: '2024-12-01' } as const;

export function azureOpenai({ azure = DEFAULTS, auth }: Pick<PolicyProvider, 'azure' | 'auth'>): ProviderAdapter {
  return {
    type: 'AzureOpenAI',
    telemetryName: 'azure.ai.openai',
    wires: [azureWire(openaiChatWire(chatOptions(azure.apiVersion)), azure)],
    // A token of Entra ID where an identity is stated, else a key of the resource.
    headers: auth === undefined ? apiKey : bearerKey,
    requestIdHeader: 'apim-request-id',
  };
}

const apiKey: ProviderAdapter['headers'] = ({ credential }): Readonly<Record<string, string>> =>
  credential === null ? {} : { 'api-key': credential };

/** `apiVersion`: absent at the door without versions, which knows every word. Versions compare as text. */
function chatOptions(apiVersion = '9999'): WireOptions {
  return {
    name: 'Azure OpenAI',
    maxTokensKey: apiVersion >= SINCE.maxCompletionTokens ? 'max_completion_tokens' : 'max_tokens',
    hasDeveloperRole: apiVersion >= SINCE.developerRole,
    reasoningKeys: [],
    lacks: apiVersion >= SINCE.usageInStreams ? ['top_k'] : ['top_k', 'stream_options'],
    modelLacks: REASONING_MODELS,
  };
}
