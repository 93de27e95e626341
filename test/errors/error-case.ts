/** One way to an error of the catalogue: how it comes about for real, and what its answer must say. */
import type { APIError } from 'openai';
import type { ErrorCode } from '#contract/names/error-codes';
import { rawAnswer } from '#test/sidecar/raw-http';
import { type RunningSidecar, type StartOptions, startSidecar } from '#test/sidecar/start-sidecar';
import { type FakeDialect, type FakeProvider, startFakeProvider } from '#test/support/providers/fake-provider';

export type TestScope = Parameters<typeof startSidecar>[0];

export interface ErrorAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; of a broken stream everything that was sent. */
  readonly body: string;
}

export interface ErrorCase {
  readonly code: ErrorCode;
  /** What brings it about. */
  readonly when: string;
  provoke(test: TestScope): Promise<ErrorAnswer>;
  readonly cause: RegExp;
  readonly next: RegExp;
  /** Where an object decided. */
  readonly object?: string;
  /** Default: what the catalogue says. */
  readonly status?: number;
  /** Default: what the catalogue says; false once an attempt was made. */
  readonly retry?: boolean;
  /** Seconds. Default: no such header. */
  readonly retryAfter?: number;
  /** The class by which the official client tells its caller. */
  readonly raises: new (
    ...args: never[]
  ) => APIError;
  /** The code in OpenAI's own words; default: ours. */
  readonly clientCode?: string;
}

export const MESSAGES = [{ role: 'user', content: 'Say hello.' }];
export const CHAT = { model: 'chat', messages: MESSAGES };

/** One request over fetch. */
export async function ask(
  { url }: { readonly url: string },
  body: object | string = CHAT,
  { path = '/v1/chat/completions', method = 'POST', headers = {} }: AskOptions = {},
): Promise<ErrorAnswer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

interface AskOptions {
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
}

/** The bytes of one request as they are. */
export const askBytes = ({ port }: { readonly port: number }, bytes: string): Promise<ErrorAnswer> =>
  rawAnswer(port, bytes);

/** A sidecar whose one route `chat` is answered by the Mock provider. */
export const withMock = (test: TestScope, options: StartOptions = {}): Promise<RunningSidecar> =>
  startSidecar(test, {
    ...options,
    policy: { providers: { mock: { type: 'Mock' } }, routes: [{ targets: [{ provider: 'mock' }] }], ...options.policy },
  });

/** A fake provider, and a way to start a sidecar whose one route `chat` is answered by it as AIProvider `default/p`. */
export async function withProvider(
  test: TestScope,
  dialect: FakeDialect = 'openai',
): Promise<{ readonly provider: FakeProvider; sidecar(target?: object, totalMs?: number): Promise<RunningSidecar> }> {
  const provider = await startFakeProvider({ dialect });
  test.after(() => provider.close());
  const type = dialect === 'openai' ? 'OpenAI' : 'Anthropic';
  return {
    provider,
    sidecar: (target = {}, totalMs = 20_000) =>
      startSidecar(test, {
        policy: {
          providers: { p: { type, endpoint: provider.url } },
          routes: [{ totalMs, targets: [{ provider: 'p', ...target }] }],
        },
      }),
  };
}
