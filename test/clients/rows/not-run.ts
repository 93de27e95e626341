/** Clients that no test runs. */

/** A client that no test runs, and what its sources say of it. */
export interface UntestedClient {
  readonly client: string;
  readonly setting: string;
  /** What was seen of which version when somebody tried it by hand. */
  readonly tried?: string;
  readonly note: string;
}

export const UNTESTED_CLIENTS: readonly UntestedClient[] = [
  {
    client: 'Claude Code',
    setting: '`ANTHROPIC_BASE_URL` and `ANTHROPIC_AUTH_TOKEN`',
    note: 'Asks for `/v1/messages` and `/v1/messages/count_tokens`. Set a token of any text in the pod; injection sets the address. Headers such as `anthropic-beta` reach Anthropic as they are.',
  },
  {
    client: 'OpenAI Codex',
    setting: '`openai_base_url` in its `config.toml`',
    note: 'Follows no variable, so injection does not reach it. Speaks Responses alone. `test/sidecar/codex.test.ts` sends requests as it writes them; the program itself was not run.',
  },
  {
    client: 'OpenAI Agents, for Python and JS',
    setting: '`OPENAI_BASE_URL`',
    tried: 'Python 0.24.0: text, streams, tools, an object by schema',
    note: 'Speaks Responses by default, through the clients of OpenAI above.',
  },
  {
    client: 'LangChain for Python',
    setting: '`OPENAI_API_BASE`, then `OPENAI_BASE_URL`; `ANTHROPIC_API_URL`, then `ANTHROPIC_BASE_URL`',
    tried: '`langchain-openai` 1.7.3: text, streams, tools, an object by schema',
    note: 'The same order as in JS.',
  },
  {
    client: 'LlamaIndex for Python, OpenAI',
    setting: '`OPENAI_API_BASE`',
    tried: '`llama-index-llms-openai` 0.8.3: text, streams',
    note: 'That name only: it hands its own default to the client of OpenAI, so `OPENAI_BASE_URL` alone has no effect. Refuses a model that it does not know as one of OpenAI’s before it asks: give the AIRoute such a name, or use its class `OpenAILike`.',
  },
  {
    client: 'LiteLLM for Python',
    setting: '`OPENAI_BASE_URL` or `OPENAI_API_BASE`; `ANTHROPIC_API_BASE` or `ANTHROPIC_BASE_URL`; `AZURE_API_BASE`',
    note: 'Injection does not set `AZURE_API_BASE`: for Azure set it in the pod.',
  },
  {
    client: 'Google Gen AI for Python and Go',
    setting: '`GOOGLE_GEMINI_BASE_URL`, `GOOGLE_VERTEX_BASE_URL`',
    tried: 'Python 3.4.0, Gemini: text, streams, tools, an object by schema',
    note: 'Without version, as the client for JS.',
  },
  {
    client: 'OpenAI and Anthropic for Go and Java',
    setting: '`OPENAI_BASE_URL` with `/v1`, `ANTHROPIC_BASE_URL` without version',
    note: 'For Java build the client by `fromEnv()`; a system property wins over the variable.',
  },
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
    client: 'Groq for JS, Cohere for Python',
    setting: '`GROQ_BASE_URL`; `CO_API_URL`',
    note: 'Not set by injection. Cohere’s own chat is not served, its rerank is.',
  },
];
