/** Clients of PyPI. */
import type { ClientRow } from '#test/clients/client-row';

export const PYTHON_CLIENTS: readonly ClientRow[] = [
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
];
