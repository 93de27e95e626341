/** Clients of PyPI. */
import type { ClientRow } from '#test/clients/client-row';
import type { Requirements } from '#test/clients/python-packages';

export interface PythonRow extends ClientRow {
  /** A file of `python/requirements`: what fits together. */
  readonly requirements: Requirements;
}

export const OFFICIAL_PYTHON_CLIENTS: readonly PythonRow[] = [
  {
    requirements: 'official',
    client: 'OpenAI for Python, Chat Completions',
    package: 'openai',
    app: 'openai_chat.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions', '/v1/embeddings'],
    dialect: 'openai-chat',
    asksObjectBy: 'schema',
    embeds: true,
  },
  {
    requirements: 'official',
    client: 'OpenAI for Python, Responses',
    package: 'openai',
    app: 'openai_responses.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    asksObjectBy: 'schema',
  },
  {
    requirements: 'official',
    client: 'Anthropic for Python',
    package: 'anthropic',
    app: 'anthropic_messages.py',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    asksObjectBy: 'schema',
  },
  {
    requirements: 'official',
    client: 'Google Gen AI for Python, Gemini',
    package: 'google-genai',
    app: 'google_genai.py',
    variable: 'GOOGLE_GEMINI_BASE_URL',
    calls: ['/v1/models/{model}:generateContent', '/v1/models/{model}:streamGenerateContent'],
    dialect: 'gemini-generate-content',
    asksObjectBy: 'schema',
  },
  {
    requirements: 'official',
    client: 'Google Gen AI for Python, Vertex AI',
    package: 'google-genai',
    app: 'google_genai.py',
    variable: 'GOOGLE_VERTEX_BASE_URL',
    calls: [
      '/v1beta1/publishers/google/models/{model}:generateContent',
      '/v1beta1/publishers/google/models/{model}:streamGenerateContent',
    ],
    dialect: 'gemini-generate-content',
    env: { GOOGLE_GENAI_USE_VERTEXAI: 'true', GOOGLE_API_KEY: 'placeholder' },
    asksObjectBy: 'schema',
    note: 'Run with a key, as the client for JS.',
  },
];

/** Its list of prices comes with it, and not from the network. */
const LITELLM = { LITELLM_LOCAL_MODEL_COST_MAP: 'True' };

export const PYTHON_FRAMEWORKS: readonly PythonRow[] = [
  {
    requirements: 'frameworks',
    client: 'OpenAI Agents for Python',
    package: 'openai-agents',
    app: 'openai_agents.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    asksObjectBy: 'schema',
    note: 'Speaks Responses by default.',
  },
  {
    requirements: 'frameworks',
    client: 'LangChain for Python, `ChatOpenAI`',
    package: 'langchain-openai',
    app: 'langchain_with_openai.py',
    variable: 'OPENAI_API_BASE',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    asksObjectBy: 'schema',
    note: 'Looks at `OPENAI_API_BASE` first, then at `OPENAI_BASE_URL`.',
  },
  {
    requirements: 'frameworks',
    client: 'LangChain for Python, `ChatAnthropic`',
    package: 'langchain-anthropic',
    app: 'langchain_with_anthropic.py',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    asksObjectBy: 'forced tool',
    note: 'Looks at `ANTHROPIC_API_URL` first, which injection neither sets nor looks at: an app that sets it goes past the sidecar.',
  },
  {
    requirements: 'llama-index',
    client: 'LlamaIndex for Python, OpenAI',
    package: 'llama-index-llms-openai',
    app: 'llama_index_openai.py',
    variable: 'OPENAI_API_BASE',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    note: 'That name only: it hands its own default to the client of OpenAI, so `OPENAI_BASE_URL` alone has no effect. Refuses a model that it does not know as one of OpenAI’s before it asks: give the AIRoute such a name, or say its `metadata` in code, as the test does, or use its class `OpenAILike`. Forbids parallel tool calls by default, for which Gemini, Cohere and others have no word: pass `allow_parallel_tool_calls=True`, or let the route drop it.',
  },
  {
    requirements: 'litellm',
    client: 'LiteLLM for Python, `openai/`',
    package: 'litellm',
    app: 'litellm_completion.py',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    env: { LITELLM_API: 'openai', ...LITELLM },
    asksObjectBy: 'schema',
  },
  {
    requirements: 'litellm',
    client: 'LiteLLM for Python, `anthropic/`',
    package: 'litellm',
    app: 'litellm_completion.py',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    env: { LITELLM_API: 'anthropic', ...LITELLM },
    asksObjectBy: 'forced tool',
    note: 'Looks at `ANTHROPIC_API_BASE` first, which injection neither sets nor looks at. For Azure set `AZURE_API_BASE` in the pod: injection does not. Without `acompletion` it never closes a stream that it has read: after a hundred of them its pool has no connection left, and before that it can lock itself up ([encode/httpcore#996](https://github.com/encode/httpcore/issues/996)), with or without a sidecar. Pass each stream `client=HTTPHandler()`, as the test does.',
  },
];
