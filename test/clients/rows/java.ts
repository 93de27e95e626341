/** Clients for Java. */
import type { ClientRow } from '#test/clients/client-row';

const FROM_ENV = 'Led where it is built by `fromEnv()`; a system property wins over the variable.';

export const JAVA_CLIENTS: readonly ClientRow[] = [
  {
    client: 'OpenAI for Java, Chat Completions',
    package: 'com.openai:openai-java',
    app: 'openai-chat',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    asksObjectBy: 'schema',
    note: FROM_ENV,
  },
  {
    client: 'OpenAI for Java, Responses',
    package: 'com.openai:openai-java',
    app: 'openai-responses',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    asksObjectBy: 'schema',
    note: FROM_ENV,
  },
  {
    client: 'Anthropic for Java',
    package: 'com.anthropic:anthropic-java',
    app: 'anthropic',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    asksObjectBy: 'schema',
    note: FROM_ENV,
  },
];
