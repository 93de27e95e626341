/** The clients that the tests run against a sidecar, each with nothing but its environment; `docs/reference/clients.md` is made of it. */

export interface ClientRow {
  /** What people call it. */
  readonly client: string;
  /** The npm or PyPI package whose version the page names. */
  readonly package: string;
  /** A file of `apps`, or of `python`. */
  readonly app: string;
  /** The injected variable that leads it to the sidecar; absent where its code must say it. */
  readonly variable?: string;
  /** The paths that it asks for by that. */
  readonly calls: readonly string[];
  /** The dialect in which the sidecar hears it. */
  readonly dialect: string;
  /** What the app sets beside what injection does. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it was seen to do beside text, streams and tools. */
  readonly also: readonly ('structured' | 'embedded')[];
  readonly note?: string;
}

const AZURE_VERSION = '2024-10-21';

export const NODE_CLIENTS: readonly ClientRow[] = [
  {
    client: 'OpenAI, Chat Completions',
    package: 'openai',
    app: 'openai-chat.ts',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions', '/v1/embeddings'],
    dialect: 'openai-chat',
    also: ['structured', 'embedded'],
  },
  {
    client: 'OpenAI, Responses',
    package: 'openai',
    app: 'openai-responses.ts',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    also: ['structured'],
  },
  {
    client: 'OpenAI, `AzureOpenAI`',
    package: 'openai',
    app: 'openai-chat.ts',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/deployments/{model}/chat/completions', '/v1/deployments/{model}/embeddings'],
    dialect: 'openai-chat',
    env: { OPENAI_API_VERSION: AZURE_VERSION, AZURE_OPENAI_API_KEY: 'placeholder' },
    also: ['structured', 'embedded'],
    note: 'Takes `OPENAI_BASE_URL` before `AZURE_OPENAI_ENDPOINT`, and calls `/v1/deployments/…`. The name of the deployment is the model of the route.',
  },
  {
    client: 'Anthropic',
    package: '@anthropic-ai/sdk',
    app: 'anthropic.ts',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    also: ['structured'],
  },
  {
    client: 'Anthropic, with a token as Claude Code has it',
    package: '@anthropic-ai/sdk',
    app: 'anthropic.ts',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    env: { ANTHROPIC_AUTH_TOKEN: 'placeholder' },
    also: ['structured'],
    note: 'Where the app sets `ANTHROPIC_AUTH_TOKEN`, injection sets no `ANTHROPIC_API_KEY` beside it.',
  },
  {
    client: 'Google Gen AI, Gemini',
    package: '@google/genai',
    app: 'google-genai.ts',
    variable: 'GOOGLE_GEMINI_BASE_URL',
    calls: [
      '/v1/models/{model}:generateContent',
      '/v1/models/{model}:streamGenerateContent',
      '/v1/models/{model}:batchEmbedContents',
    ],
    dialect: 'gemini-generate-content',
    also: ['structured', 'embedded'],
  },
  {
    client: 'Google Gen AI, Vertex AI',
    package: '@google/genai',
    app: 'google-genai.ts',
    variable: 'GOOGLE_VERTEX_BASE_URL',
    calls: [
      '/v1beta1/publishers/google/models/{model}:generateContent',
      '/v1beta1/publishers/google/models/{model}:streamGenerateContent',
      '/v1beta1/publishers/google/models/{model}:predict',
    ],
    dialect: 'gemini-generate-content',
    env: { GOOGLE_GENAI_USE_VERTEXAI: 'true', GOOGLE_API_KEY: 'placeholder' },
    also: ['structured', 'embedded'],
    note: 'Run with a key. With Application Default Credentials the client fetches a token from Google before it asks the sidecar.',
  },
  {
    client: 'Vercel AI SDK, `openai()` (Responses)',
    package: '@ai-sdk/openai',
    app: 'vercel-openai.ts',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses', '/v1/embeddings'],
    dialect: 'openai-responses',
    also: ['structured', 'embedded'],
  },
  {
    client: 'Vercel AI SDK, `openai.chat()`',
    package: '@ai-sdk/openai',
    app: 'vercel-openai-chat.ts',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    also: ['structured'],
  },
  {
    client: 'Vercel AI SDK, `anthropic()`',
    package: '@ai-sdk/anthropic',
    app: 'vercel-anthropic.ts',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/messages'],
    dialect: 'anthropic-messages',
    also: ['structured'],
    note: 'Takes the variable of Anthropic’s own client for a base that holds the version, so it calls `/messages`. The sidecar serves that too: one value suits both.',
  },
  {
    client: 'Vercel AI SDK, `createGoogle()`',
    package: '@ai-sdk/google',
    app: 'vercel-google.ts',
    calls: ['/v1beta/models/{model}:generateContent', '/v1beta/models/{model}:streamGenerateContent'],
    dialect: 'gemini-generate-content',
    also: ['structured'],
    note: 'Follows no variable: pass `baseURL: process.env.GOOGLE_GEMINI_BASE_URL + "/v1beta"`, and an `apiKey`.',
  },
  {
    client: 'LangChain, `ChatOpenAI` and `OpenAIEmbeddings`',
    package: '@langchain/openai',
    app: 'langchain-openai.ts',
    variable: 'OPENAI_API_BASE',
    calls: ['/v1/chat/completions', '/v1/embeddings'],
    dialect: 'openai-chat',
    also: ['structured', 'embedded'],
    note: 'Looks at `OPENAI_API_BASE` first, then at `OPENAI_BASE_URL`. With `AZURE_OPENAI_API_KEY` in the environment it takes every OpenAI model for one of Azure’s.',
  },
  {
    client: 'LangChain, `AzureChatOpenAI`',
    package: '@langchain/openai',
    app: 'langchain-azure.ts',
    variable: 'AZURE_OPENAI_ENDPOINT',
    calls: ['/openai/deployments/{model}/chat/completions'],
    dialect: 'openai-chat',
    env: { AZURE_OPENAI_API_KEY: 'placeholder', AZURE_OPENAI_API_VERSION: AZURE_VERSION },
    also: ['structured'],
    note: 'The name of the deployment is the model of the route.',
  },
  {
    client: 'LangChain, `ChatAnthropic`',
    package: '@langchain/anthropic',
    app: 'langchain-anthropic.ts',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    also: ['structured'],
    note: 'Looks at `ANTHROPIC_API_URL` first, which injection neither sets nor looks at: an app that sets it goes past the sidecar.',
  },
];

export const PYTHON_CLIENTS: readonly ClientRow[] = [
  {
    client: 'OpenAI for Python, Chat Completions',
    package: 'openai',
    app: 'openai_chat.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions', '/v1/embeddings'],
    dialect: 'openai-chat',
    also: ['structured', 'embedded'],
  },
  {
    client: 'OpenAI for Python, Responses',
    package: 'openai',
    app: 'openai_responses.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    also: ['structured'],
  },
  {
    client: 'Anthropic for Python',
    package: 'anthropic',
    app: 'anthropic_messages.py',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    also: ['structured'],
  },
];

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
