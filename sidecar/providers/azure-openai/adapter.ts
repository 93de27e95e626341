/** OpenAI's models as Azure serves them. */
import type { PolicyProvider } from '#contract/policy/policy';
import type { AzureSettings } from '#contract/resources/azure-settings';
import type { ProviderAdapter } from '#sidecar/providers/adapter';
import { bearerKey } from '#sidecar/providers/bearer-key';
import { COMMON_LIMIT_HEADERS } from '#sidecar/providers/limit-headers';
import { openaiOperations } from '#sidecar/providers/openai-operations';
import { openaiChatWire } from '#sidecar/wires/openai-chat/openai-chat';
import { REASONING_MODELS, SHOWN_BY_OPENAI } from '#sidecar/wires/openai-chat/reasoning-models';
import type { WireOptions } from '#sidecar/wires/openai-chat/wire-options';
import { openaiResponsesWire } from '#sidecar/wires/openai-responses/openai-responses';
import type { AnyWire } from '#sidecar/wires/wire';
import { azureWire, bodyDoorOf } from './azure-wire.ts';

const DEFAULTS: AzureSettings = { deployments: [] };

/** Dated versions from which on the service knows a word; before, it answers 400. */
const SINCE = {
  maxCompletionTokens: '2024-09-01',
  usageInStreams: '2024-09-01',
  developerRole: '2024-12-01',
  responses: '2025-03-01',
} as const;
const NAME = 'Azure OpenAI';
/** Later than all versions. */
const UNDATED = '9999';

export function azureOpenai({ azure = DEFAULTS, auth }: Pick<PolicyProvider, 'azure' | 'auth'>): ProviderAdapter {
  return {
    type: 'AzureOpenAI',
    telemetryName: 'azure.ai.openai',
    wires: [azureWire(openaiChatWire(chatOptions(azure.apiVersion)), azure), ...wiresBesideChat(azure)],
    // A token of Entra ID where an identity is stated, else a key of the resource.
    headers: auth === undefined ? apiKey : bearerKey,
    requestIdHeader: 'apim-request-id',
    limitHeaders: COMMON_LIMIT_HEADERS,
    shownOutput: SHOWN_BY_OPENAI,
  };
}

const apiKey: ProviderAdapter['headers'] = ({ credential }): Readonly<Record<string, string>> =>
  credential === null ? {} : { 'api-key': credential };

/** What the service answers beside Chat Completions, by its reference of either door; the vendor's moderations it has not. */
function wiresBesideChat(azure: AzureSettings): readonly AnyWire[] {
  const { apiVersion = UNDATED } = azure;
  const operations = openaiOperations(NAME).filter(
    ({ operation }) =>
      operation !== 'moderation' && (operation !== 'text_completion' || apiVersion >= SINCE.usageInStreams),
  );
  return [
    ...(apiVersion >= SINCE.responses
      ? [azureWire(openaiResponsesWire({ name: NAME }), azure, bodyDoorOf(azure))]
      : []),
    ...operations.map((wire) => azureWire(wire, azure)),
  ];
}

/** `apiVersion`: absent at the door without versions, which knows every word. Versions compare as text. */
function chatOptions(apiVersion = UNDATED): WireOptions {
  return {
    name: NAME,
    maxTokensKey: apiVersion >= SINCE.maxCompletionTokens ? 'max_completion_tokens' : 'max_tokens',
    hasDeveloperRole: apiVersion >= SINCE.developerRole,
    reasoningKeys: [],
    lacks: apiVersion >= SINCE.usageInStreams ? ['top_k'] : ['top_k', 'stream_options'],
    modelLacks: REASONING_MODELS,
  };
}
