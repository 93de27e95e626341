/** A sidecar whose model `chat` two accounts of one API answer, the second where the first fails, and the official client before it. */
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { type PolicyWords, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeDialect, startFakeProvider } from '#test/support/providers/fake-provider';

type Scope = Parameters<typeof startSidecar>[0];

export const startAccount = async (t: Scope, account: string, dialect: FakeDialect = 'openai-responses') => {
  const provider = await startFakeProvider({ dialect, acceptKey: `key-${account}`, account });
  t.after(() => provider.close());
  return provider;
};

const CREDENTIALS = { a: 'key-a', b: 'key-b' };

/** The route `chat` leads to the account `a` alone. */
export async function startOne(t: Scope, words: Partial<PolicyWords> = {}) {
  const a = await startAccount(t, 'a');
  const running = await startSidecar(t, {
    policy: {
      providers: { a: { type: 'OpenAI', endpoint: a.url, credential: 'a' } },
      routes: [{ targets: [{ provider: 'a', model: 'real-model' }] }],
      ...words,
    },
    credentials: CREDENTIALS,
  });
  return { a, running, client: clientOf(running.url) };
}

/** The route `chat` leads to the account `a`, and to `b` where `a` fails. */
export async function startTwo(t: Scope, words: Partial<PolicyWords> = {}) {
  const a = await startAccount(t, 'a');
  const b = await startAccount(t, 'b');
  const policy: PolicyWords = {
    providers: {
      a: { type: 'OpenAI', endpoint: a.url, credential: 'a' },
      b: { type: 'OpenAI', endpoint: b.url, credential: 'b' },
    },
    routes: [{ targets: [{ provider: 'a', model: 'm' }], fallbacks: [{ provider: 'b', model: 'm' }] }],
    ...words,
  };
  const start = () => startSidecar(t, { policy, credentials: CREDENTIALS });
  const running = await start();
  return { a, b, running, client: clientOf(running.url), start };
}

export const clientOf = (url: string): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'placeholder', maxRetries: 0 });

export async function startAnthropic(t: Scope, words: Partial<PolicyWords> = {}) {
  const a = await startAccount(t, 'a', 'anthropic');
  const openai = await startAccount(t, 'b');
  const running = await startSidecar(t, {
    policy: {
      providers: {
        a: { type: 'Anthropic', endpoint: a.url, credential: 'a' },
        b: { type: 'OpenAI', endpoint: openai.url, credential: 'b' },
      },
      routes: [
        { models: ['claude'], targets: [{ provider: 'a', model: 'claude-sonnet-4-5' }] },
        { models: ['gpt'], targets: [{ provider: 'b', model: 'gpt' }] },
      ],
      ...words,
    },
    credentials: CREDENTIALS,
  });
  const client = new Anthropic({ baseURL: running.url, apiKey: 'placeholder', maxRetries: 0 });
  return { a, openai, running, client, openaiClient: clientOf(running.url) };
}

/** One line of a batch file. */
export const lineOf = (id: string, model: string, content = 'Say hello.'): string =>
  JSON.stringify({
    custom_id: id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model, messages: [{ role: 'user', content }] },
  });
