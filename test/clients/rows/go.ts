/** Clients for Go. */
import type { ClientRow } from '#test/clients/client-row';

export const GO_CLIENTS: readonly ClientRow[] = [
  {
    client: 'OpenAI for Go, Chat Completions',
    package: 'github.com/openai/openai-go/v3',
    app: 'openai-chat',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/chat/completions'],
    dialect: 'openai-chat',
    asksObjectBy: 'schema',
  },
  {
    client: 'OpenAI for Go, Responses',
    package: 'github.com/openai/openai-go/v3',
    app: 'openai-responses',
    variable: 'OPENAI_BASE_URL',
    calls: ['/v1/responses'],
    dialect: 'openai-responses',
    asksObjectBy: 'schema',
  },
  {
    client: 'Anthropic for Go',
    package: 'github.com/anthropics/anthropic-sdk-go',
    app: 'anthropic',
    variable: 'ANTHROPIC_BASE_URL',
    calls: ['/v1/messages'],
    dialect: 'anthropic-messages',
    asksObjectBy: 'schema',
  },
  {
    client: 'Google Gen AI for Go, Gemini',
    package: 'google.golang.org/genai',
    app: 'google-genai',
    variable: 'GOOGLE_GEMINI_BASE_URL',
    calls: ['/v1beta/models/{model}:generateContent', '/v1beta/models/{model}:streamGenerateContent'],
    dialect: 'gemini-generate-content',
    asksObjectBy: 'schema',
  },
];
