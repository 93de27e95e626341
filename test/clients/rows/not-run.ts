/** Clients that no test runs, and what their sources say of them. */

export interface UntestedClient {
  readonly client: string;
  readonly setting: string;
  readonly note: string;
}

export const UNTESTED_CLIENTS: readonly UntestedClient[] = [
  {
    client: 'Vercel AI SDK, `createAzure()`',
    setting: '`baseURL` in code',
    note: 'Knows only `AZURE_RESOURCE_NAME`, which names a host of Azure.',
  },
  {
    client: 'AWS SDKs and the Vercel AI SDK for Bedrock',
    setting: '`AWS_ENDPOINT_URL_BEDROCK_RUNTIME`',
    note: 'Not served: the sidecar speaks to Bedrock, but no app speaks Bedrock to the sidecar. Leave the variable unset.',
  },
  {
    client: 'Cohere',
    setting: '`CO_API_URL` (Python)',
    note: 'Not set by injection: Cohere’s own chat is not served, its rerank is.',
  },
];
